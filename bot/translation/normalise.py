"""Keys for looking texts up: one key for every way people type the same sentence.

Keys are only compared. What is shown, stored or sent to an engine is always the original text.
"""

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

_FOLDED = {
    "\u200c": " ",  # zero-width non-joiner: "می‌توانم" is also typed with a space
    # Arabic and Persian keyboards give different letters for the same sound and look.
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ۀ": "ه",
    "ـ": "",
    # Tigrinya is spelt with either letter, by country and by keyboard.
    **{chr(0x1220 + i): chr(0x1230 + i) for i in range(8)},  # ሠ to ሰ
    **{chr(0x1340 + i): chr(0x1338 + i) for i in range(8)},  # ፀ to ጸ
    "،": ",",
    "؛": ";",
    "؟": "?",
    "۔": ".",
    "٫": ".",
    "٬": ",",
    "፡": " ",
    "።": ".",
    "፣": ",",
    "፤": ";",
    "፥": ":",
    "፦": ":",
    "፧": "?",
    "፨": ".",
    "❓": "?",
    "❔": "?",
    "❗": "!",
    "❕": "!",
    "‘": "'",
    "’": "'",
    "ʼ": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‐": "-",
    "–": "-",
    "—": "-",
    "−": "-",
}
_VOWEL_MARKS = (
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x08D3, 0x08FF),
)
_EDGE = " \"'"
_TAIL = _EDGE + ".,;:!?-"


class _Fold(dict[int, str]):
    """Works a character's folding out at its first use and remembers it."""

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold(chr(point))
        return folded


def key(text: str) -> str:
    """Return the key of a text: letters, digits, marks and spaces as if typed one way.

    Punctuation at the end is left off, but for one question mark: "Komt u" is no "Komt u?".
    """
    folded = unicodedata.normalize("NFKC", _unjoined(text)).translate(_FOLD).casefold()
    trimmed = " ".join(folded.split()).lstrip(_EDGE)
    end = len(trimmed.rstrip(_TAIL))
    return trimmed[:end] + ("?" if "?" in trimmed[end:] else "")


@dataclass(frozen=True, slots=True)
class AlignedKey:
    """A key and, for each of its characters, the stretch of the text it came from."""

    text: str
    key: str
    spans: tuple[tuple[int, int], ...]

    def original(self, start: int, end: int) -> str:
        """Return the text behind the characters `start` to `end` (excluded) of the key."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]


def aligned_key(text: str) -> AlignedKey | None:
    """Return the key with its way back to the text; None for a text too odd to tell."""
    text = _unjoined(text)
    characters: list[str] = []
    spans: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        cluster = unicodedata.normalize("NFKC", text[start:end]).translate(_FOLD).casefold()
        for character in cluster:
            if not character.isspace():
                characters.append(character)
                spans.append((start, end))
            elif characters and characters[-1] != " ":
                characters.append(" ")
                spans.append((start, end))
    folded = "".join(characters)
    skipped = len(folded) - len(folded.lstrip(_EDGE))
    wanted = key(text)
    if not folded[skipped:].startswith(wanted.removesuffix("?")):
        return None
    kept = slice(skipped, skipped + len(wanted))
    return AlignedKey(text, wanted, tuple(spans[kept]))


def _unjoined(text: str) -> str:
    """Settle what Unicode's own folding would spoil."""
    text = text.replace("´", "'")
    if "፡" not in text:
        return text
    # Two word dividers are a full stop to whoever has no key for it; one inside a time, a colon.
    text = text.replace("፡፡", "።")
    return "".join(
        ":" if c == "፡" and text[i - 1 : i].isdigit() and text[i + 1 : i + 2].isdigit() else c
        for i, c in enumerate(text)
    )


def _clusters(text: str) -> list[tuple[int, int]]:
    starts = [i for i, c in enumerate(text) if i == 0 or not unicodedata.combining(c)]
    return list(pairwise([*starts, len(text)]))


def _fold(character: str) -> str:
    if character in _FOLDED:
        return _FOLDED[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf" or _is_unseen_mark(character):
        return ""
    return character


def _is_unseen_mark(character: str) -> bool:
    point = ord(character)
    if 0xFE00 <= point <= 0xFE0F:  # noqa: PLR2004 - variation selectors, as in emoji
        return True
    return any(first <= point <= last for first, last in _VOWEL_MARKS)


_FOLD = _Fold()
