"""The bot as its command line runs it, but it dies at a step; only the torture run starts it.

The product knows nothing of this: the listener of its steps and the engine that takes its time
are put there from outside. Variables of the environment say what is to happen:
TORTURE_STEP (a named step, or * for any), TORTURE_NTH (at which occurrence), TORTURE_REPORT (the
file that learns at which step it died), TORTURE_HOLD (wait for a line before beginning).
"""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

from bot import __main__ as program
from bot import application, steps
from bot.domain.languages import Language
from bot.translation.model import Reason, Result, Translated, Untranslated

ANY = "*"
_NUMBER = re.compile(r"77(\d{8})77")
_SLOW_SECONDS = 1.6  # longer than the town lets a message wait for its translation
_BRISK_SECONDS = 0.05
_SLOW_TURNS, _VAIN_TURN = frozenset({1, 3}), 2
"""Of five texts two take long, and one cannot be translated."""


class PretendEngine:
    """Translates by saying for whom; some texts take it long, and some it cannot do."""

    name = "pretend"

    async def translate(
        self,
        text: str,
        source: Language,  # noqa: ARG002 - the shape of an engine
        target: Language,
    ) -> Result:
        """Return the text as it is, after a while that depends on the text alone."""
        number = _NUMBER.search(text)
        turn = int(number.group(1)) % 5 if number else 0
        await asyncio.sleep(_SLOW_SECONDS if turn in _SLOW_TURNS else _BRISK_SECONDS)
        if turn == _VAIN_TURN:
            return Untranslated(Reason.NO_ENGINE, self.name)
        return Translated(f"{text} → {target}", self.name)


class _Executioner:
    """Counts the steps and kills this very process at the one it was told."""

    def __init__(self, step: str, nth: int, report: Path) -> None:
        self._step = step
        self._left = nth
        self._report = report

    def __call__(self, step: steps.Step) -> None:
        if self._step not in {ANY, step}:
            return
        self._left -= 1
        if self._left == 0:
            self._report.write_text(step, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run the ordinary command, once it is told to begin."""
    given = os.environ
    if given.get("TORTURE_HOLD") and not sys.stdin.readline():
        return 0
    if step := given.get("TORTURE_STEP"):
        report = Path(given["TORTURE_REPORT"])
        steps.listen(_Executioner(step, int(given["TORTURE_NTH"]), report))
    vars(application)["NoEngine"] = PretendEngine
    return program.main(["run"])


if __name__ == "__main__":
    sys.exit(main())
