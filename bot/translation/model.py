"""What a translation is, why there is none, and what an engine must do."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.domain.languages import Language


class Flag(StrEnum):
    """What a reader should know about a translation."""

    PARTLY_ORIGINAL = "partly_original"
    """At least one paragraph came back as it was sent, so it stands there in the original."""


class Reason(StrEnum):
    """Why there is no translation."""

    NOT_NEEDED = "not_needed"
    """Nothing to translate: emoji, digits, punctuation or links only. No reason to warn."""
    NO_ENGINE = "no_engine"
    """No engine is configured, or the only one was closed."""
    UNKNOWN_LANGUAGE = "unknown_language"
    """The language of the text is not known, and the phrasebook does not know the text."""
    NOT_SUPPORTED = "not_supported"
    """The engine does not know the source or the target language."""
    TOO_LONG = "too_long"
    """The text, or one sentence of it, is longer than the engine takes."""
    ECHO = "echo"
    """The engine gave the text back untranslated."""
    EMPTY_ANSWER = "empty_answer"
    """The engine answered without a text."""
    UNREADABLE_ANSWER = "unreadable_answer"
    """The answer held no translation: a consent or captcha page, or a changed layout."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """The engine asks to slow down."""
    REFUSED = "refused"
    """The engine answered with an HTTP error."""
    UNREACHABLE = "unreachable"
    """There was no connection, or it broke."""
    TIMEOUT = "timeout"
    """The engine did not answer within the time limit."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A translation, the engine that made it and what to know about it.

    The text is left out of the repr, so that a logged result shows nobody's words.
    """

    text: str = field(repr=False)
    engine: str
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True)
class Untranslated:
    """No translation: the reason, the engine that gave it, and whether trying later may help."""

    reason: Reason
    engine: str | None = None
    retry: bool = False


Result = Translated | Untranslated


class Engine(Protocol):
    """Something that translates one text at a time; every failure is a result, not an error."""

    @property
    def name(self) -> str:
        """The name under which translations of this engine are stored."""
        ...

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        """Translate the text, which holds at least one word, between two different languages."""
        ...
