"""The lease: one process at a time, at once after a dead one, never beside a living one."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.services import lease
from bot.services.lease import Held, Lease, Life, Owner, lease_name
from bot.storage.database import Database
from bot.storage.schema import leases as table

ROOT = Path(__file__).parent.parent.parent
NAME = lease_name(100000001)
FAR = Owner("pi9", 77, "100", "pid:[9]", "another-machine")
FARTHER = Owner("pi8", 78, "200", "pid:[8]", "a-third-machine")

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

CHILD = """
import asyncio, sys
{before}
from bot.services import lease
from bot.storage.database import Database

async def main():
    database = await Database.open(sys.argv[1])
    got = await lease.take(database, sys.argv[2], lease.Owner.here())
    print("taken" if isinstance(got, lease.Lease) else "held", flush=True)
    if sys.argv[3] == "stay":
        await asyncio.to_thread(sys.stdin.read)
    await database.close()

asyncio.run(main())
"""

AHEAD = """
import datetime, time
_real, _datetime = time.time, datetime.datetime
class Ahead(_datetime):
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + datetime.timedelta(hours=1)
    @classmethod
    def utcnow(cls):
        return _datetime.utcnow() + datetime.timedelta(hours=1)
time.time = lambda: _real() + 3600
datetime.datetime = Ahead
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"
    given: str = request.getfixturevalue("postgres_ready_url")
    return given


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """Give that database, open."""
    opened = await Database.open(url)
    yield opened
    await opened.close()


@asynccontextmanager
async def child(url: str, *, before: str = "", name: str = NAME) -> AsyncIterator[Process]:
    """Run a process that takes the lease and stays until it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD.format(before=before),
        url,
        name,
        "stay",
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT)])},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def word_of(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def taken(database: Database, owner: Owner) -> Lease:
    got = await lease.take(database, NAME, owner)
    assert isinstance(got, Lease), got
    return got


async def let_it_end(database: Database) -> None:
    """Have the lease be over by the database's clock."""
    async with database.transaction() as tx:
        await tx.run(
            sa.update(table).values(until_at=table.c.taken_at - sa.literal(timedelta(hours=1)))
            if tx.connection.dialect.name == "postgresql"
            else sa.update(table).values(until_at=sa.text("'2020-01-01 00:00:00.000000'"))
        )


async def rename(database: Database, old: str, new: str) -> None:
    """Take the table away, or put it back."""
    async with database.transaction() as tx:
        await tx.run(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


class Told:
    """How often it was told that the lease is lost."""

    def __init__(self) -> None:
        self.times = 0
        self.first = asyncio.Event()

    def __call__(self) -> None:
        """Count it."""
        self.times += 1
        self.first.set()


class Hand:
    """A clock and a sleep that move only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[float] = []
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._changed = asyncio.Event()

    def monotonic(self) -> float:
        """Give the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the test has moved the time far enough."""
        self.asked.append(seconds)
        event = asyncio.Event()
        self._sleepers.append((self.now + seconds, event))
        self._changed.set()
        await event.wait()

    async def until_asked(self, count: int) -> None:
        """Wait until something has asked to sleep so many times."""
        while len(self.asked) < count:
            self._changed.clear()
            await self._changed.wait()

    def move(self, seconds: float) -> None:
        """Let time go by, and wake whose time has come."""
        self.now += seconds
        for until, event in self._sleepers:
            if until <= self.now:
                event.set()


# --- who has it --------------------------------------------------------------------------


async def test_a_free_lease_is_taken_and_whoever_comes_next_is_told_who_has_it(
    database: Database,
) -> None:
    mine = await taken(database, FAR)
    assert (mine.epoch, mine.good(lease.uptime())) == (1, True)
    held = await lease.take(database, NAME, FARTHER)
    assert isinstance(held, Held)
    assert (held.by, held.life) == (FAR, Life.UNKNOWN)
    assert 0 < held.seconds_left <= lease.LEASE_SECONDS


async def test_the_leases_of_two_bots_are_apart(database: Database) -> None:
    await taken(database, FAR)
    assert isinstance(await lease.take(database, lease_name(2), FARTHER), Lease)


async def test_a_lease_that_was_given_back_is_free_at_once_with_a_higher_epoch(
    database: Database,
) -> None:
    mine = await taken(database, FAR)
    await lease.release(database, mine)
    assert not mine.good(lease.uptime())
    assert (await taken(database, FARTHER)).epoch == 2
    await lease.release(database, mine)  # too late, and without harm
    assert isinstance(await lease.take(database, NAME, FAR), Held)


async def test_of_many_that_take_at_once_exactly_one_wins(url: str, database: Database) -> None:
    others = [await Database.open(url) for _ in range(4)]
    owners = [replace(FAR, host=f"pi{number}", boot=f"{number}") for number in range(1, 6)]
    try:
        for epoch in (1, 2):  # a lease that nobody ever had, and one that has ended
            got = await asyncio.gather(
                *(
                    lease.take(each, NAME, owner)
                    for each, owner in zip((database, *others), owners, strict=True)
                )
            )
            [won] = [one for one in got if isinstance(one, Lease)]
            assert won.epoch == epoch
            assert {one.by for one in got if isinstance(one, Held)} <= {won.owner}
            await let_it_end(database)
    finally:
        for other in others:
            await other.close()


async def test_a_lease_that_was_not_renewed_is_taken_and_the_late_holder_finds_out(
    database: Database,
) -> None:
    late = await taken(database, FAR)
    await let_it_end(database)
    now = await taken(database, FARTHER)
    assert now.epoch == late.epoch + 1
    async with database.transaction() as tx:
        assert not await lease.still_ours(tx, late)
        assert await lease.still_ours(tx, now)
    assert not await lease.renew(database, late)
    assert not late.good(0.0)
    assert await lease.renew(database, now)


async def test_a_lease_over_its_time_that_nobody_took_is_still_its_holders(
    database: Database,
) -> None:
    mine = await taken(database, FAR)
    await let_it_end(database)
    async with database.transaction() as tx:
        assert await lease.still_ours(tx, mine)
    assert await lease.renew(database, mine)
    assert isinstance(await lease.take(database, NAME, FARTHER), Held)


async def test_a_holding_that_was_watched_for_its_length_has_ended_whatever_the_clock_says(
    database: Database,
) -> None:
    """A machine that starts with its clock set back must not wait for an hour."""
    mine = await taken(database, FAR)
    held = await lease.take(database, NAME, FARTHER)
    assert isinstance(held, Held)
    await lease.renew(database, mine)
    again = await lease.take(database, NAME, FARTHER, stale=held.mark)
    assert isinstance(again, Held)  # renewed meanwhile, so it lives
    assert isinstance(await lease.take(database, NAME, FARTHER, stale=again.mark), Lease)


async def test_a_process_takes_anew_what_it_let_end_itself(database: Database) -> None:
    here = Owner.here()
    await taken(database, here)
    assert isinstance(await lease.take(database, NAME, here), Held)
    await let_it_end(database)
    assert (await taken(database, here)).epoch == 2


async def test_an_owner_that_is_no_process_is_waited_for_and_then_gone(
    database: Database,
) -> None:
    await taken(database, FAR)
    async with database.transaction() as tx:
        await tx.run(sa.update(table).values(owner="somebody"))
    held = await lease.take(database, NAME, FARTHER)
    assert isinstance(held, Held)
    assert (held.by, held.life) == (None, Life.UNKNOWN)
    assert "another machine" in lease.words_for(held)
    await let_it_end(database)
    assert isinstance(await lease.take(database, NAME, FARTHER), Lease)


# --- real processes ----------------------------------------------------------------------


async def test_a_living_process_keeps_its_lease_also_when_it_is_over_time(
    url: str, database: Database
) -> None:
    async with child(url) as process:
        assert await word_of(process) == "taken"
        for _ in range(2):
            held = await lease.take(database, NAME, Owner.here())
            assert isinstance(held, Held)
            assert held.by is not None
            assert (held.by.pid, held.life) == (process.pid, Life.ALIVE)
            assert f"kill {process.pid}" in lease.words_for(held)
            await let_it_end(database)


@linux
async def test_after_a_kill_the_next_process_on_the_machine_takes_over_at_once(
    url: str, database: Database
) -> None:
    async with child(url) as process:
        assert await word_of(process) == "taken"
        assert isinstance(await lease.take(database, NAME, Owner.here()), Held)
        process.kill()
        await process.wait()
        got = await lease.take(database, NAME, Owner.here())
    assert isinstance(got, Lease)
    assert got.epoch == 2


@linux
async def test_a_killed_process_of_another_machine_or_container_is_waited_for(
    url: str, database: Database
) -> None:
    here = Owner.here()
    async with child(url) as process:
        assert await word_of(process) == "taken"
        process.kill()
        await process.wait()
    for elsewhere in (
        replace(here, host="another"),
        replace(here, space="pid:[1]"),
        replace(here, boot="another"),
    ):
        held = await lease.take(database, NAME, elsewhere)
        assert isinstance(held, Held)
        assert held.life is Life.UNKNOWN


async def test_the_clock_of_the_process_that_asks_does_not_matter(
    url: str, database: Database
) -> None:
    """It is an hour ahead; by it the lease would be over."""
    await taken(database, FAR)
    async with child(url, before=AHEAD) as process:
        assert await word_of(process) == "held"
    await let_it_end(database)
    async with child(url, before=AHEAD) as process:
        assert await word_of(process) == "taken"
    held = await lease.take(database, NAME, FARTHER)
    assert not isinstance(held, Held) or held.seconds_left <= lease.LEASE_SECONDS


# --- what is certain about a process -----------------------------------------------------


@contextmanager
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that does nothing until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def ticks_of(pid: int) -> str:
    """Read when a process started, in the way of the manual: field 22."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


@linux
def test_a_process_is_alive_only_under_the_start_time_it_has() -> None:
    here = Owner.here()
    with sleeper() as process:
        owner = replace(here, pid=process.pid, started=ticks_of(process.pid))
        assert here.life_of(owner) is Life.ALIVE
        assert here.life_of(replace(owner, started="1")) is Life.DEAD
        assert here.life_of(replace(owner, started="-")) is Life.UNKNOWN


@linux
def test_a_killed_process_is_dead_before_and_after_its_parent_asks() -> None:
    here = Owner.here()
    with sleeper() as process:
        owner = replace(here, pid=process.pid, started=ticks_of(process.pid))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet asked
        assert Path(f"/proc/{process.pid}").exists()
        assert here.life_of(owner) is Life.DEAD
        process.wait()
        assert here.life_of(owner) is Life.DEAD


@linux
def test_a_stopped_process_is_alive() -> None:
    here = Owner.here()
    with sleeper() as process:
        owner = replace(here, pid=process.pid, started=ticks_of(process.pid))
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        assert here.life_of(owner) is Life.ALIVE


@linux
def test_our_own_number_with_another_start_time_was_a_process_before_us() -> None:
    here = Owner.here()
    assert here.life_of(here) is Life.ALIVE
    assert here.life_of(replace(here, started="1")) is Life.DEAD


def test_an_owner_is_kept_in_the_table_as_it_is() -> None:
    here = Owner.here()
    for owner in (here, FAR, Owner("é" * 80, 4194304)):
        assert Owner.parse(str(owner)) == owner
        assert len(str(owner)) <= 200
    assert Owner.parse("") is None
    assert Owner.parse("a b c d e") is None


# --- waiting -----------------------------------------------------------------------------


async def test_a_second_process_says_once_who_is_there_and_goes_on_when_it_stops(
    database: Database,
) -> None:
    mine, hand, said = await taken(database, FAR), Hand(), list[str]()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(
            lease.take_or_wait(
                database,
                NAME,
                FARTHER,
                stopping=asyncio.Event(),
                say=said.append,
                sleep=hand.sleep,
                monotonic=hand.monotonic,
            )
        )
        for count in (1, 2, 3):
            await hand.until_asked(count)
            hand.move(1)
        await hand.until_asked(4)
        await lease.release(database, mine)
        hand.move(1)
    got = waiting.result()
    assert got is not None
    assert (got.owner, got.epoch) == (FARTHER, 2)
    [words] = said
    assert words.startswith("Process 77 on pi9 already runs this bot on this database, since 2")


async def test_whoever_waits_does_not_wait_longer_than_a_lease_for_one_that_is_not_renewed(
    database: Database,
) -> None:
    """Also when the database's clock was set back, and it seems to last for years."""
    await taken(database, FAR)
    async with database.transaction() as tx:
        await tx.run(sa.update(table).values(until_at=sa.text("'2099-01-01 00:00:00.000000'")))
    hand = Hand()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(
            lease.take_or_wait(
                database,
                NAME,
                FARTHER,
                stopping=asyncio.Event(),
                say=list[str]().append,
                sleep=hand.sleep,
                monotonic=hand.monotonic,
            )
        )
        await hand.until_asked(1)
        hand.move(lease.LEASE_SECONDS)
        await hand.until_asked(2)
        assert not waiting.done()
        hand.move(1)
    assert waiting.result() is not None


async def test_whoever_waits_can_be_told_to_stop(database: Database) -> None:
    await taken(database, FAR)
    hand, stopping = Hand(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(
            lease.take_or_wait(
                database,
                NAME,
                FARTHER,
                stopping=stopping,
                say=list[str]().append,
                sleep=hand.sleep,
            )
        )
        await hand.until_asked(1)
        stopping.set()
    assert waiting.result() is None
    assert isinstance(await lease.take(database, NAME, FARTHER), Held)


# --- keeping -----------------------------------------------------------------------------


@asynccontextmanager
async def kept(
    database: Database, mine: Lease, hand: Hand
) -> AsyncIterator[tuple[asyncio.Event, Told]]:
    """Keep a lease; gives what stops it, and what is told when it is lost."""
    stopping, lost = asyncio.Event(), Told()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            lease.keep(
                mine,
                database,
                stopping,
                lost=lost,
                sleep=hand.sleep,
                monotonic=hand.monotonic,
            )
        )
        await hand.until_asked(2)
        yield stopping, lost
        stopping.set()


async def taken_by_hand(database: Database, hand: Hand) -> Lease:
    got = await lease.take(database, NAME, FAR, monotonic=hand.monotonic)
    assert isinstance(got, Lease)
    return got


async def test_a_lease_is_renewed_every_five_seconds_and_stays_good(database: Database) -> None:
    hand = Hand()
    mine = await taken_by_hand(database, hand)
    async with kept(database, mine, hand) as (_, lost):
        for turn in range(1, 7):
            hand.move(lease.RENEW_SECONDS)
            while hand.asked.count(lease.RENEW_SECONDS) == turn:
                await hand.until_asked(len(hand.asked) + 1)
            assert mine.good(hand.now)
            assert mine.ends == hand.now + lease.LEASE_SECONDS
    assert lost.times == 0


async def test_a_lease_that_somebody_else_took_is_told_once(database: Database) -> None:
    hand = Hand()
    mine = await taken_by_hand(database, hand)
    async with kept(database, mine, hand) as (_, lost):
        await let_it_end(database)
        await taken(database, FARTHER)
        hand.move(lease.RENEW_SECONDS)
        await lost.first.wait()
    assert lost.times == 1
    assert not mine.good(hand.now)


async def test_a_lease_counts_as_lost_before_its_end_when_the_database_cannot_be_written(
    database: Database,
) -> None:
    hand = Hand()
    mine = await taken_by_hand(database, hand)
    ends = mine.ends
    async with kept(database, mine, hand) as (_, lost):
        async with database.transaction():  # somebody writes and does not come to an end
            hand.move(lease.LEASE_SECONDS - lease.MARGIN_SECONDS - 0.5)
            assert mine.good(hand.now)
            hand.move(0.5)
            assert not mine.good(hand.now)
            await lost.first.wait()
        assert hand.now < ends
    assert lost.times == 1
    assert not mine.good(0.0)  # also when the renewing came through after all


async def test_a_database_that_cannot_be_written_for_a_while_is_asked_again(
    tmp_path: Path,
) -> None:
    database, hand = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'taalbrug.db'}"), Hand()
    try:
        mine = await taken_by_hand(database, hand)
        async with kept(database, mine, hand) as (_, lost):
            await rename(database, "leases", "gone")
            hand.move(lease.RENEW_SECONDS)
            await hand.until_asked(3)
            assert hand.asked[-1] < lease.RENEW_SECONDS
            await rename(database, "gone", "leases")
            hand.move(lease.RENEW_SECONDS)
            await hand.until_asked(4)
            assert mine.ends == hand.now + lease.LEASE_SECONDS
        assert lost.times == 0
    finally:
        await database.close()


async def test_a_lease_is_left_alone_after_the_stop(database: Database) -> None:
    hand = Hand()
    mine = await taken_by_hand(database, hand)
    async with kept(database, mine, hand) as (stopping, lost):
        stopping.set()
    hand.move(lease.LEASE_SECONDS)
    assert lost.times == 0
    await lease.release(database, mine)
    assert isinstance(await lease.take(database, NAME, FARTHER), Lease)
