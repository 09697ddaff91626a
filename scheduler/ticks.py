"""The clock's work: each tick asks one service what is due."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.services import reminders, retention, translations
from bot.services.core import Core

Clock = Callable[[], datetime]
Tick = Callable[[Core, datetime], Awaitable[int]]

TICKS: tuple[Tick, ...] = (reminders.queue_due, translations.release_overdue)
"""What time does every few seconds."""

HOURLY: tuple[Tick, ...] = (retention.wipe_due,)
"""What time does in its own time."""


def build(core: Core, clock: Clock, gate: asyncio.Lock) -> AsyncIOScheduler:
    """Return a scheduler that looks at what is due; the due work itself is rows.

    A tick that was late or found nothing costs nothing: the next one asks again. Whoever holds
    the gate knows that no tick is under way: shutting the scheduler down cancels its ticks, and
    a database connection must not be cut off in the middle of its work.
    """
    scheduler = AsyncIOScheduler(
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )

    def job(tick: Tick) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            with suppress(asyncio.CancelledError):  # at the gate, when the program ends
                async with gate:
                    await tick(core, clock())

        return run

    for tick in TICKS:
        scheduler.add_job(job(tick), "interval", seconds=core.config.scheduler.tick_seconds)
    for tick in HOURLY:
        scheduler.add_job(job(tick), "interval", hours=1)
    return scheduler


async def run_once(core: Core, now: datetime) -> int:
    """Do everything that is due at `now`; returns how much was found."""
    return sum([await tick(core, now) for tick in TICKS])
