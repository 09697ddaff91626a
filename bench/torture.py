"""`make torture`: the product as a real process, killed and starved, and judged by the phones.

Set by the environment: KILLS, MESSAGES, DB (sqlite or postgresql), SEED, AWAY_SECONDS, and
QUICK=1 for the short form. The exit code is 1 when anything was lost, came twice in silence or
came out of order, or when a kill left more in doubt than there are senders.
"""

import asyncio
import logging
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import torture_trial, torture_troubles
from bench.torture_killer import plan_deaths
from bench.torture_table import Outcome, Progress, Report, table, total, write
from bench.torture_trial import Trial, UnrestError
from bot.steps import Step
from tests.support.postgres import fresh_database, running_server

_RESULT = Path(__file__).parent / "torture.json"
_TOWN = (60, 30)  # a coach's chat takes a message a second, so that few coaches would hold it up
_VILLAGE = (12, 12)

Work = Callable[[Trial], Coroutine[object, object, None]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is to be done, and on what."""

    kills: int
    messages: int
    database: str
    seed: int
    away_seconds: float
    locked_seconds: tuple[float, ...]
    rest_seconds: float
    kept: bool
    """Whether the figures are written to the file; those of the short form say too little."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Settings":
        """Read the environment; errors: ValueError that names the variable."""
        quick = given.get("QUICK", "") not in {"", "0", "no", "false"}
        database = given.get("DB") or "sqlite"
        if database not in {"sqlite", "postgresql"}:
            msg = f"DB={database} is unknown; write DB=sqlite or DB=postgresql."
            raise ValueError(msg)
        return cls(
            kills=_number(given, "KILLS", 20 if quick else 200),
            messages=_number(given, "MESSAGES", 300 if quick else 10_000),
            database=database,
            seed=_number(given, "SEED", secrets.randbelow(1_000_000)),
            away_seconds=_number(given, "AWAY_SECONDS", 5 if quick else 600),
            # The second is longer than the bot waits for a locked database.
            locked_seconds=(3.0,) if quick else (5.0, 40.0),
            rest_seconds=60.0 if quick else 300.0,
            kept=not quick,
        )


def _dice(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing here is a secret; it must be repeatable


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name) or str(default)
    if not value.isdecimal():
        msg = f"{name}={value} is no number; write for example {name}={default}."
        raise ValueError(msg)
    return int(value)


@dataclass(slots=True)
class Run:
    """One run: its trials, each in a folder and a database of its own."""

    settings: Settings
    folder: Path
    new_database: Callable[[str], str]
    progress: Progress
    trials: list[Trial] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _begun: int = 0

    async def all(self) -> None:
        """Do everything at once: most of it waits for most of the time."""
        settings = self.settings
        deaths = plan_deaths(settings.kills, settings.messages, _dice(f"{settings.seed}"))
        kills = partial(
            torture_troubles.kills,
            deaths=deaths,
            messages=settings.messages,
            progress=self.progress.kills,
        )
        away = partial(torture_troubles.telegram_away, seconds=settings.away_seconds)
        names = self._names()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.one(names[0], kills, _TOWN))
            group.create_task(
                self.one(names[1], torture_troubles.full_disk, _VILLAGE, database="sqlite")
            )
            for name, seconds in zip(names[2:-1], settings.locked_seconds, strict=True):
                locked = partial(torture_troubles.locked_database, seconds=seconds)
                group.create_task(self.one(name, locked, _VILLAGE))
            group.create_task(self.one(names[-1], away, _VILLAGE))
        self.outcomes = {name: self.outcomes[name] for name in names}

    def _names(self) -> list[str]:
        settings = self.settings
        locked = [f"database locked {seconds:g} s" for seconds in settings.locked_seconds]
        return [
            "kills",
            "disk full (SQLite)",
            *locked,
            f"Telegram away {settings.away_seconds:g} s",
        ]

    async def one(
        self, name: str, work: Work, size: tuple[int, int], *, database: str = ""
    ) -> None:
        """Do one trial and judge it."""
        began = time.monotonic()
        self._begun += 1
        folder = self.folder / f"trial-{self._begun}"
        folder.mkdir()
        clients, coaches = size
        rng = _dice(f"{self.settings.seed} {name}")
        sqlite = (database or self.settings.database) == "sqlite"
        url = (
            f"sqlite+aiosqlite:///{folder / 'taalbrug.db'}"
            if sqlite
            else self.new_database(folder.name.replace("-", "_"))
        )
        async with torture_trial.opened(
            name, folder, url, rng, clients=clients, coaches=coaches
        ) as trial:
            self.trials.append(trial)
            await work(trial)
            unrest = ""
            try:
                await trial.rest(self.settings.rest_seconds)
            except UnrestError as error:
                unrest = str(error)
            verdict = await trial.verdict()
            chats = trial.town.chats()
        self.outcomes[name] = Outcome(
            name=name,
            verdict=verdict,
            planned=len(trial.town.planned),
            updates=trial.town.updates,
            sends=sum(len(messages) for messages in chats.values()),
            seconds=time.monotonic() - began,
            kills=trial.killer.toll.kills,
            doubtful=tuple(trial.doubtful),
            ended=tuple(trial.killer.toll.ended),
            unrest=unrest,
            notes=", ".join(trial.notes),
        )

    def report(self, seconds: float) -> Report:
        """Return what was found."""
        steps = total([trial.killer.toll.at for trial in self.trials])
        return Report(
            seed=self.settings.seed,
            database=self.settings.database,
            seconds=seconds,
            senders=self.trials[0].senders,
            steps=steps,
            missed=total([trial.killer.toll.missed for trial in self.trials]),
            faults=total([trial.weather.happened for trial in self.trials]),
            outcomes=tuple(self.outcomes.values()),
            unhit=self._unhit(steps),
        )

    def _unhit(self, steps: Mapping[str, int]) -> tuple[str, ...]:
        """Return the steps at which nobody died, if there were kills enough for all."""
        enough = self.settings.kills >= len(Step)
        return tuple(step for step in Step if enough and step not in steps)


@contextmanager
def _databases(settings: Settings) -> Iterator[Callable[[str], str]]:
    """Give what makes a new PostgreSQL database; the server runs only when it is asked for."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server()) if settings.database != "sqlite" else ""
        yield lambda name: stack.enter_context(fresh_database(server, name))


def main() -> int:
    """Run it all; 0 when nothing is broken."""
    try:
        settings = Settings.of(os.environ)
    except ValueError as error:
        sys.stderr.write(f"torture: {error}\n")
        return 2
    print(
        f"{settings.kills} kills, {settings.messages} messages, database {settings.database}, "
        f"SEED={settings.seed}",
        flush=True,
    )
    # It says at length that whom it answers may be dead, and that is the point of it.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    progress = Progress()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="torture", ignore_cleanup_errors=True) as folder,
        _databases(settings) as new_database,
    ):
        run = Run(settings, Path(folder), new_database, progress)
        asyncio.run(run.all())
    progress.clear()
    report = run.report(time.monotonic() - began)
    if settings.kept:
        write(report, _RESULT)
    print(table(report))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
