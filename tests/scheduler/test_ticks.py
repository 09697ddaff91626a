"""The scheduler: late ticks count once, a failed one is tried again, and no clock stops it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
import sqlalchemy as sa
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.events import JobExecutionEvent as Event

from bot import steps
from bot.config import Config
from bot.services.core import Core
from bot.telemetry import Telemetry
from scheduler import ticks
from tests.scheduler.diary import FIVE, Diary, open_core
from tests.storage.rows import NOW

_PATIENCE_SECONDS = 20.0
OFTEN = (
    "reminders",
    "translations",
    "periods",
    "digests",
    "followups",
    "events",
    "approvals",
    "broadcasts",
)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    """Give a house in which nothing has happened yet, whose clock is looked at every second."""
    config = replace(Config(), scheduler=replace(Config().scheduler, tick_seconds=1))
    opened = await open_core(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}", config)
    yield opened
    await opened.database.close()


class Watched:
    """A running scheduler of which every run is kept."""

    def __init__(self, core: Core) -> None:
        self.scheduler = ticks.build(core, lambda: NOW, asyncio.Lock())
        self.events: list[Event] = []
        self._changed = asyncio.Event()
        kinds = EVENT_JOB_EXECUTED | EVENT_JOB_MISSED | EVENT_JOB_ERROR
        self.scheduler.add_listener(self._note, kinds)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def runs(self, name: str, since: datetime, until: datetime | None = None) -> list[Event]:
        """Return the runs of a tick that were to begin in a span of the host's time."""
        return [
            event
            for event in self.events
            if event.job_id == name
            and since < event.scheduled_run_time
            and (until is None or event.scheduled_run_time <= until)
        ]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def watched(core: Core) -> AsyncIterator[Watched]:
    """Give a scheduler that runs."""
    running = Watched(core)
    running.scheduler.start()
    yield running
    running.scheduler.shutdown(wait=False)
    stopped = asyncio.Event()
    asyncio.get_running_loop().call_soon(stopped.set)
    await stopped.wait()


class HostClock:
    """The clock of the machine as APScheduler reads it, which somebody may set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta(0)
        clock = self

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Shifted":
                moment = datetime.now(tz) + clock.ahead
                return cls.fromtimestamp(moment.timestamp(), tz)

        monkeypatch.setattr("apscheduler.schedulers.base.datetime", Shifted)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_a_tick_that_comes_late_or_twice_is_done_once(core: Core) -> None:
    scheduler = ticks.build(core, lambda: NOW, asyncio.Lock())
    scheduler.start(paused=True)
    jobs = scheduler.get_jobs()
    for job in jobs:
        assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    intervals = {job.id: job.trigger.interval.total_seconds() for job in jobs}
    hourly = {"retention": 3600, "forgetting": 3600}
    assert intervals == {**dict.fromkeys(OFTEN, 1), **hourly}
    scheduler.shutdown(wait=False)


async def test_an_idle_moment_finds_nothing_due(core: Core) -> None:
    assert await ticks.run_once(core, NOW) == 1, "the day itself has begun"
    assert await ticks.run_once(core, NOW) == 0


# --- when the program or the machine stood still ----------------------------------------------


async def test_after_a_blocked_event_loop_each_tick_runs_once_and_none_is_skipped(
    watched: Watched,
) -> None:
    begins = datetime.now(UTC)
    await watched.until(lambda: all(watched.runs(name, begins) for name in OFTEN))

    blocked = max(event.scheduled_run_time for event in watched.events)
    time.sleep(2.5)  # noqa: ASYNC251 - a callback that blocks the loop is what is tried here
    free = datetime.now(UTC)
    await watched.until(lambda: all(watched.runs(name, free) for name in OFTEN))

    for name in OFTEN:
        assert len(watched.runs(name, blocked, free)) == 1
    assert {event.code for event in watched.events} == {EVENT_JOB_EXECUTED}


async def test_a_host_clock_that_is_set_back_a_day_does_not_stop_the_ticks(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = HostClock(monkeypatch)
    watched = Watched(core)
    watched.scheduler.start()
    try:
        await watched.until(lambda: len(watched.events) >= len(OFTEN))
        host.ahead = timedelta(days=-1)
        since = host.now()

        def later(name: str) -> list[Event]:
            return watched.runs(name, since, host.now())

        await watched.until(lambda: all(len(later(name)) >= 2 for name in OFTEN))

        hourly = watched.scheduler.get_job("retention").next_run_time
        assert hourly - host.now() <= timedelta(hours=1)
    finally:
        watched.scheduler.shutdown(wait=False)


async def test_a_host_clock_that_leaps_ahead_gives_one_run_of_each_tick(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = HostClock(monkeypatch)
    watched = Watched(core)
    watched.scheduler.start()
    try:
        await watched.until(lambda: len(watched.events) >= len(OFTEN))
        before = host.now()
        host.ahead = timedelta(days=365)
        after = host.now()
        names = (*OFTEN, "retention")
        await watched.until(lambda: all(watched.runs(name, before) for name in names))
        await watched.until(lambda: all(watched.runs(name, after) for name in OFTEN))

        for name in names:
            assert len(watched.runs(name, before, after)) == 1
    finally:
        watched.scheduler.shutdown(wait=False)


def test_a_tick_that_slept_for_a_year_comes_back_once() -> None:
    # Job.get_run_times asks so until the answer lies in the future, and keeps every answer.
    every = ticks.Every(timedelta(seconds=1))

    assert every.get_next_fire_time(NOW - timedelta(days=365), NOW) > NOW


# --- what a tick tells ------------------------------------------------------------------------


async def _ran(core: Core, telemetry: Telemetry | None, name: str) -> None:
    """Let one tick run as the scheduler runs it."""
    scheduler = ticks.build(core, lambda: FIVE, asyncio.Lock(), telemetry)
    await _run(scheduler, name)


async def _run(scheduler: ticks.Scheduler, name: str) -> None:
    if not scheduler.running:
        scheduler.start(paused=True)
    run: Callable[[], Awaitable[None]] = scheduler.get_job(name).func
    await run()


def _counted(telemetry: Telemetry, name: str) -> float:
    value = telemetry.registry.get_sample_value("taalbrug_tick_seconds_count", {"tick": name})
    return value or 0.0


async def test_each_tick_is_counted_under_its_name_and_the_clock_is_heard(core: Core) -> None:
    telemetry = Telemetry(lambda: 1000.0)
    telemetry.expect("clock", 60)
    scheduler = ticks.build(core, lambda: NOW, asyncio.Lock(), telemetry)
    seconds = 1000.0
    telemetry.monotonic = lambda: seconds

    for name in ("reminders", "translations", "retention"):
        seconds += 61
        assert len(telemetry.stalls()) == 1
        await _run(scheduler, name)
        assert telemetry.stalls() == []
        assert _counted(telemetry, name) == 1
    assert telemetry.troubles() == []
    scheduler.shutdown(wait=False)


async def test_a_tick_that_found_something_is_a_named_step_once_it_is_committed(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = await Diary.begin(core, NOW)
    await diary.fill(1, FIVE)
    reached: list[steps.Step] = []
    monkeypatch.setattr(steps, "_listeners", [reached.append])

    await _ran(core, None, "translations")
    assert reached == []
    await _ran(core, None, "reminders")
    assert reached == [steps.Step.TICKED]
    assert len(await diary.calls()) == 1
    await _ran(core, None, "reminders")
    assert reached == [steps.Step.TICKED]


async def test_a_tick_that_fails_is_told_and_tried_again_and_loses_nothing(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    diary = await Diary.begin(core, NOW)
    await diary.fill(3, FIVE)
    telemetry = Telemetry()
    scheduler = ticks.build(core, lambda: FIVE, asyncio.Lock(), telemetry)

    await _rename(core, "reminders", "away")
    with caplog.at_level(logging.ERROR):
        await _run(scheduler, "reminders")
        await _run(scheduler, "translations")  # one that works does not hide one that fails

    logged = [record.getMessage() for record in caplog.records]
    assert logged == ["clock.failed tick=reminders error=StorageError"]
    assert not [record for record in caplog.records if record.exc_info]
    (trouble,) = telemetry.troubles()
    assert trouble.startswith("clock: what is due could not be done: reminders (StorageError);")
    assert _counted(telemetry, "reminders") == 0

    await _rename(core, "away", "reminders")
    await _run(scheduler, "reminders")

    assert telemetry.troubles() == []
    assert len(await diary.calls()) == 3
    scheduler.shutdown(wait=False)


async def _rename(core: Core, table: str, name: str) -> None:
    async with core.database.transaction() as tx:
        await tx.run(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_whoever_holds_the_gate_knows_that_no_tick_is_under_way(core: Core) -> None:
    diary = await Diary.begin(core, NOW)
    await diary.fill(1, FIVE)
    gate = asyncio.Lock()
    scheduler = ticks.build(core, lambda: FIVE, gate)
    async with asyncio.TaskGroup() as group:
        async with gate:
            waiting = group.create_task(_run(scheduler, "reminders"))
            while not (gate._waiters or waiting.done()):
                commits = core.database.commits
                await commits.after(commits.count, 0.001)
            assert await diary.calls() == []
        await waiting
    assert len(await diary.calls()) == 1
    scheduler.shutdown(wait=False)
