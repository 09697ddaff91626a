"""The phrasebook file: what an entry holds, and what is said when one is malformed."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from bot.domain.errors import TaalbrugError
from bot.domain.languages import DUTCH, KNOWN, Language, base
from bot.translation import slots

Speaker = Literal["client", "coach", "both", "goal"]
"""Who is offered a phrase to tap; a `goal` is offered to a coach who adds one to a plan."""

_SPEAKERS = ("client", "coach", "both", "goal")
_REQUIRED = tuple(Language(code) for code in ("nl", "en", "ar", "fa", "ti"))
_OTHER_KEYS = frozenset({"id", "said_by", "also", "checked"})
_ALSO = 'Write also = { nl = ["..."] }'


class PhrasebookError(TaalbrugError):
    """The phrasebook cannot be used: every problem found, each with its entry and remedy."""

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing people say, in every language, with other ways to type it.

    `checked` names who read all its texts, or is "nobody".
    """

    id: str
    said_by: Speaker
    texts: Mapping[Language, str]
    also: Mapping[Language, tuple[str, ...]]
    checked: str

    def text(self, language: Language) -> str | None:
        """Return the text in a language: its own, or that of the language without region."""
        return self.texts.get(language) or self.texts.get(base(language))

    def wordings(self) -> Iterator[tuple[Language, str]]:
        """Give every text and every other way to type it, with its language."""
        yield from self.texts.items()
        for language, others in self.also.items():
            for other in others:
                yield language, other

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots, sorted."""
        return tuple(sorted(slots.names_in(self.texts[DUTCH])))


@dataclass(frozen=True, slots=True)
class Example:
    """A phrase of the demo page, with its slots filled."""

    phrase: Phrase
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Book:
    """What a phrasebook file holds."""

    phrases: tuple[Phrase, ...]
    demo: Mapping[Language, tuple[Example, ...]]


def read(path: Path) -> Book:
    """Read a phrasebook file; raises PhrasebookError with every problem in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "Put the file there or correct the path"
        problem = f"cannot be read ({error.strerror}). {remedy}."
        raise PhrasebookError(path, (problem,)) from error
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at byte {error.start}. Save it as UTF-8."
        raise PhrasebookError(path, (problem,)) from error
    except tomllib.TOMLDecodeError as error:
        problem = f"is not valid TOML: {error}. Correct that line."
        raise PhrasebookError(path, (problem,)) from error
    reader = _Reader()
    book = reader.book(document)
    if reader.problems:
        raise PhrasebookError(path, tuple(reader.problems))
    return book


class _Reader:
    """Turns the document into a book and collects what is wrong with it on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def book(self, document: Mapping[str, object]) -> Book:
        for name in sorted(document.keys() - {"phrase", "demo"}):
            self._report(name, "is no part of a phrasebook. Use [[phrase]] and [demo]")
        phrases: dict[str, Phrase] = {}
        for number, entry in enumerate(self._tables("phrase", document.get("phrase", [])), 1):
            phrase = self._phrase(number, entry)
            if phrase is None:
                continue
            if phrase.id in phrases:
                self._report(phrase.id, "is there twice. Give each phrase its own id")
            phrases[phrase.id] = phrase
        demo: dict[Language, tuple[Example, ...]] = {}
        lists = document.get("demo", {})
        if not isinstance(lists, dict):
            self._report("demo", "must be a table [demo] with a list for each language")
            lists = {}
        for language, entries in lists.items():
            if language not in KNOWN:
                self._report(f"demo.{language}", f"is no language. Use one of {_list(KNOWN)}")
                continue
            found = (
                self._example(Language(language), entry, phrases)
                for entry in self._tables(f"demo.{language}", entries)
            )
            demo[Language(language)] = tuple(example for example in found if example)
        return Book(tuple(phrases.values()), demo)

    def _phrase(self, number: int, entry: Mapping[str, object]) -> Phrase | None:
        name = entry.get("id")
        if not isinstance(name, str) or not name.strip():
            self._report(f"phrase {number}", 'has no id. Write id = "group.name"')
            return None
        before = len(self.problems)
        for other in sorted(entry.keys() - _OTHER_KEYS - KNOWN):
            self._report(name, f"has the unknown key {other!r}. Remove or correct it")
        said_by = entry.get("said_by")
        if said_by not in _SPEAKERS:
            self._report(name, f"has no valid said_by. Use one of {_list(_SPEAKERS)}")
        checked = entry.get("checked")
        if not isinstance(checked, str) or not checked.strip():
            self._report(name, 'does not say who checked it. Write checked = "nobody"')
        texts = {
            Language(language): text
            for language in sorted(entry.keys() & KNOWN)
            if (text := self._text(name, language, entry[language])) is not None
        }
        for language in _REQUIRED:
            if language not in entry:
                self._report(name, f"has no text in {language!r}. Add {language} = ...")
        also = self._also(name, entry.get("also", {}))
        wordings = [*texts.items(), *((code, text) for code in also for text in also[code])]
        expected = set(slots.names_in(texts.get(DUTCH, "")))
        for language, text in wordings:
            if set(slots.names_in(text)) != expected:
                wanted = ", ".join(f"{{{slot}}}" for slot in sorted(expected)) or "none"
                self._report(
                    name, f"has other slots in {language!r} than in 'nl'. Use {wanted} in each"
                )
        if len(self.problems) > before:
            return None
        return Phrase(name, cast("Speaker", said_by), texts, also, str(checked))

    def _text(self, name: str, language: str, text: object) -> str | None:
        if not isinstance(text, str) or not text.strip():
            self._report(name, f"has an empty text in {language!r}. Write a sentence in quotes")
            return None
        if fault := slots.fault_in(text):
            self._report(name, f"{fault}, in {language!r}")
            return None
        return text

    def _also(self, name: str, value: object) -> Mapping[Language, tuple[str, ...]]:
        if not isinstance(value, dict):
            self._report(name, f"has a malformed also. {_ALSO}")
            return {}
        also: dict[Language, tuple[str, ...]] = {}
        for language, texts in value.items():
            if language not in KNOWN or not isinstance(texts, list):
                self._report(
                    name, f'has a malformed also.{language}. Write also = {{ nl = ["..."] }}'
                )
                continue
            read = (self._text(name, language, text) for text in texts)
            also[Language(language)] = tuple(text for text in read if text is not None)
        return also

    def _example(
        self, language: Language, entry: Mapping[str, object], phrases: Mapping[str, Phrase]
    ) -> Example | None:
        where = f"demo.{language}"
        phrase = phrases.get(str(entry.get("id")))
        if phrase is None:
            self._report(where, f"names the unknown phrase {entry.get('id')!r}. Use the id of one")
            return None
        given = entry.keys() - {"id"}
        if given != set(phrase.slots):
            wanted = ", ".join(phrase.slots) or "nothing"
            self._report(where, f"fills other slots of {phrase.id} than it has. Give {wanted}")
            return None
        values: dict[str, str] = {}
        for slot in phrase.slots:
            value = slots.read_value(slot, str(entry[slot]))
            if value is None:
                self._report(where, f"gives {phrase.id} a {slot} that is none. Correct it")
                return None
            values[slot] = value
        return Example(phrase, values)

    def _tables(self, where: str, value: object) -> list[dict[str, object]]:
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self._report(where, "must be a list of tables. Write each entry as a table with an id")
        return []

    def _report(self, where: str, problem: str) -> None:
        self.problems.append(f"{where} {problem}.")


def _list(names: frozenset[Language] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
