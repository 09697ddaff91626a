"""Appointments and their reminders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from bot.domain.delivery import OutboxKind, OutboxState, Payload, priority_of
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId, ChatId, ClientId, ReminderId, StaffId
from bot.domain.people import Client, Link
from bot.storage.database import Topic, Transaction, one
from bot.storage.people import CLIENT_COLUMNS
from bot.storage.schema import (
    appointments,
    channel_links,
    clients,
    lanes,
    outbox,
    reminders,
    staff,
)

_APPOINTMENT = tuple(
    column for column in appointments.c if column.name not in {"created_at", "changed_at"}
)
_REMINDER = tuple(reminders.c)
_LINK = tuple(
    column for column in channel_links.c if column.name not in {"created_at", "ended_at"}
)


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder with all that its words and its address need."""

    reminder: Reminder
    appointment: Appointment
    client: Client
    link: Link | None
    """Of the chat that is hers now, whatever its state."""
    staff_name: str


@dataclass(frozen=True, slots=True)
class ReminderCall:
    """The message by which a client is to be reminded."""

    lane: str
    chat_id: ChatId
    payload: Payload
    client_id: ClientId
    appointment_id: AppointmentId
    revision: int
    valid_until: datetime


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


async def list_due_appointments(
    tx: Transaction, now: datetime, *, limit: int
) -> list[AppointmentId]:
    """Return the appointments that have a reminder due, longest due first; at most `limit`."""
    rows = await tx.rows(
        sa.select(reminders.c.appointment_id)
        .where(reminders.c.state == ReminderState.PLANNED, reminders.c.due_at <= now)
        .order_by(reminders.c.due_at, reminders.c.id)
        .limit(limit)
    )
    return list(dict.fromkeys(row["appointment_id"] for row in rows))


_COLUMNS = {
    "reminder": _REMINDER,
    "appointment": _APPOINTMENT,
    "client": CLIENT_COLUMNS,
    "link": _LINK,
}
_DUE = (
    sa.select(
        *(c.label(f"{part}_{c.name}") for part, columns in _COLUMNS.items() for c in columns),
        staff.c.name.label("staff_name"),
    )
    .select_from(reminders)
    .join(appointments, appointments.c.id == reminders.c.appointment_id)
    .join(clients, clients.c.id == appointments.c.client_id)
    .join(staff, staff.c.id == appointments.c.staff_id)
    .outerjoin(
        channel_links,
        sa.and_(channel_links.c.client_id == clients.c.id, channel_links.c.ended_at.is_(None)),
    )
    .where(reminders.c.state == ReminderState.PLANNED)
    .order_by(reminders.c.due_at, reminders.c.id)
    # Another program that takes them, or retires them after a change, waits or was first. The
    # order is everybody's, so that nobody gets only one of the two reminders of an appointment.
    .with_for_update(of=reminders)
)


async def take_due_reminders(
    tx: Transaction, appointment_ids: Sequence[AppointmentId], now: datetime
) -> list[DueReminder]:
    """Return all that is due of these appointments, in that order; nobody else can take it."""
    rows = await tx.rows(
        _DUE.where(reminders.c.appointment_id.in_(appointment_ids), reminders.c.due_at <= now)
    )
    return [_due_reminder(row) for row in rows]


def _due_reminder(row: RowMapping) -> DueReminder:
    parts = {
        part: {column.name: row[f"{part}_{column.name}"] for column in columns}
        for part, columns in _COLUMNS.items()
    }
    appointment = parts["appointment"]
    return DueReminder(
        reminder=Reminder(**parts["reminder"]),
        appointment=Appointment(**{**appointment, "place": Place(**appointment["place"])}),
        client=Client(**parts["client"]),
        link=Link(**parts["link"]) if parts["link"]["id"] is not None else None,
        staff_name=row["staff_name"],
    )


async def queue_reminders(
    tx: Transaction, calls: Sequence[ReminderCall], *, now: datetime
) -> None:
    """Put reminders into the outbox, each at the end of its lane."""
    if not calls:
        return
    # In one order everywhere, so that two programs never wait for each other's lanes.
    counts = sorted(Counter(call.lane for call in calls).items())
    await tx.insert_new(lanes, ("lane",), [{"lane": lane, "last_seq": 0} for lane, _ in counts])
    await tx.run(
        sa.update(lanes)
        .where(lanes.c.lane == sa.bindparam("of_lane"))
        .values(last_seq=lanes.c.last_seq + sa.bindparam("count")),
        [{"of_lane": lane, "count": count} for lane, count in counts],
    )
    rows = await tx.rows(sa.select(lanes).where(lanes.c.lane.in_([lane for lane, _ in counts])))
    free = {row["lane"]: row["last_seq"] for row in rows}
    placed = []
    for call in reversed(calls):
        placed.append(_outbox_row(call, seq=free[call.lane], now=now))
        free[call.lane] -= 1
    await tx.run(sa.insert(outbox), placed[::-1])
    tx.wake(Topic.OUTBOX)


def _outbox_row(call: ReminderCall, *, seq: int, now: datetime) -> dict[str, object]:
    kind = OutboxKind.REMINDER
    return {
        "lane": call.lane,
        "seq": seq,
        "part": 0,
        "chat_id": call.chat_id,
        "kind": kind,
        "priority": priority_of(kind),
        "method": "sendMessage",
        "payload": call.payload,
        "client_id": call.client_id,
        "appointment_id": call.appointment_id,
        "appointment_revision": call.revision,
        "state": OutboxState.QUEUED,
        "attempts": 0,
        "doubts": 0,
        "not_before": now,
        "valid_until": call.valid_until,
        "created_at": now,
    }


async def set_reminder_states(
    tx: Transaction, reminder_ids: Sequence[ReminderId], state: ReminderState
) -> None:
    """Record what became of reminders that were planned.

    With `queued` the clock's work ends: whether it reached her stands with the call.
    """
    if reminder_ids:
        await tx.run(
            sa.update(reminders)
            .where(reminders.c.id.in_(reminder_ids), reminders.c.state == ReminderState.PLANNED)
            .values(state=state)
        )


async def set_reminder_state(
    tx: Transaction, reminder_id: ReminderId, state: ReminderState
) -> None:
    """Record what became of a reminder."""
    await tx.run(sa.update(reminders).where(reminders.c.id == reminder_id).values(state=state))


async def miss_due_reminders(
    tx: Transaction, appointment_id: AppointmentId, now: datetime
) -> None:
    """Give up what is due of an appointment, without looking at it."""
    await tx.run(
        sa.update(reminders)
        .where(
            reminders.c.appointment_id == appointment_id,
            reminders.c.state == ReminderState.PLANNED,
            reminders.c.due_at <= now,
        )
        .values(state=ReminderState.MISSED)
    )


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
