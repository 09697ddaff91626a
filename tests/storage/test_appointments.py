"""Appointments, and reminders that are planned once and can be taken back."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.domain.appointments import AppointmentKind, AppointmentState, ReminderKind, ReminderState
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId
from bot.storage import appointments
from bot.storage.database import Database, Transaction
from tests.storage.rows import MINUTE, NOW, OFFICE, insert_appointment, insert_cast

DAY, HOURS = ReminderKind.DAY_BEFORE, ReminderKind.HOURS_BEFORE
HOUR = timedelta(hours=1)


async def plan(
    tx: Transaction,
    appointment_id: AppointmentId,
    kind: ReminderKind = DAY,
    *,
    revision: int = 1,
    due_at: datetime = NOW,
) -> bool:
    return await appointments.plan_reminder(
        tx, appointment_id, revision=revision, kind=kind, due_at=due_at
    )


async def due(tx: Transaction, now: datetime = NOW) -> list[tuple[int, ReminderKind]]:
    found = await appointments.list_due_reminders(tx, now, limit=10)
    return [(reminder.revision, reminder.kind) for reminder in found]


async def test_an_appointment_keeps_the_wall_clock_beside_the_instant(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
    async with database.reading() as tx:
        kept = await appointments.get_appointment(tx, appointment_id)
        with pytest.raises(NotFoundError, match="appointment 404"):
            await appointments.get_appointment(tx, AppointmentId(404))
    assert (kept.local_date, kept.local_time) == (date(2026, 11, 25), time(14))
    assert (kept.zone, kept.starts_at) == (
        "Europe/Amsterdam",
        datetime(2026, 11, 25, 13, tzinfo=UTC),
    )
    assert (kept.kind, kept.state, kept.revision) == (
        AppointmentKind.PROGRESS,
        AppointmentState.INVITED,
        1,
    )
    assert kept.place == OFFICE
    assert (kept.client_id, kept.staff_id) == (cast.selam, cast.joke)


async def test_a_moved_appointment_is_a_new_invitation_of_a_new_revision(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    elsewhere = replace(OFFICE, key="oost", name="Bibliotheek Oost", latitude=None)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        other = await insert_appointment(tx, cast)
        await appointments.set_state(tx, appointment_id, AppointmentState.CONFIRMED, NOW)
        revision = await appointments.move_appointment(
            tx,
            appointment_id,
            local_date=date(2026, 11, 26),
            local_time=time(9, 30),
            starts_at=datetime(2026, 11, 26, 8, 30, tzinfo=UTC),
            place=elsewhere,
            now=NOW,
        )
        moved = await appointments.get_appointment(tx, appointment_id)
        untouched = await appointments.get_appointment(tx, other)
    assert revision == moved.revision == 2
    assert (moved.local_date, moved.local_time) == (date(2026, 11, 26), time(9, 30))
    assert (moved.state, moved.place) == (AppointmentState.INVITED, elsewhere)
    assert (untouched.revision, untouched.local_time) == (1, time(14))


async def test_only_what_has_not_begun_and_stands_is_coming(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        first = await insert_appointment(tx, cast)
        second = await insert_appointment(tx, cast)
        await appointments.set_state(tx, second, AppointmentState.CANCELLED, NOW)
        start = (await appointments.get_appointment(tx, first)).starts_at
        for now, expected in (
            (NOW, [first]),
            (start - MINUTE, [first]),
            (start, []),
        ):
            coming = await appointments.list_coming(tx, client_id=cast.selam, now=now)
            assert [appointment.id for appointment in coming] == expected
        others = await appointments.list_coming(tx, client_id=cast.clients["K-0002"], now=NOW)
        assert others == []


async def test_a_reminder_is_planned_once_for_each_version(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        assert await plan(tx, appointment_id, due_at=NOW)
        assert not await plan(tx, appointment_id, due_at=NOW - HOUR)
        assert await plan(tx, appointment_id, HOURS)
        assert await plan(tx, appointment_id, revision=2)
    async with database.transaction() as tx:
        assert not await plan(tx, appointment_id)
        assert await due(tx, NOW - MINUTE) == []
        assert await due(tx) == [(1, DAY), (1, HOURS), (2, DAY)]


async def test_reminders_are_due_in_the_order_of_their_time(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        await plan(tx, appointment_id, HOURS, due_at=NOW)
        await plan(tx, appointment_id, DAY, due_at=NOW - HOUR)
        await plan(tx, appointment_id, DAY, revision=2, due_at=NOW + HOUR)
        assert await due(tx) == [(1, DAY), (1, HOURS)]
        assert len(await appointments.list_due_reminders(tx, NOW, limit=1)) == 1
        assert await appointments.next_reminder_at(tx, NOW) == NOW + HOUR
        assert await appointments.next_reminder_at(tx, NOW + HOUR) is None


@pytest.mark.parametrize(
    "state", [ReminderState.QUEUED, ReminderState.RETIRED, ReminderState.MISSED]
)
async def test_a_reminder_that_has_ended_is_never_due_again(
    database: Database, state: ReminderState
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        await plan(tx, appointment_id)
        [reminder] = await appointments.list_due_reminders(tx, NOW, limit=9)
        await appointments.set_reminder_state(tx, reminder.id, state)
        assert not await plan(tx, appointment_id)
        assert await due(tx, NOW + HOUR) == []
        assert await appointments.next_reminder_at(tx, NOW - HOUR) is None


async def test_reminders_taken_back_return_only_for_this_version_and_only_if_still_to_come(
    database: Database,
) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        other = await insert_appointment(tx, cast)
        await plan(tx, appointment_id, DAY, due_at=NOW - HOUR)
        await plan(tx, appointment_id, HOURS, due_at=NOW + HOUR)
        await plan(tx, appointment_id, HOURS, revision=2, due_at=NOW + HOUR)
        await plan(tx, other, DAY, due_at=NOW)
        await appointments.retire_reminders(tx, appointment_id)
        assert await due(tx, NOW + HOUR) == [(1, DAY)]
        appointment = await appointments.get_appointment(tx, appointment_id)
        await appointments.restore_reminders(tx, appointment, after=NOW)
        assert await due(tx, NOW + HOUR) == [(1, DAY), (1, HOURS)]


async def test_a_reminder_on_its_way_is_not_taken_back(database: Database) -> None:
    cast = await insert_cast(database)
    async with database.transaction() as tx:
        appointment_id = await insert_appointment(tx, cast)
        await plan(tx, appointment_id, due_at=NOW + HOUR)
        [reminder] = await appointments.list_due_reminders(tx, NOW + HOUR, limit=9)
        await appointments.set_reminder_state(tx, reminder.id, ReminderState.QUEUED)
        await appointments.retire_reminders(tx, appointment_id)
        appointment = await appointments.get_appointment(tx, appointment_id)
        await appointments.restore_reminders(tx, appointment, after=NOW)
        assert await due(tx, NOW + HOUR) == []
