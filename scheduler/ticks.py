"""The clock's work: each tick asks one service what is due."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot import steps
from bot.services import (
    broadcast_approval,
    deliveries,
    digests,
    event_reminders,
    followups,
    inbox,
    periods,
    reminders,
    retention,
    translations,
)
from bot.services.core import Core
from bot.telemetry import Part, Telemetry

Clock = Callable[[], datetime]

_HOUR = timedelta(hours=1)
_SLACK_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """A question that time asks again and again; `name` is the one it is counted under."""

    name: str
    find: Callable[[Core, datetime], Awaitable[int]]
    """Does what is due at a moment, and returns how much was found."""


TICKS = (
    Tick("reminders", reminders.queue_due),
    Tick("translations", translations.release_overdue),
    # The months first: what the morning tells is worked out from them.
    Tick("periods", periods.refresh_due),
    Tick("digests", digests.send_due),
    Tick("followups", followups.ask_due),
    Tick("events", event_reminders.queue_due),
    Tick("approvals", broadcast_approval.tell_forgotten),
    Tick("broadcasts", deliveries.run_due),
)
"""What time does every few seconds."""

HOURLY = (Tick("retention", retention.wipe_due), Tick("forgetting", inbox.forget_old))
"""What time does in its own time."""


class Every(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """Comes back some time after it last came.

    The library's own trigger counts every interval it slept through, one by one: after a jump of
    the host clock of a year that is minutes of standstill and a gigabyte of memory.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002 - the base class names it
        """Return when it comes next."""
        return now + self.interval


class Scheduler(AsyncIOScheduler):  # type: ignore[misc]  # the library ships no types
    """Keeps ticking when the host clock is set back.

    The library waits until the clock has caught up with the time it had set itself, be it a day.
    """

    def _process_jobs(self) -> float | None:
        wait: float | None = super()._process_jobs()
        jobs = self.get_jobs()
        shortest = min((job.trigger.interval.total_seconds() for job in jobs), default=0.0)
        if wait is None or wait <= shortest + _SLACK_SECONDS:
            return wait
        log.warning("clock.set_back seconds=%.0f", wait - shortest)
        for job in jobs:
            job.reschedule(job.trigger)
        return shortest


class _Health:
    """Tells the telemetry how the ticks fare; each has its own trouble, all have one name."""

    def __init__(self, telemetry: Telemetry | None) -> None:
        self._telemetry = telemetry
        self.monotonic = telemetry.monotonic if telemetry else time.monotonic
        self._failing: dict[str, str] = {}

    def worked(self, name: str, seconds: float) -> None:
        """Note that a tick did what was due."""
        if self._failing.pop(name, None):
            log.info("clock.works_again tick=%s", name)
            self._tell()
        if self._telemetry is not None:
            self._telemetry.ticked(name, seconds)
            self._telemetry.beat(Part.CLOCK)

    def failed(self, name: str, error: Exception) -> None:
        """Note that a tick could not do what was due."""
        log.error("clock.failed tick=%s error=%s", name, type(error).__name__)
        self._failing[name] = type(error).__name__
        self._tell()

    def _tell(self) -> None:
        if self._telemetry is None:
            return
        what = ", ".join(f"{name} ({error})" for name, error in sorted(self._failing.items()))
        reason = (
            f"what is due could not be done: {what}; it is tried again at every tick. "
            "Look at the disk, the database and the log"
        )
        self._telemetry.trouble(Part.CLOCK, reason if what else None)


def build(
    core: Core, clock: Clock, gate: asyncio.Lock, telemetry: Telemetry | None = None
) -> Scheduler:
    """Return a scheduler that looks at what is due; the due work itself is rows.

    A tick that was late or found nothing costs nothing: the next one asks again, also after one
    that failed. Whoever holds the gate knows that no tick is under way: shutting the scheduler
    down cancels its ticks, and a database connection must not be cut off in the middle of its
    work.
    """
    scheduler = Scheduler(
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    health = _Health(telemetry)

    def job(tick: Tick) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            with suppress(asyncio.CancelledError):  # at the gate, when the program ends
                async with gate:
                    await _run(tick, core, clock, health)

        return run

    often = timedelta(seconds=core.config.scheduler.tick_seconds)
    for every, ticks in ((often, TICKS), (_HOUR, HOURLY)):
        for tick in ticks:
            scheduler.add_job(job(tick), Every(every), id=tick.name)
    return scheduler


async def _run(tick: Tick, core: Core, clock: Clock, health: _Health) -> None:
    """Do one tick; whatever goes wrong is told, and the next one tries again."""
    started = health.monotonic()
    try:
        found = await tick.find(core, clock())
    except Exception as error:  # noqa: BLE001 - the clock must go on, whatever failed
        health.failed(tick.name, error)
        return
    health.worked(tick.name, health.monotonic() - started)
    if found:
        steps.reached(steps.Step.TICKED)


async def run_once(core: Core, now: datetime) -> int:
    """Do everything that is due at `now`; returns how much was found."""
    return sum([await tick.find(core, now) for tick in TICKS])
