"""What planned reminders cost: at the start, in memory, when nothing is due and when much is.

The baseline keeps a job for each reminder in APScheduler, as reminders in bots are usually kept.
Each measurement runs in a process of its own; `python -m bench.reminders NAME …` is that process.
"""

import asyncio
import gc
import json
import os
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bench import figures, people
from bench.figures import Figure, median
from bench.processes import started, workspace
from bot.config import Config
from bot.services import reminders
from bot.services.core import Core
from bot.storage.database import Database
from bot.texts import Texts
from scheduler import ticks

PLANNED = 200_000
_CLIENTS = 1000
_DUE = (500, 1000)
_EMPTY_TICKS = 500
_SECONDS, _MILLISECONDS = "s", "ms"
_LONG_AHEAD = datetime(2030, 1, 7, 9, tzinfo=UTC)
_PATIENCE_SECONDS = 300.0

_PLAN = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})
INSERT INTO {table} ({columns}) SELECT {values} FROM n JOIN appointments AS a
ON a.id = 1 + n.i % {people}
"""


def _plan(file: Path, due: int) -> None:
    """Fill a diary: `due` reminders at once, and as many as PLANNED that come later."""
    due_at = people.START + timedelta(hours=1)
    people.plan_reminders(file, due, due_at)
    with closing(sqlite3.connect(file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(appointments)")]
        copied = ", ".join(column for column in columns if column != "id")
        first: int = connection.execute("SELECT max(id) FROM appointments").fetchone()[0]
        count = PLANNED // 2
        connection.execute(
            _PLAN.format(
                count=count, table="appointments", columns=copied, values=copied, people=due
            )
        )
        for days, kind in ((30, "day_before"), (31, "hours_before")):
            connection.execute(
                "INSERT INTO reminders (appointment_id, revision, kind, due_at, state) "
                "SELECT id, 1, ?, strftime('%Y-%m-%d %H:%M:00.000000', ?, '+' || (id % 40000) "
                "|| ' minutes'), 'planned' FROM appointments WHERE id > ?",
                (kind, (due_at + timedelta(days=days)).isoformat(" ")[:19], first),
            )
        connection.commit()
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _resident_mb() -> float:
    """Return how much memory this process holds, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _timed(work: Awaitable[object]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _longest_hold(work: Awaitable[object]) -> float:
    """Return for how many seconds at most the event loop did nothing but this."""
    longest, last, done = 0.0, time.perf_counter(), False

    async def look() -> None:
        nonlocal longest, last
        while not done:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    async with asyncio.TaskGroup() as group:
        group.create_task(look())
        await work
        done = True
    return longest


# --- the processes that are measured ----------------------------------------------------------


async def _ours(file: str) -> dict[str, float]:
    texts = Texts.load()
    before, begun = _resident_mb(), time.perf_counter()
    database = await Database.open(people.database_url(Path(file)))
    core = Core(database, texts, Config(), "taalbrug_bench_bot")
    scheduler = ticks.build(core, lambda: people.START, asyncio.Lock())
    scheduler.start()
    assert await reminders.queue_due(core, people.START) == 0  # noqa: S101 - else it measures nothing
    start = time.perf_counter() - begun
    empty = [await _timed(reminders.queue_due(core, people.START)) for _ in range(_EMPTY_TICKS)]
    memory = _resident_mb() - before
    scheduler.shutdown(wait=False)
    due = people.START + timedelta(hours=1)
    cpu, seconds = time.process_time(), 0.0

    async def queue() -> None:
        nonlocal seconds
        seconds = await _timed(reminders.queue_due(core, due))

    hold = await _longest_hold(queue())
    cpu = time.process_time() - cpu
    await database.close()
    return {
        "start": start,
        "memory": memory,
        "empty": median(empty),
        "due": seconds,
        "cpu": cpu,
        "hold": hold,
    }


_done = asyncio.Event()
_left = 0
_kept: sqlite3.Connection | None = None


async def _job(number: int) -> None:
    """Keep one reminder so that it outlives a crash, which is the least that a job must do."""
    global _left  # noqa: PLW0603 - a job of a persistent store must be a plain function
    if _kept is not None:
        with _kept:
            _kept.execute("INSERT INTO kept VALUES (?)", (number,))
    _left -= 1
    if not _left:
        _done.set()


def _add(scheduler: AsyncIOScheduler, count: int, at: datetime, spread: int) -> None:
    options = {"misfire_grace_time": None, "coalesce": True}
    for number in range(count):
        when = at + timedelta(minutes=number % spread)
        scheduler.add_job(_job, "date", run_date=when, args=(number,), **options)


async def _memory_store(count: str, file: str) -> dict[str, float]:
    global _left, _kept  # noqa: PLW0603 - see _job
    before, begun = _resident_mb(), time.perf_counter()
    scheduler = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone=UTC)
    _add(scheduler, int(count), _LONG_AHEAD, 40_000)
    scheduler.start()
    start = time.perf_counter() - begun
    await asyncio.sleep(0)
    memory = _resident_mb() - before
    empty = []
    for _ in range(_EMPTY_TICKS):
        begun = time.perf_counter()
        scheduler._process_jobs()
        empty.append(time.perf_counter() - begun)
    _kept = sqlite3.connect(file)
    _kept.execute("PRAGMA journal_mode=WAL")
    _kept.execute("CREATE TABLE kept (number INTEGER)")
    _left = _DUE[0]
    scheduler.pause()
    _add(scheduler, _left, datetime.now(UTC) - timedelta(days=1), 1)
    begun = time.perf_counter()
    scheduler.resume()
    await _done.wait()
    due = time.perf_counter() - begun
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)
    _kept.close()
    return {"start": start, "memory": memory, "empty": median(empty), "due": due}


async def _database_store(count: str, file: str) -> dict[str, float]:
    begun = time.perf_counter()
    store = SQLAlchemyJobStore(url=f"sqlite:///{file}")
    scheduler = AsyncIOScheduler(jobstores={"default": store}, timezone=UTC)
    _add(scheduler, int(count), _LONG_AHEAD, 40_000)
    scheduler.start()
    start = time.perf_counter() - begun
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)
    return {"start": start}


_PROCESSES: dict[str, Callable[..., Coroutine[None, None, dict[str, float]]]] = {
    "ours": _ours,
    "memory": _memory_store,
    "database": _database_store,
}


async def _ask(name: str, *given: str) -> dict[str, float]:
    async with started(name, "bench.reminders", name, *given) as child:
        answer: dict[str, float] = json.loads(await child.line(_PATIENCE_SECONDS))
        return answer


# --- the figures ------------------------------------------------------------------------------


async def measure(quick: bool) -> list[Figure]:
    """Measure 200,000 planned reminders; `quick` extrapolates the baselines from fewer."""
    in_memory, in_database = (20_000, 500) if quick else (PLANNED, 10_000)
    with workspace() as folder:
        template = await people.make_template(folder, _CLIENTS)
        empty = await _ask("ours", str(_filled(folder, template, 0)))
        few, many = [await _ask("ours", str(_filled(folder, template, due))) for due in _DUE]
        jobs = await _ask("memory", str(in_memory), str(folder / "jobs.db"))
        stored = await _ask("database", str(in_database), str(folder / "store.db"))
    times, note = PLANNED / in_memory, " (extrapolated)" if in_memory < PLANNED else ""
    name, store = f"{PLANNED:,} planned reminders", "beside APScheduler's MemoryJobStore"
    return [
        figures.at_most(
            f"{name}: start, {store}{note}",
            few["start"],
            _SECONDS,
            0.1,
            baseline=jobs["start"] * times,
        ),
        figures.plain(
            f"{name}: start, beside APScheduler's SQLAlchemyJobStore (extrapolated)",
            few["start"],
            _SECONDS,
            baseline=stored["start"] * PLANNED / in_database,
        ),
        figures.at_most(
            f"{name}: memory above none planned, {store}{note}",
            max(few["memory"] - empty["memory"], 0.0),
            "MB",
            5,
            baseline=jobs["memory"] * times,
        ),
        figures.at_most(
            f"{name}: a tick that finds nothing, {store}",
            few["empty"] * 1000,
            _MILLISECONDS,
            1,
            baseline=jobs["empty"] * 1000,
        ),
        figures.plain(
            f"{name}: a tick with {_DUE[0]} due, beside as many jobs that each keep one row",
            few["due"] * 1000,
            _MILLISECONDS,
            baseline=jobs["due"] * 1000,
        ),
        figures.plain(f"{name}: a tick with {_DUE[1]:,} due", many["due"], _SECONDS),
        figures.plain(f"{name}: a tick with {_DUE[1]:,} due, CPU", many["cpu"], _SECONDS),
        figures.plain(
            f"{name}: a tick with {_DUE[1]:,} due, longest hold of the event loop",
            many["hold"] * 1000,
            _MILLISECONDS,
        ),
    ]


def _filled(folder: Path, template: Path, due: int) -> Path:
    """Return a fresh diary with so much due at once; with 0 there is nothing at all in it."""
    file = folder / f"reminders-{due}.db"
    people.copy(template, file)
    if due:
        _plan(file, due)
    return file


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_PROCESSES[sys.argv[1]](*sys.argv[2:]))), flush=True)
