"""From a text to its translation: the phrasebook first, then one engine after another."""

from collections.abc import Sequence

from bot.domain.languages import Language, base
from bot.translation.model import Engine, Reason, Result, Translated, Untranslated
from bot.translation.phrasebook import Phrasebook
from bot.translation.sentences import has_words

UNCHANGED = "none"
"""The engine of a text that already was in the reader's language."""


class Translator:
    """Asks the phrasebook, then each engine in order, and gives the first translation.

    It keeps nothing of a text between calls, so that no text can reach another person.
    """

    def __init__(self, engines: Sequence[Engine], phrasebook: Phrasebook | None = None) -> None:
        self._engines = tuple(engines)
        self._phrasebook = phrasebook

    async def translate(self, text: str, source: Language | None, target: Language) -> Result:
        """Translate a text; without a source only the phrasebook can.

        NOT_NEEDED means: send the original, without a warning. Of several failures the one that
        may pass is given, so that the caller knows whether trying later makes sense.
        """
        if not has_words(text):
            return Untranslated(Reason.NOT_NEEDED)
        if source is not None and base(source) == base(target):
            return Translated(text, UNCHANGED)
        if self._phrasebook and (known := self._phrasebook.translate(text, source, target)):
            return known
        if source is None:
            return Untranslated(Reason.UNKNOWN_LANGUAGE)
        failures: list[Untranslated] = []
        for engine in self._engines:
            result = await engine.translate(text, source, target)
            if isinstance(result, Translated):
                return result
            failures.append(result)
        return min(failures, key=_weight, default=Untranslated(Reason.NO_ENGINE))


def _weight(failure: Untranslated) -> tuple[bool, bool]:
    return not failure.retry, failure.reason is Reason.NO_ENGINE
