"""What is said in a chat, and how a long text is cut for Telegram."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import ChatId, ClientId, MessageId, StaffId, TelegramMessageId, TranslationId
from bot.domain.languages import Language

TEXT_LIMIT = 4096
"""Characters of a Telegram message after its markup is read, counted in UTF-16 units."""

CAPTION_LIMIT = 1024
"""The same for the words under a photo or file."""


_SENTENCE_ENDS = (". ", "! ", "? ", "؟ ", "። ", "፧ ")

_JOINER = "\u200d"
_JOINERS = "\u200c\u200d"
_SKIN_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


class Direction(StrEnum):
    """Who speaks: `in` from the client to her coach, `out` from the coach to the client."""

    IN = "in"
    OUT = "out"


class MessageKind(StrEnum):
    """What the message consists of."""

    TEXT = "text"
    PHOTO = "photo"
    VOICE = "voice"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Media:
    """A file or place that Telegram keeps and that is passed on by its id or coordinates."""

    kind: MessageKind
    file_id: str | None = None
    file_size: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one person said to the other, in the original."""

    id: MessageId
    client_id: ClientId
    staff_id: StaffId
    direction: Direction
    kind: MessageKind
    text: str
    language: Language | None
    """The language it was written in; None when that could not be told."""
    media: Media | None
    chat_id: ChatId
    telegram_message_id: TelegramMessageId
    edits_message_id: MessageId | None
    created_at: datetime


class TranslationState(StrEnum):
    """Where a translation stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation that was asked for; the original stays with its message."""

    id: TranslationId
    message_id: MessageId
    target: Language
    state: TranslationState
    text: str | None
    engine: str | None
    reason: str | None
    attempts: int
    deadline_at: datetime


def utf16_length(text: str) -> int:
    """Return the length as Telegram counts it: UTF-16 units, so that most emoji count double."""
    return len(text.encode("utf-16-le")) // 2


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-16 units, losing nothing but white space.

    The cut falls after a line, else after a sentence, else after a word, else anywhere but in
    the middle of a sign: an emoji of several characters, a flag, a letter and its marks. No
    piece is empty, unless the text is.
    """
    pieces: list[str] = []
    rest = text
    while utf16_length(rest) > limit:
        window = _prefix(rest, limit)
        cut = max(window.rfind("\n"), 0)
        if cut < len(window) // 2:
            cut = max(cut, *(window.rfind(mark) + 1 for mark in _SENTENCE_ENDS))
        if cut < len(window) // 2:
            cut = max(cut, window.rfind(" "))
        if cut <= 0:
            cut = _whole_signs(rest, len(window))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    pieces = [piece for piece in pieces if piece]
    if rest or not pieces:
        pieces.append(rest)
    return pieces


def _prefix(text: str, limit: int) -> str:
    """Return the longest beginning of at most `limit` UTF-16 units, whole characters only."""
    units = text.encode("utf-16-le")[: limit * 2]
    return units.decode("utf-16-le", errors="ignore")


def _whole_signs(text: str, cut: int) -> int:
    """Return the last place at or before `cut` that is not inside a sign, if there is one."""
    place = cut
    while place > 0 and _inside_sign(text, place):
        place -= 1
    return place or cut


def _inside_sign(text: str, place: int) -> bool:
    """Tell whether the characters around a place are seen as one sign."""
    before, after = text[place - 1], text[place : place + 1]
    if not after:
        return False
    if before == _JOINER or after in _JOINERS or after in _SKIN_TONES or after in _TAGS:
        return True
    if after in _FLAG_LETTERS:
        letters = len(text[:place]) - len(text[:place].rstrip(_FLAG_LETTERS))
        return letters % 2 == 1
    return unicodedata.category(after).startswith("M")
