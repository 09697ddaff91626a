"""The scheduler: late ticks count once, and each asks its service what is due."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Config
from bot.services.core import Core
from bot.storage.database import Database
from bot.texts import Texts
from scheduler import ticks

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def test_a_tick_that_comes_late_or_twice_is_done_once(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    core = Core(database, Texts({}), Config(), "")
    scheduler = ticks.build(core, lambda: NOW, asyncio.Lock())
    scheduler.start(paused=True)
    jobs = scheduler.get_jobs()
    for job in jobs:
        assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    every = core.config.scheduler.tick_seconds
    assert [job.trigger.interval.total_seconds() for job in jobs] == [every, every, 3600]
    scheduler.shutdown(wait=False)
    await database.close()


async def test_an_idle_moment_finds_nothing_due(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")

    assert await ticks.run_once(Core(database, Texts({}), Config(), ""), NOW) == 0

    await database.close()
