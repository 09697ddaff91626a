"""Transactions: all or nothing, never mixed, and others are woken only after the commit."""

import asyncio
import gc
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.domain.errors import StorageError
from bot.domain.ids import StaffId
from bot.storage import people, tasks
from bot.storage.database import Database, Pulse, Topic, Transaction
from bot.storage.schema import audit_events, staff
from tests.cast import BRAM, JOKE
from tests.storage.rows import NOW, insert_staff


async def codes(database: Database) -> list[str]:
    async with database.reading() as tx:
        return [person.code for person in await people.list_staff(tx)]


class ChangeOfMindError(Exception):
    """Raised by a test inside a transaction."""


async def insert_and_fail(database: Database) -> None:
    async with database.transaction() as tx:
        await insert_staff(tx, JOKE)
        tx.wake(Topic.OUTBOX)
        raise ChangeOfMindError


async def test_a_failed_transaction_leaves_nothing_and_wakes_nobody(database: Database) -> None:
    beats = database.pulses[Topic.OUTBOX].count, database.commits.count
    with pytest.raises(ChangeOfMindError):
        await insert_and_fail(database)
    assert await codes(database) == []
    assert (database.pulses[Topic.OUTBOX].count, database.commits.count) == beats


async def test_a_broken_rule_undoes_what_went_before_it(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction() as tx:
            await insert_staff(tx, BRAM)
            await insert_staff(tx, JOKE)
            await insert_staff(tx, JOKE)

    with pytest.raises(sa.exc.IntegrityError):
        await twice()
    assert await codes(database) == []


async def test_the_transactions_of_two_coroutines_never_mix(database: Database) -> None:
    begun = asyncio.Event()

    async def fails() -> None:
        async with database.transaction() as tx:
            await insert_staff(tx, JOKE)
            begun.set()
            for number in range(20):
                await tx.number(sa.select(sa.func.count()).select_from(staff))
                await tasks.insert_audit(tx, actor="a", action=f"{number}", about="", now=NOW)
            raise ChangeOfMindError

    async def succeeds() -> None:
        await begun.wait()
        async with database.transaction() as tx:
            await insert_staff(tx, BRAM)

    results = await asyncio.gather(fails(), succeeds(), return_exceptions=True)
    assert isinstance(results[0], ChangeOfMindError)
    assert results[1] is None
    assert await codes(database) == [BRAM.code]
    async with database.reading() as tx:
        assert await tx.number(sa.select(sa.func.count()).select_from(audit_events)) == 0


async def test_a_reader_sees_only_what_is_committed(database: Database) -> None:
    async with database.transaction() as tx:
        await insert_staff(tx, JOKE)
        assert await codes(database) == []
    assert await codes(database) == [JOKE.code]


async def test_a_reader_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.reading() as tx:
            await insert_staff(tx, JOKE)

    with pytest.raises((sa.exc.DBAPIError, StorageError), match=r"(?i)read.?only"):
        await write()
    assert await codes(database) == []
    async with database.transaction() as tx:
        await insert_staff(tx, JOKE)
    assert await codes(database) == [JOKE.code]


async def test_many_readers_do_not_wait_for_the_writer(database: Database) -> None:
    async with database.transaction() as tx:
        await insert_staff(tx, JOKE)
        found = await asyncio.gather(*(codes(database) for _ in range(12)))
    assert found == [[]] * 12


async def test_others_are_woken_after_the_commit_and_only_for_their_topic(
    database: Database,
) -> None:
    before = {topic: pulse.count for topic, pulse in database.pulses.items()}
    async with database.transaction() as tx:
        tx.wake(Topic.TRANSLATIONS)
        tx.wake(Topic.TRANSLATIONS)
        during = {topic: pulse.count for topic, pulse in database.pulses.items()}
    after = {topic: pulse.count for topic, pulse in database.pulses.items()}
    assert during == before
    assert after == before | {Topic.TRANSLATIONS: before[Topic.TRANSLATIONS] + 1}


async def test_who_is_woken_finds_what_was_written(database: Database) -> None:
    pulse = database.pulses[Topic.INBOX]
    count = pulse.count

    async def wait() -> list[str]:
        await pulse.after(count, 60)
        return await codes(database)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait())
        async with database.transaction() as tx:
            tx.wake(Topic.INBOX)
            await insert_staff(tx, JOKE)
    assert waiting.result() == [JOKE.code]


async def test_a_beat_before_the_waiting_began_is_not_missed() -> None:
    pulse = Pulse()
    pulse.beat()
    assert await pulse.after(0, 60) == 1
    assert await pulse.after(1, 0) == 1


# A connection cut off in the middle is left to the garbage collector by the driver; from Python
# 3.13 on SQLite says so. The program itself lets its transactions end before it stops.
@pytest.mark.filterwarnings("ignore:unclosed database in:ResourceWarning")
async def test_a_cancelled_transaction_leaves_nothing_and_the_next_one_works(
    database: Database,
) -> None:
    chance = random.Random(20261124)  # noqa: S311 - the same choices in every run

    async def write(number: int) -> None:
        async with database.transaction() as tx:
            for part in range(3):
                await tasks.insert_audit(
                    tx, actor=f"{number}", action=f"{part}", about="", now=NOW
                )

    for number in range(25):
        writing = asyncio.ensure_future(write(number))
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    await write(99)
    async with database.reading() as tx:
        written = await tx.rows(
            sa.select(audit_events.c.actor, sa.func.count().label("parts")).group_by(
                audit_events.c.actor
            )
        )
    assert all(row["parts"] == 3 for row in written)
    assert "99" in {row["actor"] for row in written}
    gc.collect()  # so that it is said here, and not in another test


async def test_an_instant_comes_back_as_it_went_in(database: Database) -> None:
    doubled = datetime(2026, 10, 25, 2, 30, 0, 123456, tzinfo=ZoneInfo("Europe/Amsterdam"))
    instants = [NOW, doubled, doubled.replace(fold=1), NOW + timedelta(microseconds=1)]
    async with database.transaction() as tx:
        for instant in instants:
            await tasks.insert_audit(tx, actor="a", action="b", about="c", now=instant)
    async with database.reading() as tx:
        rows = await tx.rows(sa.select(audit_events.c.at).order_by(audit_events.c.id))
    found = [row["at"] for row in rows]
    assert [at.timestamp() for at in found] == [instant.timestamp() for instant in instants]
    assert {at.utcoffset() for at in found} == {timedelta(0)}


async def test_a_naive_time_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises((sa.exc.StatementError, ValueError), match="naive time"):
            await tasks.insert_audit(
                tx, actor="a", action="b", about="c", now=NOW.replace(tzinfo=None)
            )


async def test_a_reference_to_nobody_is_refused(database: Database) -> None:
    async def draft_of_nobody(tx: Transaction) -> None:
        await tasks.insert_draft(tx, staff_id=StaffId(404), kind="x", data={}, now=NOW)

    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as tx:
            await draft_of_nobody(tx)
