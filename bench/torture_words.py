"""The words by which the judge knows a message again, wherever it turns up."""

import html
import re

_WORD = re.compile(r"77\d{8}77|ap:\d+:\d+:(?:late|other_time)")
_TAG = re.compile(r"<[^>]+>")
_DIRECTIONS = re.compile("[\u2066-\u2069\u200e\u200f]")


def words_in(text: str) -> frozenset[str]:
    """Return the words of planned messages in a text, or in its buttons."""
    return frozenset(_WORD.findall(text))


def reminder_word(appointment_id: int, revision: int) -> str:
    """Return a button that only the reminder of an appointment has."""
    return f"ap:{appointment_id}:{revision}:late"


def invitation_word(appointment_id: int, revision: int) -> str:
    """Return a button that only the invitation to an appointment has."""
    return f"ap:{appointment_id}:{revision}:other_time"


def plain(markup: str) -> str:
    """Return a text without the marks that only steer its direction."""
    return _DIRECTIONS.sub("", markup)


def visible(markup: str) -> str:
    """Return what a reader sees of a text in Telegram's HTML."""
    return plain(html.unescape(_TAG.sub("", markup))).strip()
