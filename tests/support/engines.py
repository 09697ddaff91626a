"""Translation engines at the port: one that waits to be told, one that fails, one that shouts."""

import asyncio

from bot.domain.languages import Language
from bot.translation.model import Reason, Result, Translated, Untranslated


class SlowEngine:
    """Translates nothing until `let_go`; then by putting the target language in front."""

    name = "slow"

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self.asked = 0

    def let_go(self) -> None:
        self._free.set()

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        self.asked += 1
        await self._free.wait()
        return Translated(f"[{source}>{target}] {text}", self.name)


class ReadyEngine(SlowEngine):
    """The same, without waiting."""

    name = "ready"

    def __init__(self) -> None:
        super().__init__()
        self.let_go()


class FailingEngine:
    """Fails for one reason, for ever or a number of times."""

    name = "failing"

    def __init__(self, reason: Reason, *, retry: bool = False, times: int = 1000) -> None:
        self._reason, self._retry, self._times = reason, retry, times

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        self._times -= 1
        if self._times < 0:
            return Translated(f"[{source}>{target}] {text}", self.name)
        return Untranslated(self._reason, self.name, retry=self._retry)


class BreakingEngine:
    """Raises, which an engine must not do."""

    name = "breaking"

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        raise RuntimeError(f"the engine broke over {len(text)} letters from {source} to {target}")
