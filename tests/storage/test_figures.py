"""What waits and since when, read without ever reading what is finished."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.appointments import ReminderKind, ReminderState
from bot.domain.delivery import InboxState, OutboxKind, OutboxState
from bot.domain.ids import InboxId, OutboxId
from bot.domain.languages import DUTCH
from bot.storage import figures, inbox, messages, outbox
from bot.storage.database import Database, Transaction
from bot.storage.figures import Calls, Overdue, Updates
from bot.storage.schema import reminders
from tests.cast import SELAM
from tests.storage.rows import MINUTE, NOW, insert_appointment, insert_cast, insert_text

_lanes = count(1)


async def call(
    tx: Transaction,
    kind: OutboxKind,
    state: OutboxState = OutboxState.QUEUED,
    *,
    minutes: int = 0,
    lane: str | None = None,
) -> OutboxId:
    """Put a call in a lane of its own, due so many minutes from now."""
    made = await outbox.insert_call(
        tx,
        lane=lane or f"lane {next(_lanes)}",
        chat_id=SELAM.chat_id,
        kind=kind,
        method="sendMessage",
        payload={},
        now=NOW,
        not_before=NOW + minutes * MINUTE,
    )
    await outbox.update_call(tx, made, state=state, now=NOW)
    return made


async def test_an_empty_database_has_nothing_that_waits(database: Database) -> None:
    async with database.reading() as tx:
        found = await figures.read(tx, NOW)
    assert found == figures.Figures((), (), (), (), 0, None)


async def test_calls_are_counted_by_kind_state_and_whether_their_time_has_come(
    database: Database,
) -> None:
    reminder, broadcast = OutboxKind.REMINDER, OutboxKind.BROADCAST
    async with database.transaction() as tx:
        for minutes in (-3, -1, 0):
            await call(tx, reminder, minutes=minutes)
        await call(tx, reminder, minutes=5)
        await call(tx, broadcast, minutes=-9)
        await call(tx, broadcast, minutes=-8)
        await call(tx, broadcast, minutes=60)
        for state in OutboxState:
            if state is not OutboxState.QUEUED:
                await call(tx, OutboxKind.CONVERSATION, state, minutes=-2)
                await call(tx, broadcast, state, minutes=-2)
    async with database.reading() as tx:
        found = await figures.read(tx, NOW)

    queued = OutboxState.QUEUED
    expected = {
        Calls(reminder, queued, True, 3, NOW - 3 * MINUTE),
        Calls(reminder, queued, False, 1, NOW + 5 * MINUTE),
        Calls(broadcast, queued, True, 2, NOW - 9 * MINUTE),
        Calls(broadcast, queued, False, 1, NOW + 60 * MINUTE),
    }
    expected |= {
        Calls(kind, OutboxState(word), True, 1, NOW - 2 * MINUTE)
        for word in ("waiting", "held", "claimed", "sending", "uncertain")
        for kind in (OutboxKind.CONVERSATION, broadcast)
    }
    assert set(found.calls) == expected
    assert len(found.calls) == len(expected)


async def test_the_oldest_due_call_is_told_for_each_priority(database: Database) -> None:
    async with database.transaction() as tx:
        await call(tx, OutboxKind.REMINDER, minutes=-7)
        await call(tx, OutboxKind.REMINDER, minutes=-9)
        await call(tx, OutboxKind.BROADCAST, minutes=-30)
        await call(tx, OutboxKind.STAFF, minutes=-1)
        await call(tx, OutboxKind.CONVERSATION, minutes=-2)
        await call(tx, OutboxKind.ANSWER, minutes=1)
        await call(tx, OutboxKind.ANSWER, OutboxState.SENT, minutes=-60)
    async with database.reading() as tx:
        found = await figures.read(tx, NOW)
    assert set(found.oldest_due) == {
        (OutboxKind.REMINDER, NOW - 9 * MINUTE),
        (OutboxKind.BROADCAST, NOW - 30 * MINUTE),
        (OutboxKind.CONVERSATION, NOW - 2 * MINUTE),
    }


@pytest.mark.parametrize(
    ("state", "late"),
    [
        (OutboxState.WAITING, False),
        (OutboxState.QUEUED, False),
        (OutboxState.CLAIMED, False),
        (OutboxState.SENDING, False),
        (OutboxState.SENT, True),
        (OutboxState.FAILED, True),
    ],
)
async def test_a_call_behind_another_in_its_lane_is_not_late(
    database: Database, state: OutboxState, late: bool
) -> None:
    async with database.transaction() as tx:
        await call(tx, OutboxKind.CONVERSATION, state, minutes=600, lane="a")
        await call(tx, OutboxKind.CONVERSATION, minutes=-90, lane="a")
    async with database.reading() as tx:
        found = await figures.read(tx, NOW)
    assert bool(found.oldest_due) is late


async def test_updates_translations_and_overdue_reminders_are_counted(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        for number in (1, 2, 3):
            received = NOW - number * MINUTE
            await inbox.insert_updates(
                tx, 7, [(number, number, "{}")], next_update_id=number + 1, now=received
            )
        await inbox.finish(tx, InboxId(1), state=InboxState.DONE, now=NOW)
        await inbox.finish(tx, InboxId(2), state=InboxState.QUARANTINED, now=NOW)
        message = await insert_text(tx, cast)
        await messages.insert_translation(
            tx, message_id=message.id, target=DUTCH, now=NOW, deadline=NOW + MINUTE
        )
        appointment = await insert_appointment(tx, cast)
        for revision, minutes, state in (
            (1, -5, ReminderState.PLANNED),
            (2, 0, ReminderState.PLANNED),
            (3, 1, ReminderState.PLANNED),
            (4, -60, ReminderState.QUEUED),
        ):
            await tx.insert(
                reminders,
                appointment_id=appointment,
                revision=revision,
                kind=ReminderKind.DAY_BEFORE,
                due_at=NOW + timedelta(minutes=minutes),
                state=state,
            )
    async with database.reading() as tx:
        found = await figures.read(tx, NOW)
    assert found.updates == (
        Updates(InboxState.NEW, 1, NOW - 3 * MINUTE),
        Updates(InboxState.QUARANTINED, 1, NOW - 2 * MINUTE),
    )
    assert found.reminders == (Overdue(ReminderKind.DAY_BEFORE, 2, NOW - 5 * MINUTE),)
    assert (found.translations, found.oldest_translation_at) == (1, NOW)


async def test_no_table_is_ever_read_from_end_to_end(tmp_path: Path) -> None:
    file = tmp_path / "taalbrug.db"
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    asked: list[tuple[str, tuple[str, ...]]] = []

    def note(
        _connection: sa.Connection,
        _cursor: object,
        statement: str,
        parameters: tuple[str, ...],
        _context: object,
        _many: bool,
    ) -> None:
        asked.append((statement, parameters))

    async with database.reading() as tx:
        engine = tx.connection.engine.sync_engine
        sa.event.listen(engine, "before_cursor_execute", note)
        await figures.read(tx, NOW)
        sa.event.remove(engine, "before_cursor_execute", note)
    await database.close()
    with closing(sqlite3.connect(file)) as connection:
        steps = [
            str(step[3])
            for statement, parameters in asked
            for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    tables = ("outbox", "earlier_", "inbox", "translations", "reminders")
    reads = [step for step in steps if any(table in step for table in tables)]
    assert len(reads) > len(tables)
    assert [step for step in reads if "USING" not in step or not step.startswith("SEARCH")] == []
