"""Receiving: every update is kept before Telegram is told, whatever happens on the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters import loops
from bot.adapters.telegram import make_bot
from bot.config import Config, Telegram
from bot.domain.errors import ConfigError
from bot.services.core import Core
from bot.simulator import Clock, Phone, Simulator
from bot.storage.database import Database
from bot.storage.schema import inbox
from bot.telemetry import Telemetry
from bot.texts import Texts

TOKEN = "100000007:token-of-these-tests"
SELAM, KHALED = 5002, 5003


@dataclass
class Line:
    """A simulator with two phones, and a database that a receiver fills."""

    simulator: Simulator
    core: Core
    clock: Clock
    url: str
    telemetry: Telemetry

    @asynccontextmanager
    async def receiving(self, token: str = TOKEN) -> AsyncIterator[asyncio.Event]:
        """Receive until the end of the block."""
        bot = make_bot(token, self.url, 1)
        await bot.initialize()
        stopping = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    loops.receive(
                        self.core,
                        bot,
                        self.clock.now,
                        stopping,
                        self.telemetry,
                        trouble_seconds=0.01,
                    )
                )
                yield stopping
                stopping.set()
        finally:
            await bot.shutdown()

    async def kept(self) -> list[str]:
        """Return the texts of the updates that were kept, in order."""
        async with self.core.database.reading() as tx:
            rows = await tx.rows(sa.select(inbox.c.raw).order_by(inbox.c.id))
        updates = [json.loads(row["raw"]) for row in rows]
        return [str(update.get("message", {}).get("text")) for update in updates]

    async def until_kept(self, count: int) -> list[str]:
        """Wait until so many updates are kept."""
        commits = self.core.database.commits
        async with asyncio.timeout(20):
            while len(kept := await self.kept()) < count:
                await commits.after(commits.count, 0.1)
        return kept

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until the simulator has seen something."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.wait_for(self.simulator.until_polled(), 20)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    clock = Clock()
    simulator = Simulator(token=TOKEN, bot_username="a_bot", bot_name="Bot", clock=clock)
    for number, name in ((SELAM, "Selam"), (KHALED, "Khaled")):
        simulator.put_phone(Phone(user_id=number, first_name=name, subtitle=""))
    url = await simulator.start()
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}")
    config = Config(telegram=Telegram(api_url=url, poll_seconds=5), token=TOKEN)
    yield Line(simulator, Core(database, Texts({}), config, "a_bot"), clock, url, Telemetry())
    await simulator.stop()
    await database.close()


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [("409", 0), ("429", 0), ("500", 0), ("502_html", 0), ("refuse", 0), ("garbage", 0),
     ("half_response", 0), ("accept_then_close", 0), ("duplicate_updates", 0),
     ("reverse_updates", 0)],
)  # fmt: skip
async def test_no_update_is_lost_or_kept_twice_when_asking_goes_wrong(
    line: Line, fault: str, retry_after: int
) -> None:
    line.simulator.say(SELAM, "een")
    line.simulator.say(KHALED, "twee")
    line.simulator.fault(fault, method="getUpdates", times=2, retry_after=retry_after)
    async with line.receiving():
        await line.until_kept(2)
        line.simulator.say(SELAM, "drie")
        kept = await line.until_kept(3)

    assert sorted(kept) == ["drie", "een", "twee"]
    assert not line.simulator.faults(), "the fault did happen"


async def test_another_program_on_the_token_is_said_until_it_is_gone(line: Line) -> None:
    line.simulator.fault("409", method="getUpdates", times=10_000)
    async with line.receiving():
        commits = line.core.database.commits
        async with asyncio.timeout(20):
            while not line.telemetry.troubles():
                await commits.after(commits.count, 0.05)
        assert "stop one of the two" in line.telemetry.troubles()[0]
        line.simulator.clear_faults()
        line.simulator.say(SELAM, "een")
        await line.until_kept(1)
        assert line.telemetry.troubles() == []


async def test_a_network_that_was_away_at_the_start_is_waited_for(line: Line) -> None:
    line.simulator.say(SELAM, "een")
    async with line.receiving():
        await line.until_kept(1)
        await line.simulator.stop()
        url = await line.simulator.start(port=int(line.url.rpartition(":")[2]))
        assert url == line.url
        line.simulator.say(SELAM, "twee")
        assert await line.until_kept(2) == ["een", "twee"]


async def test_an_update_is_confirmed_only_after_it_was_kept(line: Line) -> None:
    line.simulator.say(SELAM, "een")
    async with line.receiving():
        await line.until_kept(1)
        await line.simulator.until_polled()
        assert line.simulator.pending_updates == 0

    async with line.receiving():
        line.simulator.say(SELAM, "twee")
        assert await line.until_kept(2) == ["een", "twee"]


async def test_a_receiver_told_to_stop_does_not_finish_its_long_question(line: Line) -> None:
    async with asyncio.timeout(4), line.receiving() as stopping:  # it would have waited 5 seconds
        await line.simulator.until_polled()
        stopping.set()


async def test_a_token_that_telegram_withdrew_ends_the_receiver_with_a_remedy(line: Line) -> None:
    bot = make_bot(TOKEN, line.url, 1)
    await bot.initialize()
    await line.simulator.stop()
    revoked = Simulator(
        token="100000007:another", bot_username="a_bot", bot_name="Bot", clock=line.clock
    )
    await revoked.start(port=int(line.url.rpartition(":")[2]))

    with pytest.raises(ConfigError, match="TAALBRUG_TELEGRAM_TOKEN"):
        await loops.receive(line.core, bot, line.clock.now, asyncio.Event(), line.telemetry)

    await revoked.stop()
    await bot.shutdown()


async def test_an_update_nobody_can_read_does_not_keep_the_others_out(line: Line) -> None:
    line.simulator.put_update({"message": {"chat": {"id": "geen getal"}, "text": "x"}})
    line.simulator.put_update({"message": {"chat": {"id": SELAM}, "text": "nul \x00"}})
    line.simulator.put_update({"message": "geen object"})
    line.simulator.put_update({})
    line.simulator.say(SELAM, "gewoon")
    async with line.receiving():
        commits = line.core.database.commits
        async with asyncio.timeout(20):
            while await _count(line.core) < 5:
                await commits.after(commits.count, 0.1)
    async with line.core.database.reading() as tx:
        rows = await tx.rows(sa.select(inbox.c.lane).order_by(inbox.c.id))
    assert [row["lane"] for row in rows] == [0, SELAM, 0, 0, SELAM]


async def _count(core: Core) -> int:
    async with core.database.reading() as tx:
        return await tx.number(sa.select(sa.func.count()).select_from(inbox))
