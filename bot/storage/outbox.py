"""Everything that must leave: one row a call, in order within its lane."""

from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import OutboxKind, OutboxState, Outgoing, Payload, priority_of
from bot.domain.ids import (
    AppointmentId,
    ChatId,
    ClientId,
    MessageId,
    OutboxId,
    TelegramMessageId,
    TranslationId,
)
from bot.domain.messages import TranslationState
from bot.storage.database import Topic, Transaction, one
from bot.storage.schema import lanes, outbox, translations

_OUTGOING = tuple(column for column in outbox.c if column.name not in {"finished_at", "error"})
_UNFINISHED = (OutboxState.WAITING, OutboxState.QUEUED, OutboxState.SENDING)
"""What comes later in the lane waits for these; a doubt that stays does not hold it up."""


async def next_seq(tx: Transaction, lane: str) -> int:
    """Take the next number of a lane; the row stays locked until the transaction ends."""
    await tx.upsert(lanes, ("lane",), {"last_seq": lanes.c.last_seq + 1}, lane=lane, last_seq=1)
    return await tx.number(sa.select(lanes.c.last_seq).where(lanes.c.lane == lane))


async def insert_call(
    tx: Transaction,
    *,
    lane: str,
    chat_id: ChatId,
    kind: OutboxKind,
    method: str,
    payload: Payload,
    now: datetime,
    not_before: datetime | None = None,
    state: OutboxState = OutboxState.QUEUED,
    seq: int | None = None,
    part: int = 0,
    frame: str | None = None,
    client_id: ClientId | None = None,
    message_id: MessageId | None = None,
    translation_id: TranslationId | None = None,
    appointment_id: AppointmentId | None = None,
    appointment_revision: int | None = None,
    edits_outbox_id: OutboxId | None = None,
    valid_until: datetime | None = None,
) -> OutboxId:
    """Add a call at the end of its lane, or as a further part of one that stands in it."""
    if seq is None:
        seq = await next_seq(tx, lane)
    tx.wake(Topic.OUTBOX)
    return OutboxId(
        await tx.insert(
            outbox,
            lane=lane,
            seq=seq,
            part=part,
            chat_id=chat_id,
            kind=kind,
            priority=priority_of(kind),
            method=method,
            payload=payload,
            frame=frame,
            client_id=client_id,
            message_id=message_id,
            translation_id=translation_id,
            appointment_id=appointment_id,
            appointment_revision=appointment_revision,
            edits_outbox_id=edits_outbox_id,
            state=state,
            attempts=0,
            doubts=0,
            not_before=not_before or now,
            valid_until=valid_until,
            created_at=now,
        )
    )


async def get_call(tx: Transaction, outbox_id: OutboxId) -> Outgoing:
    """Return an outgoing call that must exist."""
    row = await tx.row(sa.select(*_OUTGOING).where(outbox.c.id == outbox_id))
    if row is None:
        msg = f"There is no outgoing call {outbox_id}."
        raise LookupError(msg)
    return one(Outgoing, row)


async def list_ready(tx: Transaction, now: datetime, *, limit: int) -> list[Outgoing]:
    """Return calls that may be made now: the first unfinished one of each lane, oldest first."""
    earlier = outbox.alias("earlier")
    behind = sa.exists().where(
        earlier.c.lane == outbox.c.lane,
        earlier.c.state.in_(_UNFINISHED),
        sa.or_(
            earlier.c.seq < outbox.c.seq,
            sa.and_(earlier.c.seq == outbox.c.seq, earlier.c.part < outbox.c.part),
        ),
    )
    query = (
        sa.select(*_OUTGOING)
        .where(
            outbox.c.state == OutboxState.QUEUED,
            outbox.c.not_before <= now,
            ~behind,
        )
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [one(Outgoing, row) for row in await tx.rows(query)]


async def list_in_state(tx: Transaction, state: OutboxState) -> list[Outgoing]:
    """Return all calls in a state, oldest first."""
    rows = await tx.rows(
        sa.select(*_OUTGOING).where(outbox.c.state == state).order_by(outbox.c.id)
    )
    return [one(Outgoing, row) for row in rows]


async def list_of_translation(tx: Transaction, translation_id: TranslationId) -> list[Outgoing]:
    """Return the calls that carry a translation, in order."""
    rows = await tx.rows(
        sa.select(*_OUTGOING)
        .where(outbox.c.translation_id == translation_id)
        .order_by(outbox.c.seq, outbox.c.part, outbox.c.id)
    )
    return [one(Outgoing, row) for row in rows]


async def find_sent(
    tx: Transaction, chat_id: ChatId, telegram_message_id: TelegramMessageId
) -> Outgoing | None:
    """Return the call by which this message came into the chat."""
    row = await tx.row(
        sa.select(*_OUTGOING)
        .where(
            outbox.c.chat_id == chat_id,
            outbox.c.telegram_message_id == telegram_message_id,
            outbox.c.edits_outbox_id.is_(None),
        )
        .order_by(outbox.c.id.desc())
    )
    return one(Outgoing, row) if row else None


async def find_copy(
    tx: Transaction, message_id: MessageId, chat_id: ChatId
) -> TelegramMessageId | None:
    """Return the Telegram message by which a message reached the other side, if it did."""
    row = await tx.row(
        sa.select(outbox.c.telegram_message_id)
        .where(
            outbox.c.message_id == message_id,
            outbox.c.chat_id == chat_id,
            outbox.c.telegram_message_id.is_not(None),
        )
        .order_by(outbox.c.id)
    )
    return row["telegram_message_id"] if row else None


async def update_call(
    tx: Transaction,
    outbox_id: OutboxId,
    *,
    state: OutboxState,
    now: datetime,
    method: str | None = None,
    payload: Payload | None = None,
    not_before: datetime | None = None,
    telegram_message_id: TelegramMessageId | None = None,
    error: str | None = None,
    attempted: bool = False,
    doubted: bool = False,
) -> None:
    """Move a call to another state, with what is given."""
    given = {
        "method": method,
        "payload": payload,
        "not_before": not_before,
        "telegram_message_id": telegram_message_id,
        "error": error[:300] if error else None,
    }
    values: dict[str, object] = {k: v for k, v in given.items() if v is not None}
    values["state"] = state
    if attempted:
        values["attempts"] = outbox.c.attempts + 1
    if doubted:
        values["doubts"] = outbox.c.doubts + 1
    if state not in _UNFINISHED:
        values["finished_at"] = now
    await tx.run(sa.update(outbox).where(outbox.c.id == outbox_id).values(**values))
    tx.wake(Topic.OUTBOX)


async def hold_client(tx: Transaction, client_id: ClientId, *, now: datetime) -> int:
    """Retire what still waits to go to a client who cannot or will not be reached here."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.client_id == client_id,
            outbox.c.state.in_((OutboxState.WAITING, OutboxState.QUEUED)),
            outbox.c.kind != OutboxKind.STAFF,
        )
        .values(state=OutboxState.RETIRED, finished_at=now, error="no live link")
    )
    return result.rowcount


async def retire_message(tx: Transaction, message_id: MessageId, *, now: datetime) -> None:
    """Retire a message that was corrected before it went out."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.message_id == message_id,
            outbox.c.state.in_((OutboxState.WAITING, OutboxState.QUEUED)),
            outbox.c.frame.is_not(None),
        )
        .values(state=OutboxState.RETIRED, finished_at=now, error="corrected by its writer")
    )


async def retire_appointment(
    tx: Transaction, appointment_id: AppointmentId, *, now: datetime
) -> None:
    """Retire what was about to be said about an appointment's earlier state."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.appointment_id == appointment_id,
            outbox.c.state == OutboxState.QUEUED,
            outbox.c.kind.in_((OutboxKind.APPOINTMENT, OutboxKind.REMINDER)),
        )
        .values(state=OutboxState.RETIRED, finished_at=now, error="the appointment changed")
    )


async def was_told(tx: Transaction, appointment_id: AppointmentId) -> bool:
    """Tell whether the client has, or may have, received anything about an appointment."""
    row = await tx.row(
        sa.select(outbox.c.id)
        .where(
            outbox.c.appointment_id == appointment_id,
            outbox.c.state.in_((OutboxState.SENDING, OutboxState.SENT, OutboxState.UNCERTAIN)),
        )
        .limit(1)
    )
    return row is not None


async def list_overdue(tx: Transaction, now: datetime) -> list[Outgoing]:
    """Return calls that have waited for their translation as long as they may."""
    overdue = sa.select(translations.c.id).where(
        sa.or_(
            translations.c.deadline_at <= now,
            translations.c.state != TranslationState.PENDING,
        )
    )
    rows = await tx.rows(
        sa.select(*_OUTGOING)
        .where(outbox.c.state == OutboxState.WAITING, outbox.c.translation_id.in_(overdue))
        .order_by(outbox.c.id)
    )
    return [one(Outgoing, row) for row in rows]


async def is_sending(tx: Transaction) -> bool:
    """Tell whether a call is being made at this moment."""
    row = await tx.row(
        sa.select(outbox.c.id).where(outbox.c.state == OutboxState.SENDING).limit(1)
    )
    return row is not None


async def next_held_at(tx: Transaction, after: datetime) -> datetime | None:
    """Return when the next call that is held back, or waits for words, may go out."""
    held = await tx.row(
        sa.select(outbox.c.not_before)
        .where(outbox.c.state == OutboxState.QUEUED, outbox.c.not_before > after)
        .order_by(outbox.c.not_before)
        .limit(1)
    )
    waiting = await tx.row(
        sa.select(translations.c.deadline_at)
        .join(outbox, outbox.c.translation_id == translations.c.id)
        .where(outbox.c.state == OutboxState.WAITING, translations.c.deadline_at > after)
        .order_by(translations.c.deadline_at)
        .limit(1)
    )
    times = [*(held.values() if held else ()), *(waiting.values() if waiting else ())]
    return min(times, default=None)
