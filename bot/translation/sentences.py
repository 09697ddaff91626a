"""Cuts a text into sentences, and tells words from what needs no translation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TERMINATORS = ".!?…؟۔።፧፨‼⁇⁈⁉❓❔❕❗"
_PICTURE = (
    "\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
_JOINED_TO_A_PICTURE = "\ufe0f\u200d\U000e0020-\U000e007f"
# Each alternative starts only where its run starts, which keeps the search linear.
_BREAK = re.compile(
    rf"(?P<end>(?<![{_TERMINATORS}])[{_TERMINATORS}]++(?=[\s{_PICTURE}]|\Z))"
    rf"|(?P<between>[\n{_PICTURE}][\n{_PICTURE}{_JOINED_TO_A_PICTURE}]*+)"
)
_LETTER_LOOKALIKES = frozenset("ℹ")  # emoji that Unicode counts among the letters


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: a sentence, or what stands between two (spaces, emoji, digits)."""

    text: str
    is_sentence: bool


def has_words(text: str) -> bool:
    """Tell whether there is anything to translate: a letter outside links and addresses."""
    return any(
        character.isalpha() and character not in _LETTER_LOOKALIKES
        for word in text.split()
        if not _is_link(word)
        for character in word
    )


def pieces(text: str) -> Iterator[Piece]:
    """Cut the text into sentences and what is between them; joined, the pieces are the text.

    A sentence ends at a full stop, question or exclamation mark of any script that is followed
    by a space or an emoji, at a line break, or at an emoji; so "10.30" and links stay whole.
    """
    start = 0
    for found in _BREAK.finditer(text):
        end = found.end() if found.lastgroup == "end" else found.start()
        yield from _trimmed(text[start:end])
        if end < found.end():
            yield Piece(text[end : found.end()], is_sentence=False)
        start = found.end()
    yield from _trimmed(text[start:])


def _trimmed(stretch: str) -> Iterator[Piece]:
    sentence = stretch.strip()
    if not has_words(sentence):
        if stretch:
            yield Piece(stretch, is_sentence=False)
        return
    at = stretch.index(sentence)
    if at:
        yield Piece(stretch[:at], is_sentence=False)
    yield Piece(sentence, is_sentence=True)
    if at + len(sentence) < len(stretch):
        yield Piece(stretch[at + len(sentence) :], is_sentence=False)


def _is_link(word: str) -> bool:
    lowered = word.casefold()
    if lowered.startswith(("http://", "https://", "www.")):
        return True
    _, at, host = lowered.partition("@")
    return bool(at) and "." in host.strip(".,;:!?")
