"""The engine that translates nothing, for whoever wants no engine to see a text."""

from bot.domain.languages import Language
from bot.translation.model import Reason, Result, Untranslated


class NoEngine:
    """Leaves every text in the original."""

    name = "none"

    async def translate(
        self,
        text: str,  # noqa: ARG002 - the shape of an engine
        source: Language,  # noqa: ARG002
        target: Language,  # noqa: ARG002
    ) -> Result:
        """Answer that there is no engine."""
        return Untranslated(Reason.NO_ENGINE, self.name)
