"""Leases: one owner at a time, timed by the database, with an epoch that only rises."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from bot.storage import leases
from bot.storage.database import Database, Transaction
from bot.storage.schema import leases as table

NAME, ANA, BEN = "bot:100000001", "pi4 1 2 - -", "pi5 3 4 - -"
LONG = 600.0


async def found(database: Database) -> leases.LeaseRow:
    async with database.reading() as tx:
        row = await leases.find_lease(tx, NAME)
    assert row is not None
    return row


async def set_by_hand(tx: Transaction, **values: object) -> None:
    await tx.run(sa.update(table).where(table.c.name == NAME).values(**values))


async def test_nobody_has_a_lease_that_was_never_taken(database: Database) -> None:
    async with database.reading() as tx:
        assert await leases.find_lease(tx, NAME) is None


async def test_a_new_lease_begins_with_epoch_1_and_lasts_its_length(database: Database) -> None:
    async with database.transaction() as tx:
        assert await leases.insert_lease(tx, NAME, ANA, seconds=LONG)
        assert not await leases.insert_lease(tx, NAME, BEN, seconds=LONG)
    row = await found(database)
    assert (row.owner, row.epoch) == (ANA, 1)
    assert row.until_at - row.taken_at >= timedelta(seconds=LONG)
    assert 0 < row.seconds_left <= LONG


async def test_the_time_left_is_by_the_clock_that_the_database_has_itself(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as tx:
        await leases.insert_lease(tx, NAME, ANA, seconds=0.0)
        row = await leases.find_lease(tx, NAME)
        sqlite = database_url.startswith("sqlite")
        own = sa.func.strftime("%Y-%m-%d %H:%M:%f", "now") if sqlite else sa.func.clock_timestamp()
        answer = await tx.row(sa.select(own.label("clock")))
    assert answer is not None
    said = datetime.fromisoformat(str(answer["clock"]))
    said = said.replace(tzinfo=UTC) if said.tzinfo is None else said
    assert row is not None
    assert row.seconds_left <= 0
    assert row.taken_at <= said
    assert said - row.taken_at < timedelta(seconds=LONG)


async def test_the_clock_goes_on_inside_a_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        await leases.insert_lease(tx, NAME, ANA, seconds=LONG)
        first = await leases.find_lease(tx, NAME)
        assert first is not None
        left = first.seconds_left
        async with asyncio.timeout(20):  # PostgreSQL's now() would stand still for ever
            while left == first.seconds_left:
                again = await leases.find_lease(tx, NAME)
                assert again is not None
                left = again.seconds_left
    assert left < first.seconds_left


async def test_each_taking_has_a_higher_epoch_and_only_the_last_one_counts(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await leases.insert_lease(tx, NAME, ANA, seconds=LONG)
        assert not await leases.take_lease(tx, NAME, BEN, epoch=2, seconds=LONG)
        assert await leases.take_lease(tx, NAME, BEN, epoch=1, seconds=LONG)
        assert not await leases.take_lease(tx, NAME, ANA, epoch=1, seconds=LONG)
        assert not await leases.holds_lease(tx, NAME, ANA, epoch=1)
        assert not await leases.holds_lease(tx, NAME, ANA, epoch=2)
        assert await leases.holds_lease(tx, NAME, BEN, epoch=2)


async def test_a_lease_is_renewed_only_by_the_one_who_has_it(database: Database) -> None:
    async with database.transaction() as tx:
        await leases.insert_lease(tx, NAME, ANA, seconds=0.0)
        assert not await leases.renew_lease(tx, NAME, BEN, epoch=1, seconds=LONG)
        assert not await leases.renew_lease(tx, NAME, ANA, epoch=2, seconds=LONG)
    assert (await found(database)).seconds_left <= 0
    async with database.transaction() as tx:
        assert await leases.renew_lease(tx, NAME, ANA, epoch=1, seconds=LONG)
    assert (await found(database)).seconds_left > 0


async def test_a_lease_that_is_given_back_keeps_its_epoch_and_is_nobodys(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await leases.insert_lease(tx, NAME, ANA, seconds=LONG)
        assert not await leases.release_lease(tx, NAME, BEN, epoch=1)
        assert await leases.release_lease(tx, NAME, ANA, epoch=1)
        assert not await leases.holds_lease(tx, NAME, ANA, epoch=1)
        assert not await leases.renew_lease(tx, NAME, ANA, epoch=1, seconds=LONG)
    row = await found(database)
    assert (row.owner, row.epoch) == ("", 1)
    assert row.seconds_left <= 0


@pytest.mark.postgres
async def test_who_checks_its_lease_in_a_transaction_keeps_it_until_the_commit(
    postgres_database_url: str,
) -> None:
    """Without a lock another process could take over between the question and the commit."""
    mine = await Database.open(postgres_database_url)
    other = await Database.open(postgres_database_url)
    third = await Database.open(postgres_database_url)
    try:
        async with mine.transaction() as tx:
            await leases.insert_lease(tx, NAME, ANA, seconds=0.0)

        async def take() -> bool:
            async with other.transaction() as tx:
                await tx.run(sa.text("SET application_name = 'taker'"))
                row = await leases.find_lease(tx, NAME, locked=True)
                assert row is not None
                return await leases.take_lease(tx, NAME, BEN, epoch=row.epoch, seconds=LONG)

        async with mine.transaction() as tx:
            assert await leases.holds_lease(tx, NAME, ANA, epoch=1)
            taking = asyncio.ensure_future(take())
            async with asyncio.timeout(20):
                await _until_a_taker_waits(postgres_database_url)
            async with third.transaction() as renewing:
                assert await leases.renew_lease(renewing, NAME, ANA, epoch=1, seconds=LONG)
            assert await leases.holds_lease(tx, NAME, ANA, epoch=1)
            assert not taking.done()
        assert await taking
    finally:
        for database in (mine, other, third):
            await database.close()


async def _until_a_taker_waits(url: str) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'taker' AND wait_event_type = 'Lock'"
    )
    async with await psycopg.AsyncConnection.connect(
        url.replace("+psycopg", ""), autocommit=True
    ) as connection:
        while True:
            cursor = await connection.execute(query.encode())
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return
