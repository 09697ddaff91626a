"""Transactions that wait for one another share a commit, and nothing else."""

import asyncio

import pytest
import sqlalchemy as sa

from bot.domain.errors import StorageError
from bot.storage import tasks
from bot.storage.database import Database, Transaction
from bot.storage.schema import audit_events
from tests.storage.rows import NOW


async def note(tx: Transaction, what: str) -> None:
    await tasks.insert_audit(tx, actor="a", action=what, about="", now=NOW)


async def noted(database: Database) -> list[str]:
    async with database.reading() as tx:
        rows = await tx.rows(sa.select(audit_events.c.action).order_by(audit_events.c.id))
    return [row["action"] for row in rows]


class ChangeOfMindError(Exception):
    """Raised by a test inside a transaction."""


async def write(database: Database, what: str, error: Exception | None = None) -> None:
    async with database.transaction() as tx:
        await note(tx, what)
        if error is not None:
            raise error


async def test_those_who_wait_for_one_another_are_committed_together(database: Database) -> None:
    before = database.commits.count
    await asyncio.gather(*(write(database, f"{number}") for number in range(20)))
    assert await noted(database) == [f"{number}" for number in range(20)]
    assert database.commits.count - before < 20


@pytest.mark.parametrize("failing", [0, 1, 7, 19])
async def test_one_that_fails_is_undone_alone(database: Database, failing: int) -> None:
    results = await asyncio.gather(
        *(
            write(database, f"{number}", ChangeOfMindError() if number == failing else None)
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [ChangeOfMindError]
    assert await noted(database) == [f"{number}" for number in range(20) if number != failing]


async def test_a_broken_rule_of_one_leaves_the_others(database: Database) -> None:
    async def twice(what: str) -> None:
        async with database.transaction() as tx:
            await note(tx, what)
            await tasks.note_tap(tx, "k", NOW)
            await tx.run(sa.text("INSERT INTO taps (key, at) VALUES ('k', NULL)"))

    results = await asyncio.gather(
        write(database, "a"), twice("b"), write(database, "c"), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), sa.exc.IntegrityError, type(None)]
    assert await noted(database) == ["a", "c"]


async def test_nobody_returns_before_the_commit(database: Database) -> None:
    """Whoever came first must not tell Telegram of what a later one may still undo."""

    async def look(what: str) -> list[str]:
        await write(database, what)
        return await noted(database)

    seen = await asyncio.gather(*(look(f"{number}") for number in range(8)))
    assert all(f"{number}" in found for number, found in enumerate(seen))


async def test_when_the_engine_fails_all_who_share_the_commit_are_told(
    database: Database,
) -> None:
    broken = sa.exc.OperationalError("INSERT", None, OSError("disk full"))
    results = await asyncio.gather(
        write(database, "a"), write(database, "b", broken), return_exceptions=True
    )
    assert [type(result) for result in results] == [StorageError, StorageError]
    assert await noted(database) == []
    await write(database, "c")
    assert await noted(database) == ["c"]


async def test_a_full_group_lets_the_next_one_begin(database: Database) -> None:
    before = database.commits.count
    await asyncio.gather(*(write(database, f"{number}") for number in range(100)))
    assert len(await noted(database)) == 100
    assert database.commits.count - before >= 100 // 32


@pytest.mark.parametrize("leaving", [1, 2])
@pytest.mark.parametrize("rounds", range(6))
async def test_who_gives_up_waiting_keeps_nobody_from_committing(
    database: Database, leaving: int, rounds: int
) -> None:
    """Cancelled at whatever moment, also when the turn has just passed to the one cancelled."""
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def holds() -> None:
        async with database.transaction() as tx:
            await note(tx, "held")
            inside.set()
            await go_on.wait()

    first = asyncio.ensure_future(holds())
    await inside.wait()
    others = [asyncio.ensure_future(write(database, f"{number}")) for number in range(2)]
    for _ in range(4):
        await asyncio.sleep(0)  # so that both wait for their turn
    go_on.set()
    for _ in range(rounds):
        await asyncio.sleep(0)
    for other in others[:leaving]:
        other.cancel()
    results = await asyncio.gather(first, *others, return_exceptions=True)
    kept = await noted(database)
    for what, result in zip(("held", "0", "1"), results, strict=True):
        if not isinstance(result, asyncio.CancelledError):
            # PostgreSQL gives up a connection that is left in the middle of a statement.
            assert (what in kept) == (result is None), what
    await write(database, "after")
    assert "after" in await noted(database)


async def test_one_that_is_cancelled_inside_is_undone_and_the_others_stay(
    database: Database,
) -> None:
    inside = asyncio.Event()

    async def stays_inside() -> None:
        async with database.transaction() as tx:
            await note(tx, "cut off")
            inside.set()
            await asyncio.Event().wait()

    first = asyncio.ensure_future(write(database, "first"))
    second = asyncio.ensure_future(stays_inside())
    third = asyncio.ensure_future(write(database, "third"))
    await inside.wait()
    second.cancel()
    results = await asyncio.gather(first, second, third, return_exceptions=True)
    assert results[0] is None
    assert isinstance(results[1], asyncio.CancelledError)
    assert results[2] is None
    assert await noted(database) == ["first", "third"]


async def test_who_may_not_write_any_more_keeps_nothing_and_is_told(database: Database) -> None:
    ours = True

    async def guard(_tx: Transaction) -> bool:
        return ours

    database.guard = guard
    await write(database, "before")
    ours = False
    with pytest.raises(StorageError, match="Another process works for this bot"):
        await write(database, "after")
    database.guard = None
    assert await noted(database) == ["before"]
    await write(database, "free")
    assert await noted(database) == ["before", "free"]
