"""What became of a call: sent, again, again later, in doubt, or never.

Once Telegram may have a call, whatever goes wrong here must not make it look unsent.
"""

import logging
from datetime import datetime, timedelta

from bot.domain.delivery import (
    SENDING_ATTEMPTS,
    DoubtRule,
    Failure,
    FailureKind,
    JsonValue,
    OutboxKind,
    OutboxState,
    Outgoing,
    Priority,
    backoff_seconds,
    doubt_rule,
)
from bot.domain.errors import StorageError
from bot.domain.ids import TelegramMessageId
from bot.domain.messages import Direction
from bot.services import frames, menu, relay
from bot.services.core import Core
from bot.services.outbox import is_worth_holding, note_of_repeat, tell_not_delivered
from bot.services.outgoing import give_task, text_payload
from bot.storage import links, messages, outbox, people, tasks
from bot.storage.database import Transaction

log = logging.getLogger(__name__)

DELIVERED_MARK = "🕊"
"""The reaction on a coach's message that tells it has reached the client's chat."""


async def record_sent(
    core: Core, row: Outgoing, telegram_message_id: TelegramMessageId | None, now: datetime
) -> None:
    """Record that Telegram took a call; a coach's message gets its mark."""
    try:
        await _record_sent(core, row, telegram_message_id, now)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - the mark is an ornament, that it is sent is not
        log.error("send.unmarked outbox=%s error=%s", row.id, type(error).__name__)
        async with core.database.transaction() as tx:
            await outbox.mark_sent(tx, row.id, telegram_message_id, now)


async def _record_sent(
    core: Core, row: Outgoing, telegram_message_id: TelegramMessageId | None, now: datetime
) -> None:
    async with core.database.transaction() as tx:
        await outbox.mark_sent(tx, row.id, telegram_message_id, now)
        first = row.part == 0 and row.edits_outbox_id is None
        outward = row.frame == relay.RELAY and row.kind is not OutboxKind.STAFF
        if outward and first and row.message_id is not None:
            message = await messages.get_message(tx, row.message_id)
            if message.direction is Direction.OUT:
                await outbox.insert_call(
                    tx,
                    lane=f"mark:{message.chat_id}",
                    chat_id=message.chat_id,
                    kind=OutboxKind.SET,
                    priority=Priority.REMINDER,  # an ornament: never before anybody's words
                    method="setMessageReaction",
                    payload={
                        "chat_id": message.chat_id,
                        "message_id": message.telegram_message_id,
                        "reaction": [{"type": "emoji", "emoji": DELIVERED_MARK}],
                    },
                    now=now,
                )


async def record_failure(
    core: Core, row: Outgoing, failure: Failure, now: datetime, *, chance: float = 1.0
) -> None:
    """Decide what a failed call means: again, again later, in doubt, or never."""
    try:
        await _record_failure(core, row, failure, now, chance)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - telling of it failed; what it means stays
        log.error("send.untold outbox=%s error=%s", row.id, type(error).__name__)
        await _record_plainly(core, row, failure, now)


async def _record_plainly(core: Core, row: Outgoing, failure: Failure, now: datetime) -> None:
    """Record what a failure means and tell nobody, since telling is what went wrong."""
    async with core.database.transaction() as tx:
        if failure.kind in {FailureKind.SLOW_DOWN, FailureKind.NOT_SENT}:
            await _again(tx, row, failure, now=now, seconds=max(failure.wait_seconds, 1))
            return
        unsure = failure.kind is FailureKind.DOUBT
        await outbox.update_call(
            tx,
            row.id,
            state=OutboxState.UNCERTAIN if unsure else OutboxState.FAILED,
            error=failure.description,
            now=now,
        )


async def _record_failure(
    core: Core, row: Outgoing, failure: Failure, now: datetime, chance: float
) -> None:
    async with core.database.transaction() as tx:
        kind = failure.kind
        pause = backoff_seconds(row.attempts, chance)
        if kind is FailureKind.SLOW_DOWN:
            await _again(tx, row, failure, now=now, seconds=failure.wait_seconds)
        elif kind is FailureKind.NOT_SENT:
            await _again(tx, row, failure, now=now, seconds=pause)
        elif kind is FailureKind.DOUBT:
            await _in_doubt(core, tx, row, failure, now=now, seconds=pause)
        elif kind is FailureKind.GONE:
            await _unreachable(core, tx, row, failure, now=now)
        elif "message is not modified" in failure.description:
            await outbox.update_call(tx, row.id, state=OutboxState.SENT, now=now)
        else:
            await _give_up(core, tx, row, failure, now=now)


async def set_aside(core: Core, row: Outgoing, error: str, now: datetime) -> None:
    """Give up a call that cannot even be begun, so that it keeps no other from going."""
    await record_failure(core, row, Failure(FailureKind.REJECTED, error), now)


async def _again(
    tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime, seconds: float
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
    core: Core,
    tx: Transaction,
    row: Outgoing,
    failure: Failure,
    *,
    now: datetime,
    seconds: float,
) -> None:
    """Do what the rule of its kind says with a call that may or may not have arrived."""
    rule = doubt_rule(row.kind, row.method)
    if rule is DoubtRule.REPEAT and row.attempts < SENDING_ATTEMPTS:
        await _again(tx, row, failure, now=now, seconds=seconds)
    elif rule is DoubtRule.REPEAT:
        await _give_up(core, tx, row, failure, now=now)
    elif rule is DoubtRule.LEAVE or row.doubts:
        await outbox.update_call(
            tx, row.id, state=OutboxState.UNCERTAIN, error=failure.description, now=now
        )
        await _tell_of_failure(core, tx, row, now=now)
    else:
        await outbox.update_call(
            tx,
            row.id,
            state=OutboxState.QUEUED,
            payload=await _marked(core, tx, row, now=now),
            not_before=now + timedelta(seconds=seconds),
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
    note = await note_of_repeat(core, tx, row)
    marked = frames.with_note(row.payload, note)
    if marked is not None:
        return marked
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
    return dict(row.payload)


async def _unreachable(
    core: Core, tx: Transaction, row: Outgoing, failure: Failure, *, now: datetime
) -> None:
    """Mark a client who blocked the bot, hold what waits for her, and have her phoned."""
    link = await links.find_link(tx, chat_id=row.chat_id)
    hers = link is not None and link.client_id is not None and row.client_id == link.client_id
    held = hers and is_worth_holding(row)
    await outbox.update_call(
        tx,
        row.id,
        state=OutboxState.HELD if held else OutboxState.FAILED,
        error=failure.description,
        now=now,
    )
    if link is None:
        return
    words = row.payload.get("text")
    if link.staff_id is not None and row.frame is None and isinstance(words, str):
        # Kept, and brought when the colleague is back, as what clients said is.
        await tasks.insert_task(
            tx,
            kind="notice",
            key=f"notice:call {row.id}",
            client_id=row.client_id,
            staff_id=link.staff_id,
            words=words,
            now=now,
        )
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
        await tell_not_delivered(core, tx, row, client, now=now)
    elif row.frame == relay.RELAY and row.message_id is not None and row.edits_outbox_id is None:
        key = f"message {row.message_id}"
        number = row.message_id
        await give_task(core, tx, "quarantined_client", key, client, now=now, nummer=number)


async def recover(core: Core, now: datetime) -> int:
    """After a start: what was claimed goes back, what was being sent is in doubt.

    Returns how many calls are in doubt.
    """
    failure = Failure(FailureKind.DOUBT, "the program stopped during the call")
    async with core.database.transaction() as tx:
        await outbox.give_back(tx)
        rows = await outbox.list_in_state(tx, OutboxState.SENDING)
    for row in rows:  # each by itself: one that is broken must not keep the bot from starting
        await record_failure(core, row, failure, now)
    return len(rows)
