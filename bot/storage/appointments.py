"""Appointments and their reminders."""

from dataclasses import asdict
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.appointments import (
    Appointment,
    AppointmentKind,
    AppointmentState,
    Place,
    Reminder,
    ReminderKind,
    ReminderState,
)
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId, ClientId, ReminderId, StaffId
from bot.storage.database import Transaction, one
from bot.storage.schema import appointments, reminders

_APPOINTMENT = tuple(
    column for column in appointments.c if column.name not in {"created_at", "changed_at"}
)
_REMINDER = tuple(reminders.c)


def _appointment(row: RowMapping) -> Appointment:
    return Appointment(**{**row, "place": Place(**row["place"])})


async def insert_appointment(
    tx: Transaction,
    *,
    client_id: ClientId,
    staff_id: StaffId,
    kind: AppointmentKind,
    local_date: date,
    local_time: time,
    zone: str,
    starts_at: datetime,
    duration_minutes: int,
    place: Place,
    now: datetime,
) -> AppointmentId:
    """Keep a new appointment, to which the client is invited."""
    return AppointmentId(
        await tx.insert(
            appointments,
            client_id=client_id,
            staff_id=staff_id,
            kind=kind,
            local_date=local_date,
            local_time=local_time,
            zone=zone,
            starts_at=starts_at,
            duration_minutes=duration_minutes,
            place=asdict(place),
            state=AppointmentState.INVITED,
            revision=1,
            created_at=now,
            changed_at=now,
        )
    )


async def get_appointment(tx: Transaction, appointment_id: AppointmentId) -> Appointment:
    """Return an appointment that must exist."""
    row = await tx.row(sa.select(*_APPOINTMENT).where(appointments.c.id == appointment_id))
    if row is None:
        msg = f"There is no appointment {appointment_id}."
        raise NotFoundError(msg)
    return _appointment(row)


async def list_coming(tx: Transaction, *, client_id: ClientId, now: datetime) -> list[Appointment]:
    """Return a client's appointments that have not begun and are not cancelled."""
    rows = await tx.rows(
        sa.select(*_APPOINTMENT)
        .where(
            appointments.c.client_id == client_id,
            appointments.c.starts_at > now,
            appointments.c.state != AppointmentState.CANCELLED,
        )
        .order_by(appointments.c.starts_at)
    )
    return [_appointment(row) for row in rows]


async def set_state(
    tx: Transaction, appointment_id: AppointmentId, state: AppointmentState, now: datetime
) -> None:
    """Record the client's answer or a cancellation."""
    await tx.run(
        sa.update(appointments)
        .where(appointments.c.id == appointment_id)
        .values(state=state, changed_at=now)
    )


async def move_appointment(
    tx: Transaction,
    appointment_id: AppointmentId,
    *,
    local_date: date,
    local_time: time,
    starts_at: datetime,
    place: Place,
    now: datetime,
) -> int:
    """Give an appointment another time or place; returns its new revision."""
    return await tx.number(
        sa.update(appointments)
        .where(appointments.c.id == appointment_id)
        .values(
            local_date=local_date,
            local_time=local_time,
            starts_at=starts_at,
            place=asdict(place),
            state=AppointmentState.INVITED,
            revision=appointments.c.revision + 1,
            changed_at=now,
        )
        .returning(appointments.c.revision)
    )


async def plan_reminder(
    tx: Transaction,
    appointment_id: AppointmentId,
    *,
    revision: int,
    kind: ReminderKind,
    due_at: datetime,
) -> bool:
    """Plan a reminder once; planning the same one again changes nothing."""
    return await tx.insert_if_new(
        reminders,
        ("appointment_id", "revision", "kind"),
        appointment_id=appointment_id,
        revision=revision,
        kind=kind,
        due_at=due_at,
        state=ReminderState.PLANNED,
    )


async def retire_reminders(tx: Transaction, appointment_id: AppointmentId) -> None:
    """Take back every reminder of the appointment that is not yet on its way."""
    await tx.run(
        sa.update(reminders)
        .where(
            reminders.c.appointment_id == appointment_id,
            reminders.c.state == ReminderState.PLANNED,
        )
        .values(state=ReminderState.RETIRED)
    )


async def list_due_reminders(tx: Transaction, now: datetime, *, limit: int) -> list[Reminder]:
    """Return the reminders that are due, in the order they were due."""
    rows = await tx.rows(
        sa.select(*_REMINDER)
        .where(reminders.c.state == ReminderState.PLANNED, reminders.c.due_at <= now)
        .order_by(reminders.c.due_at, reminders.c.id)
        .limit(limit)
    )
    return [one(Reminder, row) for row in rows]


async def is_planned(tx: Transaction, reminder_id: ReminderId) -> bool:
    """Tell whether a reminder still waits for its time, now that the writer is ours."""
    row = await tx.row(sa.select(reminders.c.state).where(reminders.c.id == reminder_id))
    return row is not None and row["state"] is ReminderState.PLANNED


async def set_reminder_state(
    tx: Transaction, reminder_id: ReminderId, state: ReminderState
) -> None:
    """Record what became of a reminder."""
    await tx.run(sa.update(reminders).where(reminders.c.id == reminder_id).values(state=state))


async def next_reminder_at(tx: Transaction, after: datetime) -> datetime | None:
    """Return when the next reminder that is due after this instant is due."""
    row = await tx.row(
        sa.select(reminders.c.due_at)
        .where(reminders.c.state == ReminderState.PLANNED, reminders.c.due_at > after)
        .order_by(reminders.c.due_at)
        .limit(1)
    )
    return row["due_at"] if row else None


async def restore_reminders(tx: Transaction, appointment: Appointment, *, after: datetime) -> None:
    """Plan again what was taken back of this version and is not yet due."""
    await tx.run(
        sa.update(reminders)
        .where(
            reminders.c.appointment_id == appointment.id,
            reminders.c.revision == appointment.revision,
            reminders.c.state == ReminderState.RETIRED,
            reminders.c.due_at > after,
        )
        .values(state=ReminderState.PLANNED)
    )
