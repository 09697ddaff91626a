"""Reminders of events: the day before to who comes, and once more to who asked for that."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.delivery import OutboxKind
from bot.domain.errors import StorageError
from bot.domain.events import (
    Event,
    EventState,
    Session,
    SignUpState,
    ask_again_at,
    ask_late_at,
    asked_before,
    remind_at,
    remind_until,
)
from bot.domain.ids import ClientId
from bot.services import event_places, event_words
from bot.services.core import Core
from bot.services.event_places import cannot_button, tell
from bot.services.outgoing import hold_until
from bot.storage import events, people
from bot.storage.database import Transaction

_BATCH = 50
"""How many are queued in one transaction, for which a conversation may have to wait."""

_BATCHES = 40
"""After so many the next tick goes on, so that the program can stop in between."""

_HORIZON = timedelta(hours=50)
"""No reminder is due longer before its time: two days, on which the clock may go back."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """Somebody who is to hear of one time of an event now."""

    client_id: ClientId
    number: int
    state: SignUpState


async def queue_due(core: Core, now: datetime) -> int:
    """Give places and queue the reminders that are due at `now`; returns how many were looked at.

    Each reminder goes at most once. What is due in quiet hours waits for their end; what cannot
    go in time is left. Errors: StorageError; what was queued before it stays so.
    """
    count = await event_places.give_due(core, now)
    if hold_until(core, OutboxKind.REMINDER, now) > now:
        return count
    for _ in range(_BATCHES):
        async with core.database.reading() as tx:
            found = [
                (event, due)
                for event in await events.list_soon(tx, now, now + _HORIZON)
                if (due := await _list_due(core, tx, event, now))
            ]
        for event, due in found:
            count += await _queue(core, event, due, now)
        if not found:
            break
    return count


async def _list_due(core: Core, tx: Transaction, event: Event, now: datetime) -> list[_Due]:
    """Return who is to hear of an event now; at most a batch."""
    rules = core.config.reminders.rules
    open_now = [each for each in event.sessions if now <= remind_until(each, rules)]
    found: list[_Due] = []

    async def look(
        sessions: Collection[Session],
        state: SignUpState,
        before: datetime,
        since: datetime | None = None,
    ) -> None:
        if not sessions or before > now or len(found) >= _BATCH:
            return
        listed = await events.list_unreminded(
            tx,
            event,
            [each.number for each in sessions],
            state,
            before=before,
            since=since,
            limit=_BATCH - len(found),
        )
        found.extend(_Due(client_id, number, state) for client_id, number in listed)

    # The times of one day have the same evening before them.
    for day in sorted({each.local_date for each in open_now}):
        of_day = [each for each in open_now if each.local_date == day]
        evening = remind_at(of_day[0], rules)
        await look(of_day, SignUpState.COMING, evening)
        for each in of_day:
            if each in asked_before(event):
                await look([each], SignUpState.LATER, evening)
                await look([each], SignUpState.LATER, ask_late_at(each, rules), evening)
    return found


async def _queue(core: Core, event: Event, due: list[_Due], now: datetime) -> int:
    """Queue what is due of an event; one that cannot be queued keeps no other back."""
    try:
        async with core.database.transaction() as tx:
            present = await events.lock_event(tx, event.id)
            for each in due:
                await _remind(core, tx, present, each, now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - one of them must not keep the others back
        log.warning("event_reminder.one_by_one error=%s", type(error).__name__)
        for each in due:
            await _queue_alone(core, event, each, now)
    return len(due)


async def _queue_alone(core: Core, event: Event, due: _Due, now: datetime) -> None:
    """Queue one reminder, or give it up when that cannot be done."""
    try:
        async with core.database.transaction() as tx:
            await _remind(core, tx, await events.lock_event(tx, event.id), due, now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this one, it stays wrong
        log.error(
            "event_reminder.failed event=%s client=%s error=%s",
            event.id,
            due.client_id,
            type(error).__name__,
        )
        async with core.database.transaction() as tx:
            await events.note_reminder(tx, event.id, due.number, due.client_id, now=now)


async def _remind(core: Core, tx: Transaction, event: Event, due: _Due, now: datetime) -> None:
    """Remind somebody, if it is still so; the note that she was stands in the same transaction."""
    session = event.session(due.number)
    mine = await events.find_sign_up(tx, event.id, due.client_id)
    if event.state is EventState.CANCELLED or session is None or mine is None:
        return
    if mine.state is not due.state or mine.session not in {None, due.number}:
        return
    if not await events.note_reminder(tx, event.id, due.number, due.client_id, now=now):
        return
    client = await people.get_client(tx, due.client_id)
    rules = core.config.reminders.rules
    if due.state is SignUpState.COMING:
        text = event_words.told(core, "bc.event_reminder", event, session, client.language)
        rows = cannot_button(core, event, client)
    else:
        done = await events.list_reminded(tx, event.id, client.id)
        later = ask_again_at(event, now, rules, core.config.hours.quiet, done) is not None
        actions = ("yes", "no", "remind") if later else ("yes", "no")
        text = event_words.invitation(core, event, client.language, now)
        rows = event_words.invitation_buttons(core, event, client.language, actions)
    call = await tell(
        core,
        tx,
        event,
        client,
        text,
        rows,
        kind=OutboxKind.REMINDER,
        valid_until=remind_until(session, rules),
        now=now,
    )
    if call is not None:
        await events.set_reminder_call(tx, event.id, due.number, client.id, call)


async def next_due(core: Core, after: datetime) -> datetime | None:
    """Return when the next reminder of an event may be due."""
    rules = core.config.reminders.rules
    async with core.database.reading() as tx:
        coming = await events.list_events(tx, now=after)
        soon = [each for each in coming if each.next_session(after).starts_at <= after + _HORIZON]
        waiting = [each for each in soon if await _list_due(core, tx, each, after)]
    times = [
        moment
        for event in coming
        for session in event.sessions
        for moment in (remind_at(session, rules), ask_late_at(session, rules))
        if after < moment <= remind_until(session, rules)
    ]
    morning = hold_until(core, OutboxKind.REMINDER, after)
    if waiting and morning > after:
        times.append(morning)
    return min(times, default=None)
