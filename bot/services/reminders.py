"""Reminders of appointments: what is due is queued once, what came too late becomes a task."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

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
from bot.domain.errors import StorageError, TransitionError
from bot.domain.ids import AppointmentId, ReminderId
from bot.domain.localtime import to_utc
from bot.domain.people import Client, LinkState
from bot.services import appointments as service
from bot.services.core import Core
from bot.services.outgoing import client_lane, give_task, hold_until, text_payload
from bot.storage import appointments
from bot.storage.appointments import DueReminder, ReminderCall
from bot.storage.database import Transaction

_BATCH = 50
"""How many are queued in one transaction, for which a conversation may have to wait."""

_BATCHES = 40
"""After so many the next tick goes on, so that the program can stop in between."""

log = logging.getLogger(__name__)


async def queue_due(core: Core, now: datetime) -> int:
    """Queue the reminders that are due at `now`; returns how many were looked at.

    When two of one appointment are due at once, after a standstill, only the last is sent. What
    is due in quiet hours waits for their end, so that its words are true when they are read.
    Errors: StorageError; what was queued before it stays so, and the rest is still due.
    """
    if hold_until(core, OutboxKind.REMINDER, now) > now:
        return 0
    count = 0
    for _ in range(_BATCHES):
        async with core.database.reading() as tx:
            due = await appointments.list_due_appointments(tx, now, limit=_BATCH)
        if not due:
            break
        try:
            count += await _queue(core, due, now)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one of them must not keep the others back
            log.warning("reminder.one_by_one error=%s", type(error).__name__)
            for appointment_id in due:
                count += await _queue_alone(core, appointment_id, now)
    return count


async def _queue_alone(core: Core, appointment_id: AppointmentId, now: datetime) -> int:
    """Queue what is due of one appointment, or give it up when that cannot be done."""
    try:
        return await _queue(core, [appointment_id], now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this one, it stays wrong
        log.error("reminder.failed appointment=%s error=%s", appointment_id, type(error).__name__)
    async with core.database.transaction() as tx:
        await appointments.miss_due_reminders(tx, appointment_id, now)
    return 1


async def _queue(core: Core, appointment_ids: Sequence[AppointmentId], now: datetime) -> int:
    """Queue what is due of these appointments, all of it or nothing."""
    async with core.database.transaction() as tx:
        due = await appointments.take_due_reminders(tx, appointment_ids, now)
        last = {each.appointment.id: each for each in due if _stands(each)}
        calls: list[ReminderCall] = []
        queued: list[ReminderId] = []
        retired: list[ReminderId] = []
        for each in due:
            if last.get(each.appointment.id) is not each:
                retired.append(each.reminder.id)
            elif (call := _call(core, each, now)) is not None:
                calls.append(call)
                queued.append(each.reminder.id)
            else:
                await appointments.set_reminder_state(tx, each.reminder.id, ReminderState.MISSED)
                await report_missed(core, tx, each.client, each.appointment, now=now)
        await appointments.queue_reminders(tx, calls, now=now)
        await appointments.set_reminder_states(tx, queued, ReminderState.QUEUED)
        await appointments.set_reminder_states(tx, retired, ReminderState.RETIRED)
    return len(due)


def _stands(due: DueReminder) -> bool:
    """Tell whether the appointment is still the one that the reminder was planned for."""
    appointment = due.appointment
    return due.reminder.revision == appointment.revision and expects_client(appointment.state)


def _call(core: Core, due: DueReminder, now: datetime) -> ReminderCall | None:
    """Return the message that reminds her; None when it is too late or she has no live chat."""
    appointment, client, link = due.appointment, due.client, due.link
    until = last_moment(due.reminder.due_at, appointment.starts_at, core.config.reminders.rules)
    live = link is not None and link.state is LinkState.ACTIVE and link.notice_acknowledged_at
    if link is None or not live or now > until:
        return None
    zone = ZoneInfo(appointment.zone)
    today = now.astimezone(zone).date()
    try:
        text_id = reminder_text(
            today, appointment.local_date, due.reminder.kind, discreet=client.discreet
        )
    except TransitionError:
        return None
    text = core.texts.say(
        text_id,
        client.language,
        met_wie=due.staff_name,
        plaats=appointment.place.name,
        duur=appointment.duration_minutes,
        **service.moment(core, appointment, client.language),
    )
    buttons = service.answer_buttons(
        core, appointment, client.language, _actions(due.reminder, client)
    )
    # "Morgen" and "Vandaag" stop being true at midnight.
    midnight = to_utc(today + timedelta(days=1), datetime.min.time(), zone)
    return ReminderCall(
        lane=client_lane(core, client, OutboxKind.REMINDER, now),
        chat_id=link.chat_id,
        payload=text_payload(link.chat_id, text, buttons),
        client_id=client.id,
        appointment_id=appointment.id,
        revision=appointment.revision,
        valid_until=min(midnight, until),
    )


def _actions(reminder: Reminder, client: Client) -> tuple[str, ...]:
    """Return what she can answer; on a shared phone nothing that shows more."""
    first = "late" if reminder.kind is ReminderKind.HOURS_BEFORE else "come"
    return (first, "cannot") if client.discreet else (first, "cannot", "where")


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
