"""Statements that are worked out once say and refuse what any other says and refuses."""

import pytest
import sqlalchemy as sa

from bot.domain.delivery import InboxState
from bot.domain.errors import StorageError
from bot.storage.database import Database
from bot.storage.fixed import Fixed
from bot.storage.schema import inbox, lanes, taps
from tests.storage.rows import MINUTE, NOW

SEEN = Fixed(sa.select(taps.c.key, taps.c.at).where(taps.c.key == sa.bindparam("which")))
ADD = Fixed(sa.insert(taps))
CHANGE = Fixed(sa.update(inbox).where(inbox.c.id == sa.bindparam("which")))
LANE = Fixed(sa.insert(lanes).returning(lanes.c.last_seq))


async def test_values_are_converted_as_in_any_other_statement(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.change(ADD, key="a", at=NOW)
        assert dict(await tx.row(SEEN, which="a") or {}) == {"key": "a", "at": NOW}
        assert await tx.row(SEEN, which="b") is None
        [plain] = await tx.rows(sa.select(taps.c.at).where(taps.c.key == "a"))
        assert dict(plain) == {"at": NOW}


async def test_each_set_of_values_has_its_own_text(database: Database) -> None:
    async with database.transaction() as tx:
        number = await tx.insert(
            inbox, bot_id=1, update_id=2, lane=3, raw="x", state=InboxState.NEW, attempts=0,
            received_at=NOW, not_before=NOW,
        )  # fmt: skip
        assert await tx.change(CHANGE, which=number, state=InboxState.DONE) == 1
        assert await tx.change(CHANGE, which=number, not_before=NOW + MINUTE, attempts=4) == 1
        row = await tx.row(sa.select(inbox.c.state, inbox.c.attempts, inbox.c.not_before))
        assert await tx.change(CHANGE, which=404, attempts=5) == 0
    assert dict(row or {}) == {"state": InboxState.DONE, "attempts": 4, "not_before": NOW + MINUTE}


async def test_what_is_returned_is_a_number(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.number(LANE, lane="a", last_seq=7) == 7


async def test_a_broken_rule_is_the_same_error_and_quotes_no_value(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction() as tx:
            for _ in range(2):
                await tx.change(ADD, key="Geheimwoord", at=NOW)

    with pytest.raises(sa.exc.IntegrityError) as told:
        await twice()
    assert "Geheimwoord" not in str(told.value.statement)
    assert told.value.hide_parameters


async def test_many_rows_share_what_they_have_in_common(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.change_many(ADD, [{"key": "a"}, {"key": "b"}], at=NOW)
        await tx.change_many(ADD, [{"key": "c", "at": NOW + MINUTE}])
        await tx.change_many(ADD, [], at=NOW)
        rows = await tx.rows(sa.select(taps.c.key, taps.c.at).order_by(taps.c.key))
    assert [tuple(row.values()) for row in map(dict, rows)] == [
        ("a", NOW),
        ("b", NOW),
        ("c", NOW + MINUTE),
    ]


async def test_one_of_many_that_breaks_a_rule_undoes_all_and_quotes_no_value(
    database: Database,
) -> None:
    async def twice() -> None:
        async with database.transaction() as tx:
            await tx.change_many(ADD, [{"key": "a"}, {"key": "Geheimwoord"}] * 2, at=NOW)

    with pytest.raises(sa.exc.IntegrityError) as told:
        await twice()
    assert "Geheimwoord" not in str(told.value.statement)
    assert told.value.hide_parameters
    async with database.reading() as tx:
        assert await tx.rows(sa.select(taps.c.key)) == []


async def test_an_engine_that_fails_is_a_storage_error(database: Database) -> None:
    gone = Fixed(sa.select(sa.literal_column("1")).select_from(sa.table("nowhere")))

    async def look() -> None:
        async with database.transaction() as tx:
            await tx.rows(gone)

    with pytest.raises((StorageError, sa.exc.ProgrammingError)):
        await look()
