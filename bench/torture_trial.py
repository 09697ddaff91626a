"""One trial: a town, its bot, trouble, and at the end the judge."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import torture_books
from bench.torture_books import Books
from bench.torture_judge import Verdict, judge
from bench.torture_killer import (
    OUTSIDE,
    Death,
    Killer,
    Victim,
    end,
    last_words,
    until,
    until_async,
)
from bench.torture_town import Town
from bench.torture_weather import Weather
from bot.adapters.sender import slots_of
from bot.application import limits_of
from bot.simulator.values import as_int

NEVER = Death(OUTSIDE)
_POLITE_END = 0
_STARTS_WITHIN_SECONDS = 60.0


class UnrestError(Exception):
    """The bot did not come to rest; says what it left."""


@dataclass(slots=True)
class Trial:
    """A town with its bot, its killer and its weather."""

    name: str
    town: Town
    books: Books
    killer: Killer
    weather: Weather
    doubtful: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _to_write: int = 0

    # -- people -------------------------------------------------------------------------------

    def let_write(self, count: int) -> None:
        """Have so many more messages written, spread over the next moments."""
        self._to_write += count

    async def people_write(self) -> None:
        """Write what is to be written, as people do: now one, now several."""
        rng = self.town.rng
        while True:
            if self.town.up and self._to_write:
                count = min(self._to_write, rng.randint(1, 4))
                self.town.somebody_writes(count)
                self._to_write -= count
            await asyncio.sleep(rng.uniform(0.02, 0.12))

    async def all_is_written(self, seconds: float) -> None:
        """Wait until nobody has anything left to write."""

        async def written() -> bool:
            return self._to_write == 0

        await until_async(written, seconds)

    async def time_and_broadcast(self, appointments: int, broadcasts: int) -> None:
        """Put down work that nobody writes on a phone; the bot must not run meanwhile."""
        async with self.books.opened() as core:
            await torture_books.make_appointments(core, self.town, appointments)
            await torture_books.make_broadcast(core, self.town, broadcasts)

    async def until_called(self, victim: Victim, times: int) -> None:
        """Wait until the bot has made so many more calls, if it lives so long."""
        before = self.town.phones.requests()
        last = as_int(before[-1]["n"]) if before else 0

        def called() -> bool:
            return not victim.alive or len(self.town.phones.requests(after=last)) >= times

        await until(called, _STARTS_WITHIN_SECONDS)

    # -- the end ------------------------------------------------------------------------------

    async def rest(self, seconds: float) -> None:
        """Heal everything, let a last bot finish all there is, and stop it politely.

        Errors: UnrestError with what is left when the time is over.
        """
        await self.all_is_written(seconds)
        self.weather.clears()
        victim = await self.killer.next(NEVER, None)
        left: list[str] = []
        async with self.books.opened() as core:

            async def at_rest() -> bool:
                await asyncio.sleep(0.3)
                now = datetime.now(UTC)
                left[:] = await torture_books.left_to_do(core.database, self.town, now)
                return not left or not victim.alive

            rested = await until_async(at_rest, seconds)
        if not victim.alive:
            self.killer.toll.ended.append(f"at the end: {last_words(self.killer.log)}")
        code = await end(victim)
        if left:
            shown = "\n  ".join(left[:30])
            when = f"within {seconds:.0f} s" if rested is False else "before the bot ended"
            msg = f"{self.name}: not all was done {when}; {len(left)} left:\n  {shown}"
            raise UnrestError(msg)
        if code != _POLITE_END:
            self.killer.toll.ended.append(f"a polite stop gave exit code {code}")

    @property
    def senders(self) -> int:
        """Return how many calls may be under way at a time."""
        return slots_of(limits_of(self.books.config))

    async def verdict(self) -> Verdict:
        """Judge what stands on the phones."""
        async with self.books.opened() as core:
            evidence = await torture_books.evidence(
                core, self.town, tuple(self.doubtful), self.senders
            )
        return judge(evidence)


@asynccontextmanager
async def opened(
    name: str, folder: Path, url: str, rng: random.Random, *, clients: int, coaches: int
) -> AsyncIterator[Trial]:
    """Give a trial in which everybody is linked and nothing has happened."""
    town = Town.of(rng, clients, coaches)
    try:
        await town.opens()
        books = Books.of(town, folder, url)
        await torture_books.move_in(books, town)
        killer = Killer(books.environment, town.phones, folder / "said.log")
        trial = Trial(name, town, books, killer, Weather(rng, town))
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(trial.people_write())
                try:
                    yield trial
                finally:
                    writing.cancel()
        finally:
            await killer.close()
    finally:
        await town.phones.stop()
