"""The phrasebook: sentences people agreed on, looked up exactly, in any of its languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from bot.domain.languages import DUTCH, Language, base, is_rtl
from bot.translation import phrases, slots
from bot.translation.model import Translated
from bot.translation.normalise import key
from bot.translation.phrases import Example, Phrase, Speaker
from bot.translation.sentences import pieces

ENGINE = "phrasebook"

_MOST_SENTENCES = 20
_MOST_PIECES = 4 * _MOST_SENTENCES
_UNCHANGED = "none"
_ALSO_SAID: dict[Speaker, set[Speaker]] = {
    "client": {"both"},
    "coach": {"both"},
    "both": set(),
    "goal": set(),
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence with its key, or, without a key, what stands between two."""

    text: str
    key: str | None


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody typed: as one phrase, if it can be one, and cut into sentences."""

    whole: _Part | None
    parts: tuple[_Part, ...]


class Phrasebook:
    """Phrases by what people type, in every language the phrasebook speaks.

    Only exact hits count, a slot's value aside: what is nearly the same may say the opposite.
    """

    def __init__(self, book: phrases.Book) -> None:
        self._phrases = book.phrases
        self._demo = book.demo
        self._exact: dict[Language, dict[str, list[Phrase]]] = {}
        self._patterns: dict[Language, list[tuple[slots.Pattern, Phrase]]] = {}
        longest = 0
        for phrase in book.phrases:
            for language, text in phrase.wordings():
                self._add(base(language), text, phrase)
                longest = max(longest, len(text))
        # A longer sentence is no hit, however many vowel marks and fillers its typist used.
        self._longest = 4 * longest + 100
        self._languages = tuple(self._exact | self._patterns)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the phrasebook; raises PhrasebookError with every problem and its remedy."""
        return cls(phrases.read(path))

    def translate(self, text: str, source: Language | None, target: Language) -> Translated | None:
        """Return the text in the target language if every sentence of it is known, else None.

        Without a source, the text may be in any language of the phrasebook; if it already is in
        the target language it comes back as it is. Two readings that differ are no hit.
        """
        typed = self._typed(text)
        if typed is None:
            return None
        if source is not None:
            found = self._in(base(source), typed, target)
            return None if found is None else Translated(found, ENGINE)
        if self._in(base(target), typed, target) is not None:
            return Translated(text, _UNCHANGED)
        readings = (self._in(language, typed, target) for language in self._languages)
        found = _agreed([reading for reading in readings if reading is not None])
        return None if found is None else Translated(found, ENGINE)

    def phrases(self, language: Language, said_by: Speaker | None = None) -> tuple[Phrase, ...]:
        """Return the phrases that have a text in the language, in the order of the file.

        `said_by` keeps what that person says, which is also what both say. A goal of a plan is
        neither's: `goal` keeps those, and nobody's own list has them.
        """
        return tuple(
            phrase
            for phrase in self._phrases
            if phrase.text(language)
            and (said_by is None or phrase.said_by in ({said_by} | _ALSO_SAID[said_by]))
        )

    def demo(self, language: Language) -> list[tuple[str, str]]:
        """Return the sentences to tap in the demo, each with its Dutch meaning, slots filled."""
        examples = self._demo.get(language) or self._demo.get(base(language), ())
        return [(_filled(example, language), _filled(example, DUTCH)) for example in examples]

    def _add(self, language: Language, text: str, phrase: Phrase) -> None:
        if slots.names_in(text):
            self._patterns.setdefault(language, []).append((slots.pattern(text), phrase))
            return
        same = self._exact.setdefault(language, {}).setdefault(key(text), [])
        if phrase not in same:
            same.append(phrase)

    def _typed(self, text: str) -> _Typed | None:
        """Cut a text up for looking up; None if it is longer than any hit can be."""
        text = text.strip()
        one_line = len(text) <= self._longest and "\n" not in text
        parts: list[_Part] = []
        sentences = 0
        for piece in islice(pieces(text), _MOST_PIECES + 1):
            sentences += piece.is_sentence
            too_long = piece.is_sentence and len(piece.text) > self._longest
            if too_long or sentences > _MOST_SENTENCES or len(parts) == _MOST_PIECES:
                return None
            parts.append(_Part(piece.text, key(piece.text) if piece.is_sentence else None))
        if not sentences:
            return None
        return _Typed(_Part(text, key(text)) if one_line else None, tuple(parts))

    def _in(self, language: Language, typed: _Typed, target: Language) -> str | None:
        """Translate a text in this language, as one phrase or sentence by sentence."""
        if typed.whole:
            found = self._sentence(language, typed.whole, target)
            if found is not None or len(typed.parts) == 1:
                return found
        done: list[str] = []
        for part in typed.parts:
            found = self._sentence(language, part, target)
            if found is None:
                return None
            done.append(found)
        return "".join(done)

    def _sentence(self, language: Language, part: _Part, target: Language) -> str | None:
        if part.key is None:
            return part.text
        known = self._exact.get(language, {}).get(part.key)
        if known:
            return _agreed([phrase.text(target) for phrase in known])
        readings: list[str | None] = []
        for pattern, phrase in self._patterns.get(language, ()):
            values = pattern.values(part.text, part.key)
            if values is not None:
                readings.append(_rendered(phrase, values, target))
        return _agreed(readings)


def _rendered(phrase: Phrase, values: Mapping[str, str], target: Language) -> str | None:
    text = phrase.text(target)
    return None if text is None else slots.fill(text, values, isolated=is_rtl(target))


def _agreed(readings: Sequence[str | None]) -> str | None:
    """Return the first reading if all say the same, punctuation aside."""
    said = [reading for reading in readings if reading is not None]
    alike = len({key(reading) for reading in said}) == 1
    return said[0] if alike and len(said) == len(readings) else None


def _filled(example: Example, language: Language) -> str:
    text = example.phrase.text(language)
    return "" if text is None else slots.fill(text, example.values, isolated=False)
