"""Reminders of appointments: what is due is queued once, what came too late becomes a task."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.appointments import (
    Appointment,
    Reminder,
    ReminderKind,
    ReminderState,
    expects_client,
    last_moment,
    reminder_text,
)
from bot.domain.delivery import OutboxKind
from bot.domain.errors import NotFoundError, TransitionError
from bot.domain.localtime import to_utc
from bot.domain.people import Client
from bot.services import appointments as service
from bot.services.core import Core
from bot.services.outgoing import give_task, hold_until, to_client
from bot.storage import appointments, people
from bot.storage.database import Transaction

_BATCH = 100

log = logging.getLogger(__name__)


async def queue_due(core: Core, now: datetime) -> int:
    """Queue the reminders that are due at `now`; returns how many were looked at.

    When two of one appointment are due at once, after a standstill, only the last is sent. What
    is due in quiet hours waits for their end, so that its words are true when they are read.
    """
    if hold_until(core, OutboxKind.REMINDER, now) > now:
        return 0
    async with core.database.reading() as tx:
        due = await appointments.list_due_reminders(tx, now, limit=_BATCH)
    last = {reminder.appointment_id: reminder for reminder in due}
    for reminder in due:
        try:
            async with core.database.transaction() as tx:
                if not await appointments.is_planned(tx, reminder.id):
                    continue
                if last[reminder.appointment_id] is reminder:
                    await _queue(core, tx, reminder, now=now)
                else:
                    await appointments.set_reminder_state(tx, reminder.id, ReminderState.RETIRED)
        except (NotFoundError, ZoneInfoNotFoundError) as error:
            # One that cannot be made must not keep the others from going out.
            log.error("reminder.failed id=%s error=%s", reminder.id, type(error).__name__)
            async with core.database.transaction() as tx:
                await appointments.set_reminder_state(tx, reminder.id, ReminderState.MISSED)
    return len(due)


async def _queue(core: Core, tx: Transaction, reminder: Reminder, *, now: datetime) -> None:
    appointment = await appointments.get_appointment(tx, reminder.appointment_id)
    client = await people.get_client(tx, appointment.client_id)
    if reminder.revision != appointment.revision or not expects_client(appointment.state):
        await appointments.set_reminder_state(tx, reminder.id, ReminderState.RETIRED)
        return
    zone = ZoneInfo(appointment.zone)
    today = now.astimezone(zone).date()
    try:
        text_id = reminder_text(
            today, appointment.local_date, reminder.kind, discreet=client.discreet
        )
    except TransitionError:
        text_id = None
    queued = False
    until = last_moment(reminder.due_at, appointment.starts_at, core.config.reminders.rules)
    if text_id and now <= until:
        queued = await _send(core, tx, client, appointment, reminder, text_id, until, now=now)
    await appointments.set_reminder_state(
        tx, reminder.id, ReminderState.QUEUED if queued else ReminderState.MISSED
    )
    if not queued:
        await report_missed(core, tx, client, appointment, now=now)


async def _send(
    core: Core,
    tx: Transaction,
    client: Client,
    appointment: Appointment,
    reminder: Reminder,
    text_id: str,
    until: datetime,
    *,
    now: datetime,
) -> bool:
    zone = ZoneInfo(appointment.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    # "Morgen" and "Vandaag" stop being true at midnight.
    valid_until = min(to_utc(tomorrow, datetime.min.time(), zone), until)
    text = await service.reminder_text(core, tx, client, appointment, text_id)
    actions: tuple[str, ...] = (
        ("late", "cannot", "where")
        if reminder.kind is ReminderKind.HOURS_BEFORE
        else ("come", "cannot", "where")
    )
    if client.discreet:
        actions = actions[:2]
    buttons = service.answer_buttons(core, appointment, client.language, actions)
    return await to_client(
        core,
        tx,
        client,
        text,
        buttons,
        kind=OutboxKind.REMINDER,
        appointment=appointment,
        valid_until=valid_until,
        now=now,
    )


async def report_missed(
    core: Core, tx: Transaction, client: Client, appointment: Appointment, *, now: datetime
) -> None:
    """Give the coach the task to phone: the reminder could not go out in time."""
    values = service.staff_values(core, client, appointment)
    await give_task(
        core,
        tx,
        "missed_reminder",
        f"{appointment.id}:{appointment.revision}",
        client,
        now=now,
        **{name: values[name] for name in ("dag", "datum", "tijd")},
    )


async def next_due(core: Core, after: datetime) -> datetime | None:
    """Return when the next reminder is to be queued."""
    async with core.database.reading() as tx:
        planned = await appointments.next_reminder_at(tx, after)
        waiting = await appointments.list_due_reminders(tx, after, limit=1)
    morning = hold_until(core, OutboxKind.REMINDER, after)
    times = (planned, morning if waiting and morning > after else None)
    return min((at for at in times if at is not None), default=None)
