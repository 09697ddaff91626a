"""Sending: what may go now is claimed, checked against the present, marked, and recorded."""

from datetime import datetime, timedelta

from bot.domain.appointments import AppointmentState, expects_client
from bot.domain.delivery import (
    REPEATABLE_METHODS,
    SENDING_ATTEMPTS,
    Failure,
    FailureKind,
    JsonValue,
    OutboxKind,
    OutboxState,
    Outgoing,
    backoff_seconds,
)
from bot.domain.ids import OutboxId, TelegramMessageId
from bot.domain.languages import DUTCH
from bot.domain.messages import CAPTION_LIMIT, TEXT_LIMIT, Direction
from bot.domain.people import Client, LinkState
from bot.services import frames, menu, relay, reminders
from bot.services.core import Core
from bot.services.outgoing import (
    HELD_IN_QUIET_HOURS,
    give_task,
    hold_until,
    tell_coach,
    text_payload,
)
from bot.storage import appointments, inbox, links, messages, outbox, people
from bot.storage.database import Transaction

PROMPT = timedelta(minutes=15)
"""An answer that could not go out for longer than this is held in quiet hours like any other."""

_DOUBTS = 3
"""How often what clients said is repeated to staff while it is in doubt; to a client once."""

DELIVERED_MARK = "🕊"
"""The reaction on a coach's message that tells it has reached the client's chat."""


async def claim(core: Core, now: datetime, *, limit: int) -> list[Outgoing]:
    """Return calls to make now, each marked `sending` before anybody makes it.

    Each is looked at once more: is the link still live, did the appointment move, is it quiet?
    """
    claimed: list[Outgoing] = []
    async with core.database.transaction() as tx:
        for row in await outbox.list_ready(tx, now, limit=limit):
            if not await _still_wanted(core, tx, row, now):
                continue
            completed = await _complete(tx, row, now)
            if completed is None:
                continue
            method, payload = completed
            await outbox.update_call(
                tx,
                row.id,
                state=OutboxState.SENDING,
                method=method,
                payload=payload,
                attempted=True,
                now=now,
            )
            claimed.append(await outbox.get_call(tx, row.id))
    return claimed


async def _still_wanted(core: Core, tx: Transaction, row: Outgoing, now: datetime) -> bool:
    """Tell whether a call is to be made now; else retire it or hold it back."""
    if row.valid_until is not None and now >= row.valid_until:
        await _retire(core, tx, row, "too late", now=now)
        return False
    if row.kind is OutboxKind.STAFF:
        link = await links.find_link(tx, chat_id=row.chat_id)
        if link is None or link.staff_id is None:
            # A colleague with a new phone: the old chat hears nothing more.
            await _retire(core, tx, row, "no live link", now=now)
            return False
    if row.kind in {OutboxKind.STAFF, OutboxKind.SET, OutboxKind.ONBOARDING}:
        return True
    if row.client_id is not None:
        link = await links.find_link(tx, client_id=row.client_id)
        live = (
            link is not None
            and link.chat_id == row.chat_id
            and link.state is LinkState.ACTIVE
            and link.notice_acknowledged_at is not None
        )
        if not live:
            await _retire(core, tx, row, "no live link", now=now)
            return False
    if row.appointment_id is not None:
        appointment = await appointments.get_appointment(tx, row.appointment_id)
        stands = (
            expects_client(appointment.state)
            if row.kind is OutboxKind.REMINDER
            else appointment.state is not AppointmentState.CANCELLED
        )
        if appointment.revision != row.appointment_revision or not stands:
            await _retire(core, tx, row, "the appointment changed", now=now)
            return False
    stale = row.kind is OutboxKind.ANSWER and now - row.created_at > PROMPT
    if row.kind in HELD_IN_QUIET_HOURS or stale:
        until = hold_until(core, OutboxKind.CONVERSATION, now)
        if until > now:
            await outbox.update_call(
                tx, row.id, state=OutboxState.QUEUED, not_before=until, now=now
            )
            return False
    return True


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
    elif row.kind not in {OutboxKind.ANSWER, OutboxKind.STAFF}:
        await _tell_not_delivered(core, tx, row, client, now=now)


async def _tell_not_delivered(
    core: Core, tx: Transaction, row: Outgoing, client: Client, *, now: datetime
) -> None:
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


async def _complete(
    tx: Transaction, row: Outgoing, now: datetime
) -> tuple[str, dict[str, JsonValue]] | None:
    """Return method and parameters, with the message to edit filled in; None if there is none."""
    payload = dict(row.payload)
    if row.edits_outbox_id is not None:
        original = await outbox.get_call(tx, row.edits_outbox_id)
        lost = original.telegram_message_id is None
        if lost and original.state is OutboxState.UNCERTAIN and row.method == "editMessageText":
            return "sendMessage", payload  # perhaps it never came; then these words still do
        if original.telegram_message_id is None:
            await outbox.update_call(
                tx, row.id, state=OutboxState.RETIRED, error="nothing to edit", now=now
            )
            return None
        payload["message_id"] = original.telegram_message_id
    return row.method, payload


async def record_sent(
    core: Core,
    outbox_id: OutboxId,
    telegram_message_id: TelegramMessageId | None,
    now: datetime,
) -> None:
    """Record that Telegram took a call; a coach's message gets its mark."""
    async with core.database.transaction() as tx:
        row = await outbox.get_call(tx, outbox_id)
        await outbox.update_call(
            tx,
            outbox_id,
            state=OutboxState.SENT,
            telegram_message_id=telegram_message_id,
            now=now,
        )
        first = row.part == 0 and row.edits_outbox_id is None
        if row.frame == relay.RELAY and row.message_id is not None and first:
            message = await messages.get_message(tx, row.message_id)
            if message.direction is Direction.OUT:
                await outbox.insert_call(
                    tx,
                    lane=f"mark:{message.id}",
                    chat_id=message.chat_id,
                    kind=OutboxKind.SET,
                    method="setMessageReaction",
                    payload={
                        "chat_id": message.chat_id,
                        "message_id": message.telegram_message_id,
                        "reaction": [{"type": "emoji", "emoji": DELIVERED_MARK}],
                    },
                    now=now,
                )


async def record_failure(core: Core, outbox_id: OutboxId, failure: Failure, now: datetime) -> None:
    """Decide what a failed call means: again, again later, in doubt, or never."""
    async with core.database.transaction() as tx:
        row = await outbox.get_call(tx, outbox_id)
        repeatable = row.method in REPEATABLE_METHODS
        kind = failure.kind
        if kind is FailureKind.SLOW_DOWN:
            await _again(tx, row, failure, now=now, seconds=failure.wait_seconds)
        elif kind is FailureKind.DOUBT and not repeatable:
            await _in_doubt(core, tx, row, failure, now=now)
        elif kind in {FailureKind.NOT_SENT, FailureKind.DOUBT}:
            if row.attempts < SENDING_ATTEMPTS or kind is FailureKind.NOT_SENT:
                await _again(tx, row, failure, now=now, seconds=backoff_seconds(row.attempts))
            else:
                await _give_up(core, tx, row, failure, now=now)
        elif kind is FailureKind.GONE:
            await _unreachable(core, tx, row, failure, now=now)
        elif "message is not modified" in failure.description:
            await outbox.update_call(tx, row.id, state=OutboxState.SENT, now=now)
        else:
            await _give_up(core, tx, row, failure, now=now)


async def _again(
    tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime, seconds: int
) -> None:
    await outbox.update_call(
        tx,
        row.id,
        state=OutboxState.QUEUED,
        not_before=now + timedelta(seconds=seconds),
        error=failure.description,
        now=now,
    )


async def _in_doubt(
    core: Core, tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime
) -> None:
    """Repeat what may or may not have arrived, and say so in the reader's words.

    Losing a reminder or an answer is worse than reading it twice. A client gets it once more;
    staff a few times, for what clients say must arrive.
    """
    if row.doubts >= (_DOUBTS if row.kind is OutboxKind.STAFF else 1):
        await outbox.update_call(
            tx, row.id, state=OutboxState.UNCERTAIN, error=failure.description, now=now
        )
        await _tell_of_failure(core, tx, row, now=now)
        return
    payload = dict(row.payload)
    if row.doubts == 0:
        payload = await _marked(core, tx, row, now=now)
    await outbox.update_call(
        tx,
        row.id,
        state=OutboxState.QUEUED,
        payload=payload,
        not_before=now + timedelta(seconds=backoff_seconds(row.doubts + 1)),
        error=failure.description,
        doubted=True,
        now=now,
    )


async def _marked(
    core: Core, tx: Transaction, row: Outgoing, *, now: datetime
) -> dict[str, JsonValue]:
    """Return the parameters with the mark of a possible repeat.

    What has no words, or no room for more of them, gets the mark as a message before it.
    """
    payload = dict(row.payload)
    locale = DUTCH
    if row.client_id is not None and row.kind is not OutboxKind.STAFF:
        locale = (await people.get_client(tx, row.client_id)).language
    note = core.texts.say("ch.maybe_twice", locale)
    for field, limit in (("text", TEXT_LIMIT), ("caption", CAPTION_LIMIT)):
        words = payload.get(field)
        if isinstance(words, str) and frames.visible_length(f"{words}\n{note}") <= limit:
            return payload | {field: f"{words}\n{note}"}
    await outbox.insert_call(
        tx,
        lane=row.lane,
        seq=row.seq,
        part=-1 - row.part,  # the earlier parts are through, so this comes first
        chat_id=row.chat_id,
        kind=row.kind,
        method="sendMessage",
        payload=text_payload(row.chat_id, note),
        client_id=row.client_id,
        appointment_id=row.appointment_id,
        appointment_revision=row.appointment_revision,
        valid_until=row.valid_until,
        now=now,
    )
    return payload


async def _unreachable(
    core: Core, tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime
) -> None:
    """Mark a client who blocked the bot, hold what waits for her, and have her phoned."""
    await outbox.update_call(
        tx, row.id, state=OutboxState.FAILED, error=failure.description, now=now
    )
    link = await links.find_link(tx, chat_id=row.chat_id)
    if link is not None:
        await menu.set_unreachable(core, tx, link, f"call {row.id}", now=now)


async def _give_up(
    core: Core, tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime
) -> None:
    """Keep a call that will never be taken, and tell the coach when a person waits for it."""
    await outbox.update_call(
        tx, row.id, state=OutboxState.FAILED, error=failure.description, now=now
    )
    await _tell_of_failure(core, tx, row, now=now)


async def _tell_of_failure(core: Core, tx: Transaction, row: Outgoing, *, now: datetime) -> None:
    """Tell the coach that something did not reach the client, or did not come from her."""
    if row.client_id is None or row.kind is OutboxKind.SET:
        return
    client = await people.get_client(tx, row.client_id)
    if row.kind is not OutboxKind.STAFF:
        await _tell_not_delivered(core, tx, row, client, now=now)
    elif row.frame == relay.RELAY and row.message_id is not None and row.edits_outbox_id is None:
        key = f"message {row.message_id}"
        number = row.message_id
        await give_task(core, tx, "quarantined_client", key, client, now=now, nummer=number)


async def recover(core: Core, now: datetime) -> int:
    """After a start: what was being sent when the program stopped is in doubt.

    Returns how many calls that were.
    """
    failure = Failure(FailureKind.DOUBT, "the program stopped during the call")
    async with core.database.transaction() as tx:
        rows = await outbox.list_in_state(tx, OutboxState.SENDING)
        for row in rows:
            if row.method in REPEATABLE_METHODS:
                await _again(tx, row, failure, now=now, seconds=0)
            else:
                await _in_doubt(core, tx, row, failure, now=now)
    return len(rows)


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
            and not await inbox.list_lane_heads(tx, now)
        )
