"""The killer: starts the bot as a process of its own, and sees to it that it dies as planned."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.torture_books import ROOT
from bench.victim import ANY
from bot.simulator import Simulator
from bot.simulator.values import as_int
from bot.steps import Step

OUTSIDE = ""
"""Where somebody dies who is killed from outside, wherever that may be."""

KILLED = -signal.SIGKILL
_FRAME = " |+-"
_LOOK_SECONDS = 0.05
_STARTS_WITHIN_SECONDS = 60.0
_STEP_WITHIN_SECONDS = 8.0
_STOPS_WITHIN_SECONDS = 40.0
_SHARE_OF_STEPS = 0.6
_SHARE_WHILE_STARTING = 0.2
_STEPS_OF_A_MESSAGE = 5

WHEN_ALL_WAIT = 20
"""At so many marked calls a bot dies whose senders all wait for an answer."""

_RARE: Mapping[Step, int] = {
    Step.RECOVERED: 1,  # once a start
    Step.TICKED: 2,  # once a second
    Step.FETCHED: 3,
    Step.KEPT: 3,
    Step.TRANSLATED: 3,
    Step.SHOWN: 3,
    Step.CLAIMED: 6,
}
_OFTEN = 20
"""How far a step is let go on before the kill; those that come seldom stand in the list."""


@dataclass(frozen=True, slots=True)
class Death:
    """Where somebody is to die: at the n-th occurrence of a step, or after so many seconds.

    `seconds` count from the first question for updates, with `starting` from the start.
    """

    where: str
    nth: int = 0
    seconds: float = 0.0
    starting: bool = False


def plan_deaths(kills: int, messages: int, rng: random.Random) -> list[Death]:
    """Return where to kill: at each step alike, at any step, and at moments of the clock."""
    wave = messages // max(kills, 1)
    often, anywhere = max(2, min(_OFTEN, wave // 2)), max(40, _STEPS_OF_A_MESSAGE * wave)
    each = max(1, int(kills * _SHARE_OF_STEPS) // len(Step))
    deaths = [
        Death(step, rng.randint(1, _RARE.get(step, often))) for step in Step for _ in range(each)
    ]
    # Some of those who die with a call marked die while every sender waits for an answer.
    deaths += [Death(Step.MARKED, WHEN_ALL_WAIT) for _ in range((each + 1) // 2)]
    deaths = rng.sample(deaths, min(kills, len(deaths)))
    while len(deaths) < kills:
        if len(deaths) % 2:
            deaths.append(Death(ANY, rng.randint(20, anywhere)))
        elif rng.random() < _SHARE_WHILE_STARTING:
            deaths.append(Death(OUTSIDE, seconds=rng.uniform(0.0, 0.6), starting=True))
        else:
            deaths.append(Death(OUTSIDE, seconds=rng.uniform(0.05, 1.5)))
    rng.shuffle(deaths)
    return deaths


@dataclass(slots=True)
class Toll:
    """How often somebody died, and where."""

    kills: int = 0
    at: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Steps that were not reached in time, so that the kill came from outside."""
    ended: list[str] = field(default_factory=list)
    """Ends that nobody caused."""

    @property
    def unhit(self) -> list[Step]:
        """Return the steps at which nobody has died yet."""
        return [step for step in Step if not self.at[step]]


@dataclass(slots=True)
class Victim:
    """One process of the bot."""

    process: asyncio.subprocess.Process
    death: Death
    report: Path

    @property
    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self.process.returncode is None

    def begin(self) -> None:
        """Let it begin, now that it has been loaded."""
        if self.process.stdin is not None:
            self.process.stdin.write(b"\n")

    def send(self, how: signal.Signals) -> None:
        """Send it a signal, if it is still there to get one."""
        with suppress(ProcessLookupError):
            self.process.send_signal(how)

    async def gone(self, seconds: float) -> bool:
        """Wait for its end; tells whether it came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.process.wait()
        return not self.alive


@dataclass(slots=True)
class Killer:
    """Whoever starts and kills; `log` keeps everything that the victims say."""

    environment: Mapping[str, str]
    phones: Simulator
    log: Path
    toll: Toll = field(default_factory=Toll)
    _spare: Victim | None = None
    _number: int = 0
    _seen: int = 0

    async def load(self, death: Death) -> Victim:
        """Load a process that waits to begin; loading takes longer than beginning."""
        self._number += 1
        report = self.log.with_name(f"death-{self._number}")
        environment = {
            **os.environ,
            **self.environment,
            "TORTURE_HOLD": "1",
            "TORTURE_STEP": death.where,
            "TORTURE_NTH": str(death.nth),
            "TORTURE_REPORT": str(report),
        }
        with self.log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.victim",
                cwd=ROOT,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=said,
                stderr=asyncio.subprocess.STDOUT,
            )
        return Victim(process, death, report)

    async def next(self, death: Death, after: Death | None) -> Victim:
        """Begin with the process that was loaded ahead, and load the one `after` it."""
        victim = self._spare or await self.load(death)
        log = self.phones.requests()
        self._seen = as_int(log[-1]["n"]) if log else 0
        self._spare = await self.load(after) if after else None
        victim.begin()
        return victim

    async def close(self) -> None:
        """End the process that waits in vain."""
        if self._spare is not None:
            await end(self._spare, signal.SIGKILL)
            self._spare = None

    async def kill(self, victim: Victim, meanwhile: Callable[[], None]) -> bool:
        """See to it that it dies as planned; False when it ended by itself.

        What is to happen `meanwhile` begins once the bot has asked for updates.
        """
        death = victim.death
        if not death.starting:
            await until(lambda: not victim.alive or self._asked(), _STARTS_WITHIN_SECONDS)
        meanwhile()
        await victim.gone(_STEP_WITHIN_SECONDS if death.where else death.seconds)
        if death.where and victim.alive:
            self.toll.missed[death.where] += 1
        return await self._count(victim)

    async def _count(self, victim: Victim) -> bool:
        victim.send(signal.SIGKILL)
        code = await victim.process.wait()
        if code != KILLED:
            self.toll.ended.append(f"exit code {code}: {last_words(self.log)}")
            return False
        self.toll.kills += 1
        where = victim.report.read_text(encoding="utf-8") if victim.report.exists() else "outside"
        self.toll.at[where] += 1
        return True

    def _asked(self) -> bool:
        return any(
            entry["method"] == "getUpdates" for entry in self.phones.requests(after=self._seen)
        )


async def end(victim: Victim, how: signal.Signals = signal.SIGTERM) -> int:
    """Send a signal and wait for the end; returns the exit code."""
    if victim.alive:
        victim.send(how)
    if not await victim.gone(_STOPS_WITHIN_SECONDS):
        victim.send(signal.SIGKILL)
    return await victim.process.wait()


async def until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until something holds; False when it does not within the time."""

    async def look() -> bool:
        return bool(condition())

    return await until_async(look, seconds)


async def until_async(condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait until something holds that takes a while to find out."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


def last_words(log: Path) -> str:
    """Return the last line that a victim said, without the frame of a traceback."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    spoken = [line.strip(_FRAME) for line in lines]
    return next((line for line in reversed(spoken) if line), "nothing was said")
