"""Sending: what may go now is claimed, checked against the present, marked, and recorded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.appointments import AppointmentState, expects_client
from bot.domain.delivery import (
    JsonValue,
    OutboxKind,
    OutboxState,
    Outgoing,
    Priority,
)
from bot.domain.ids import ChatId, OutboxId
from bot.domain.languages import DUTCH
from bot.domain.people import Client, LinkState
from bot.services import frames, menu, relay, reminders
from bot.services.core import Core
from bot.services.outgoing import (
    HELD_IN_QUIET_HOURS,
    day_lane,
    hold_until,
    staff_lane,
    tell_coach,
)
from bot.storage import (
    appointments,
    broadcast_texts,
    deliveries,
    inbox,
    links,
    messages,
    outbox,
    people,
)
from bot.storage.database import Transaction
from bot.storage.outbox import Present

PROMPT = timedelta(minutes=15)
"""An answer that could not go out for longer than this is held in quiet hours like any other."""


_CHANGED = "the appointment changed"


async def claim(
    core: Core,
    now: datetime,
    room: Mapping[Priority, int],
    *,
    in_hand: Mapping[ChatId, int] | None = None,
    most: int = 1000,
) -> list[Outgoing]:
    """Take calls in hand that may be made now, at most so many of each priority.

    Of no chat more than `most` are in hand at once, `in_hand` being how many are already, so that
    a chat that must wait keeps no other waiting. A claimed call waits for its permit; until
    `start` it can still be changed or given back.
    """
    counts = Counter(in_hand or {})
    full = [chat_id for chat_id, count in counts.items() if count >= most]
    ready: list[Outgoing] = []
    async with core.database.reading() as tx:
        for priority, limit in room.items():
            if limit <= 0:
                continue
            found = await outbox.list_ready(tx, now, priority, limit=limit, besides=full)
            for call in found:
                if counts[call.chat_id] < most:
                    counts[call.chat_id] += 1
                    ready.append(call)
    if not ready:
        return []
    async with core.database.transaction() as tx:
        claimed = await outbox.claim(tx, [call.id for call in ready])
    return [call for call in ready if call.id in claimed]


async def give_back(core: Core) -> None:
    """Put back in the queue what was claimed and never begun."""
    async with core.database.transaction() as tx:
        await outbox.give_back(tx)


async def start(core: Core, outbox_id: OutboxId, now: datetime) -> Outgoing | None:
    """Mark a claimed call `sending` before anybody makes it; None when it is not to be made.

    It is looked at once more: is the link still live, did the appointment move, is it quiet?
    """
    async with core.database.transaction() as tx:
        present = await outbox.find_claimed(tx, outbox_id)
        if present is None or not await _still_wanted(core, tx, present, now):
            return None
        row = present.call
        completed = await _complete(core, tx, row, now)
        if completed is None:
            return None
        method, payload = completed
        if (method, payload) == (row.method, row.payload):
            await outbox.mark_sending(tx, row.id)
        else:
            await outbox.update_call(
                tx,
                row.id,
                state=OutboxState.SENDING,
                method=method,
                payload=payload,
                attempted=True,
                now=now,
            )
    return replace(row, method=method, payload=payload, attempts=row.attempts + 1)


async def _still_wanted(core: Core, tx: Transaction, present: Present, now: datetime) -> bool:
    """Tell whether a call is to be made now; else retire it or hold it back."""
    row = present.call
    if row.valid_until is not None and now >= row.valid_until:
        await _retire(core, tx, row, "too late", now=now)
        return False
    if row.kind is OutboxKind.STAFF and not _is_still_theirs(present):
        await _follow_to_new_phone(core, tx, row, now=now)
        return False
    if row.kind in {OutboxKind.STAFF, OutboxKind.SET, OutboxKind.ONBOARDING}:
        return True
    if row.delivery_id is not None and not await deliveries.is_still_meant(tx, row.delivery_id):
        # It came back after it was begun, and meanwhile something about it or her changed.
        await deliveries.take_back(tx, deliveries.of_delivery(row.delivery_id), now=now)
        return False
    if row.client_id is not None and not await _can_be_reached(core, tx, present, now):
        return False
    if row.appointment_id is not None and present.present_state is not None:
        stands = (
            expects_client(present.present_state)
            if row.kind is OutboxKind.REMINDER
            else present.present_state is not AppointmentState.CANCELLED
        )
        if present.present_revision != row.appointment_revision or not stands:
            await _retire(core, tx, row, _CHANGED, now=now)
            return False
    stale = row.kind is OutboxKind.ANSWER and now - row.created_at > PROMPT
    if row.kind in HELD_IN_QUIET_HOURS or stale:
        until = hold_until(core, OutboxKind.CONVERSATION, now)
        if until > now:
            await _hold_until_morning(tx, row, until, now=now)
            return False
    return True


async def _hold_until_morning(
    tx: Transaction, row: Outgoing, until: datetime, *, now: datetime
) -> None:
    """Hold a call back, out of the way of what may go out at night."""
    lane = row.lane if row.client_id is None else day_lane(row.client_id)
    # Reminders and broadcasts have lanes of their own, which hold up nothing else.
    if lane == row.lane or row.kind in {OutboxKind.REMINDER, OutboxKind.BROADCAST}:
        await outbox.update_call(tx, row.id, state=OutboxState.QUEUED, not_before=until, now=now)
    else:
        await outbox.move(tx, row.id, lane=lane, not_before=until)


def _is_still_theirs(present: Present) -> bool:
    """Tell whether a staff chat is still that of the person a call is for."""
    if present.call.frame == relay.RELAY and present.said_to is not None:
        return present.chats_staff_id == present.said_to
    return present.chats_staff_id is not None


async def _follow_to_new_phone(
    core: Core, tx: Transaction, row: Outgoing, *, now: datetime
) -> None:
    """Bring what a client said to where its reader is now; the old chat hears nothing more."""
    if row.frame != relay.RELAY or row.message_id is None or row.edits_outbox_id is not None:
        await _retire(core, tx, row, "no live link", now=now)
        return
    message = await messages.get_message(tx, row.message_id)
    link = await links.find_link(tx, staff_id=message.staff_id)
    if link is None or link.state is not LinkState.ACTIVE:
        # It is brought when there is a chat to bring it to.
        await outbox.update_call(
            tx, row.id, state=OutboxState.FAILED, error="no live link", now=now
        )
        return
    client = await people.get_client(tx, message.client_id)
    payload = {k: v for k, v in row.payload.items() if k != "reply_parameters"}
    await outbox.move(
        tx,
        row.id,
        lane=staff_lane(link.chat_id, client),
        chat_id=link.chat_id,
        payload=payload | {"chat_id": link.chat_id},
    )


async def _can_be_reached(core: Core, tx: Transaction, present: Present, now: datetime) -> bool:
    """Tell whether the client of a call may be written to now; else hold it or retire it."""
    row = present.call
    here = present.her_chat_id == row.chat_id and present.her_notice_at is not None
    if here and present.her_state is LinkState.ACTIVE:
        return True
    if here and present.her_state is LinkState.UNREACHABLE and is_worth_holding(row):
        await outbox.update_call(tx, row.id, state=OutboxState.HELD, now=now)
    else:
        await _retire(core, tx, row, "no live link", now=now)
    return False


def is_worth_holding(row: Outgoing) -> bool:
    """Tell whether a call is kept for a client until she can be reached again."""
    return row.kind in outbox.WORTH_HOLDING or row.frame == relay.RELAY


async def _retire(core: Core, tx: Transaction, row: Outgoing, why: str, *, now: datetime) -> None:
    """Take a call back; if somebody counts on it, they are told."""
    await outbox.update_call(tx, row.id, state=OutboxState.RETIRED, error=why, now=now)
    if row.client_id is None:
        return
    client = await people.get_client(tx, row.client_id)
    if row.kind is OutboxKind.REMINDER and row.appointment_id is not None:
        appointment = await appointments.get_appointment(tx, row.appointment_id)
        if appointment.revision == row.appointment_revision and expects_client(appointment.state):
            await reminders.report_missed(core, tx, client, appointment, now=now)
    elif why == _CHANGED:
        return  # what takes its place says how it is now
    elif row.frame == relay.RELAY or row.kind not in {OutboxKind.ANSWER, OutboxKind.STAFF}:
        await tell_not_delivered(core, tx, row, client, now=now)


async def tell_not_delivered(
    core: Core, tx: Transaction, row: Outgoing, client: Client, *, now: datetime
) -> None:
    """Tell the coach that something the client was to read has not, or perhaps not, arrived."""
    if row.edits_outbox_id is not None or not (row.message_id or row.appointment_id):
        return
    present = await outbox.get_call(tx, row.id)
    link = await links.find_link(tx, client_id=client.id)
    if present.state is OutboxState.UNCERTAIN:
        await tell_coach(core, tx, client, "st.perhaps_not_delivered", now=now)
    elif link is not None and link.state is LinkState.ACTIVE:
        await tell_coach(core, tx, client, "st.not_taken", now=now)
    else:
        stand = await menu.link_words(core, tx, client)
        await tell_coach(core, tx, client, "st.not_delivered", stand=stand, now=now)


async def note_of_repeat(core: Core, tx: Transaction, row: Outgoing) -> str:
    """Return the line that says, in the reader's language, that this may come twice."""
    locale = DUTCH
    if row.client_id is not None and row.kind is not OutboxKind.STAFF:
        locale = (await people.get_client(tx, row.client_id)).language
    return core.texts.say("ch.maybe_twice", locale)


async def _complete(
    core: Core, tx: Transaction, row: Outgoing, now: datetime
) -> tuple[str, dict[str, JsonValue]] | None:
    """Return method and parameters, with the message to edit filled in; None if there is none."""
    payload = dict(row.payload)
    if row.kind is OutboxKind.BROADCAST and core.config.sending.paid_broadcast:
        payload["allow_paid_broadcast"] = True
    repeated = row.doubts > 0
    if row.edits_outbox_id is not None:
        original = await outbox.get_call(tx, row.edits_outbox_id)
        repeated |= original.doubts > 0
        lost = original.telegram_message_id is None
        whole = row.method in {"editMessageText", "sendMessage"}
        if lost and original.state is OutboxState.UNCERTAIN and whole:
            # Perhaps it never came; then these words still do.
            note = await note_of_repeat(core, tx, row)
            return "sendMessage", frames.with_note(payload, note) or payload
        if original.telegram_message_id is None:
            await outbox.update_call(
                tx, row.id, state=OutboxState.RETIRED, error="nothing to edit", now=now
            )
            return None
        payload["message_id"] = original.telegram_message_id
    if repeated:
        # Words that were put in its place meanwhile must not take the mark away.
        payload = frames.with_note(payload, await note_of_repeat(core, tx, row)) or payload
    return row.method, payload


async def next_held(core: Core, after: datetime) -> datetime | None:
    """Return when the next call that is held back may go out."""
    async with core.database.reading() as tx:
        return await outbox.next_held_at(tx, after)


async def is_idle(core: Core, now: datetime) -> bool:
    """Tell whether nothing is being sent, and nothing could be sent or translated now."""
    async with core.database.reading() as tx:
        return (
            not await outbox.is_sending(tx)
            and not await outbox.list_ready(tx, now, limit=1)
            and not await messages.count_due_translations(tx, now)
            and not await broadcast_texts.count_due(tx, now)
            and not await inbox.list_lane_heads(tx, now)
        )
