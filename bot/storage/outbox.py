"""Everything that must leave: one row a call, in order within its lane."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bot.domain.appointments import AppointmentState
from bot.domain.delivery import (
    OutboxKind,
    OutboxState,
    Outgoing,
    Payload,
    Priority,
    priority_of,
)
from bot.domain.ids import (
    AppointmentId,
    ChatId,
    ClientId,
    MessageId,
    OutboxId,
    StaffId,
    TelegramMessageId,
    TranslationId,
)
from bot.domain.messages import TranslationState
from bot.domain.people import LinkState
from bot.storage.database import Topic, Transaction, dialect_insert, one
from bot.storage.fixed import Fixed
from bot.storage.schema import appointments, channel_links, lanes, messages, outbox, translations

_OUTGOING = tuple(column for column in outbox.c if column.name not in {"finished_at", "error"})
_UNFINISHED = (
    OutboxState.WAITING,
    OutboxState.QUEUED,
    OutboxState.CLAIMED,
    OutboxState.SENDING,
)
"""What comes later in the lane waits for these; a doubt that stays does not hold it up."""

_STILL_OPEN = (*_UNFINISHED, OutboxState.HELD)

NOT_YET_SENT = (OutboxState.WAITING, OutboxState.QUEUED, OutboxState.CLAIMED)
"""What can still be changed or taken back; a claimed call is looked at again before it goes."""


# The statements of every message's trip are built once: building takes longer than executing.
def _lane_head() -> sa.ColumnElement[bool]:
    """Return the condition that nothing unfinished stands before a call in its lane."""
    earlier = outbox.alias("earlier")
    return ~sa.exists().where(
        earlier.c.lane == outbox.c.lane,
        # Written out: a list of values would have to be worked out anew at each execution.
        earlier.c.state.in_([sa.literal_column(f"'{state.value}'") for state in _UNFINISHED]),
        sa.or_(
            earlier.c.seq < outbox.c.seq,
            sa.and_(earlier.c.seq == outbox.c.seq, earlier.c.part < outbox.c.part),
        ),
    )


_READY_ANYWHERE = (
    sa.select(*_OUTGOING)
    .where(
        outbox.c.state == OutboxState.QUEUED,
        outbox.c.priority == sa.bindparam("rank", type_=outbox.c.priority.type),
        outbox.c.not_before <= sa.bindparam("now", type_=outbox.c.not_before.type),
        _lane_head(),
    )
    .order_by(outbox.c.not_before, outbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_READY = Fixed(_READY_ANYWHERE)
_READY_BESIDES = _READY_ANYWHERE.where(
    outbox.c.chat_id.not_in(sa.bindparam("besides", expanding=True))
)
_CLAIM = (
    sa.update(outbox)
    .where(
        outbox.c.id.in_(sa.bindparam("ids", expanding=True)),
        outbox.c.state == OutboxState.QUEUED,
    )
    .values(state=OutboxState.CLAIMED)
    .returning(outbox.c.id)
)
_her_link = channel_links.alias("her_link")
_chats_link = channel_links.alias("chats_link")
_START = Fixed(
    sa.select(
        *_OUTGOING,
        _her_link.c.chat_id.label("her_chat_id"),
        _her_link.c.state.label("her_state"),
        _her_link.c.notice_acknowledged_at.label("her_notice_at"),
        _chats_link.c.staff_id.label("chats_staff_id"),
        messages.c.staff_id.label("said_to"),
        appointments.c.state.label("present_state"),
        appointments.c.revision.label("present_revision"),
    )
    .select_from(
        outbox.outerjoin(
            _her_link,
            sa.and_(_her_link.c.client_id == outbox.c.client_id, _her_link.c.ended_at.is_(None)),
        )
        .outerjoin(
            _chats_link,
            sa.and_(_chats_link.c.chat_id == outbox.c.chat_id, _chats_link.c.ended_at.is_(None)),
        )
        .outerjoin(appointments, appointments.c.id == outbox.c.appointment_id)
        .outerjoin(messages, messages.c.id == outbox.c.message_id)
    )
    .where(outbox.c.id == sa.bindparam("call_id"), outbox.c.state == OutboxState.CLAIMED)
)
_MARK = Fixed(
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("call_id"))
    .values(state=OutboxState.SENDING, attempts=outbox.c.attempts + 1)
)
_CHANGE_ONE = sa.update(outbox).where(outbox.c.id == sa.bindparam("which"))
_CHANGE = Fixed(_CHANGE_ONE)
_OF_TRANSLATION = Fixed(
    sa.select(*_OUTGOING)
    .where(outbox.c.translation_id == sa.bindparam("which"))
    .order_by(outbox.c.seq, outbox.c.part, outbox.c.id)
)
_CALL = Fixed(sa.select(*_OUTGOING).where(outbox.c.id == sa.bindparam("call_id")))


@cache
def _take_number(dialect: str) -> Fixed:
    return Fixed(
        dialect_insert(dialect, lanes)
        .on_conflict_do_update(index_elements=["lane"], set_={"last_seq": lanes.c.last_seq + 1})
        .returning(lanes.c.last_seq)
    )


async def next_seq(tx: Transaction, lane: str) -> int:
    """Take the next number of a lane; the row stays locked until the transaction ends."""
    return await tx.number(_take_number(tx.dialect), lane=lane, last_seq=1)


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
    priority: Priority | None = None,
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
            priority=priority_of(kind) if priority is None else priority,
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
    row = await tx.row(_CALL, call_id=outbox_id)
    if row is None:
        msg = f"There is no outgoing call {outbox_id}."
        raise LookupError(msg)
    return one(Outgoing, row)


async def list_ready(
    tx: Transaction,
    now: datetime,
    priority: Priority | None = None,
    *,
    limit: int,
    besides: Collection[int] = (),
) -> list[Outgoing]:
    """Return calls that may be made now: the first unfinished one of each lane, oldest first.

    Of one priority, or of all of them, the most urgent first; none to the chats in `besides`.
    """
    ranks = Priority if priority is None else (priority,)
    found: list[Outgoing] = []
    for rank in ranks:
        room = limit - len(found)
        if besides:
            given = list(besides)
            rows = await tx.rows(_READY_BESIDES, rank=rank, now=now, most=room, besides=given)
        else:
            rows = await tx.rows(_READY, rank=rank, now=now, most=room)
        found += [one(Outgoing, row) for row in rows]
    return found


async def claim(tx: Transaction, ids: Sequence[OutboxId]) -> set[OutboxId]:
    """Take calls in hand; returns those that still stood in the queue."""
    return {row["id"] for row in await tx.rows(_CLAIM, ids=list(ids))}


async def give_back(tx: Transaction) -> int:
    """Put what was claimed and never begun back in the queue; returns how much that was."""
    result = await tx.run(
        sa.update(outbox)
        .where(outbox.c.state == OutboxState.CLAIMED)
        .values(state=OutboxState.QUEUED)
    )
    tx.wake(Topic.OUTBOX)
    return result.rowcount


@dataclass(frozen=True, slots=True)
class Present:
    """A claimed call, and how the things it depends on stand at this moment."""

    call: Outgoing
    her_chat_id: ChatId | None
    her_state: LinkState | None
    her_notice_at: datetime | None
    chats_staff_id: StaffId | None
    said_to: StaffId | None
    """The coach of the conversation that the call belongs to."""
    present_state: AppointmentState | None
    present_revision: int | None


async def find_claimed(tx: Transaction, outbox_id: OutboxId) -> Present | None:
    """Return a call with all that may keep it from going; None when it is not claimed any more."""
    row = await tx.row(_START, call_id=outbox_id)
    if row is None:
        return None
    values = dict(row)
    facts = {name: values.pop(name) for name in _FACTS}
    return Present(call=Outgoing(**values), **facts)


_FACTS = tuple(name for name in Present.__slots__ if name != "call")


async def mark_sending(tx: Transaction, outbox_id: OutboxId) -> None:
    """Mark a call as being made; committed before it is."""
    await tx.change(_MARK, call_id=outbox_id)


async def mark_sent(
    tx: Transaction,
    outbox_id: OutboxId,
    telegram_message_id: TelegramMessageId | None,
    now: datetime,
) -> None:
    """Mark a call as taken by Telegram, with the message it became."""
    tx.wake(Topic.OUTBOX)
    values: dict[str, object] = {"state": OutboxState.SENT, "finished_at": now}
    if telegram_message_id is not None:
        values["telegram_message_id"] = telegram_message_id
    await tx.change(_CHANGE, which=outbox_id, **values)


async def list_in_state(tx: Transaction, state: OutboxState) -> list[Outgoing]:
    """Return all calls in a state, oldest first."""
    rows = await tx.rows(
        sa.select(*_OUTGOING).where(outbox.c.state == state).order_by(outbox.c.id)
    )
    return [one(Outgoing, row) for row in rows]


async def list_of_translation(tx: Transaction, translation_id: TranslationId) -> list[Outgoing]:
    """Return the calls that carry a translation, in order."""
    rows = await tx.rows(_OF_TRANSLATION, which=translation_id)
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
    if state not in _STILL_OPEN:
        values["finished_at"] = now
    if attempted or doubted:
        statement = _CHANGE_ONE
        if attempted:
            statement = statement.values(attempts=outbox.c.attempts + 1)
        if doubted:
            statement = statement.values(doubts=outbox.c.doubts + 1)
        await tx.run(statement, {"which": outbox_id, **values})
    else:
        await tx.change(_CHANGE, which=outbox_id, **values)
    tx.wake(Topic.OUTBOX)


async def move(
    tx: Transaction,
    outbox_id: OutboxId,
    *,
    lane: str,
    not_before: datetime | None = None,
    chat_id: ChatId | None = None,
    payload: Payload | None = None,
) -> None:
    """Put a call at the end of another lane, for another moment or another chat."""
    given = {"not_before": not_before, "chat_id": chat_id, "payload": payload}
    values: dict[str, object] = {k: v for k, v in given.items() if v is not None}
    values |= {"lane": lane, "seq": await next_seq(tx, lane), "state": OutboxState.QUEUED}
    await tx.change(_CHANGE, which=outbox_id, **values)
    tx.wake(Topic.OUTBOX)


WORTH_HOLDING = (OutboxKind.CONVERSATION, OutboxKind.APPOINTMENT, OutboxKind.URGENT)
"""What a client is still to read when she can be reached again; so is whatever a person said."""


async def hold_client(tx: Transaction, client_id: ClientId) -> int:
    """Hold what waits for a client who cannot be reached, until she can be again.

    What waits for its translation goes on waiting, and is held when it would go.
    """
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.client_id == client_id,
            outbox.c.state.in_((OutboxState.QUEUED, OutboxState.CLAIMED)),
            outbox.c.kind != OutboxKind.STAFF,
            sa.or_(outbox.c.kind.in_(WORTH_HOLDING), outbox.c.frame.is_not(None)),
        )
        .values(state=OutboxState.HELD)
    )
    return result.rowcount


async def release_client(tx: Transaction, client_id: ClientId, *, since: datetime) -> int:
    """Queue again what was held for a client; each call is looked at again before it goes.

    What was said before `since` has had its time and stays where it is.
    """
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.client_id == client_id,
            outbox.c.kind != OutboxKind.STAFF,
            sa.or_(
                sa.and_(outbox.c.state == OutboxState.HELD, outbox.c.created_at >= since),
                # What was said later, and is in hand already, must not go before it.
                outbox.c.state == OutboxState.CLAIMED,
            ),
        )
        .values(state=OutboxState.QUEUED)
    )
    tx.wake(Topic.OUTBOX)
    return result.rowcount


async def retire_client(tx: Transaction, client_id: ClientId, *, now: datetime) -> int:
    """Retire what waits to go to a client who does not want it any more."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.client_id == client_id,
            outbox.c.state.in_((*NOT_YET_SENT, OutboxState.HELD)),
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
            outbox.c.state.in_((*NOT_YET_SENT, OutboxState.HELD)),
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
            outbox.c.state.in_((*NOT_YET_SENT, OutboxState.HELD)),
            outbox.c.kind.in_((OutboxKind.APPOINTMENT, OutboxKind.REMINDER)),
        )
        .values(state=OutboxState.RETIRED, finished_at=now, error="the appointment changed")
    )


async def retire_frame(
    tx: Transaction, frame: str, *, client_id: ClientId | None = None, why: str, now: datetime
) -> int:
    """Retire what was about to be said in a frame, to one client when given; returns how much."""
    query = sa.update(outbox).where(
        outbox.c.frame == frame, outbox.c.state.in_((*NOT_YET_SENT, OutboxState.HELD))
    )
    if client_id is not None:
        query = query.where(outbox.c.client_id == client_id)
    result = await tx.run(
        query.values(state=OutboxState.RETIRED, finished_at=now, error=why[:300])
    )
    return result.rowcount


async def is_on_its_way(tx: Transaction, appointment_id: AppointmentId, revision: int) -> bool:
    """Tell whether a client has yet to be told of this version of an appointment."""
    row = await tx.row(
        sa.select(outbox.c.id)
        .where(
            outbox.c.appointment_id == appointment_id,
            outbox.c.appointment_revision == revision,
            outbox.c.kind == OutboxKind.APPOINTMENT,
            outbox.c.state.in_((OutboxState.QUEUED, OutboxState.CLAIMED, OutboxState.HELD)),
        )
        .limit(1)
    )
    return row is not None


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


async def is_lane_at_rest(tx: Transaction, lane: str, *, since: datetime) -> bool:
    """Tell whether all of a lane is through, and was so before this moment."""
    row = await tx.row(
        sa.select(outbox.c.id)
        .where(
            outbox.c.lane == lane,
            sa.or_(outbox.c.state.in_(_STILL_OPEN), outbox.c.finished_at > since),
        )
        .limit(1)
    )
    return row is None


async def last_finished_at(tx: Transaction, lane: str) -> datetime | None:
    """Return when the last call of a lane was through."""
    row = await tx.row(
        sa.select(sa.func.max(outbox.c.finished_at).label("at")).where(outbox.c.lane == lane)
    )
    found: datetime | None = row["at"] if row else None
    return found


async def last_payload(tx: Transaction, lane: str) -> Payload | None:
    """Return the parameters of the last call of a lane."""
    row = await tx.row(
        sa.select(outbox.c.payload).where(outbox.c.lane == lane).order_by(outbox.c.seq.desc())
    )
    return row["payload"] if row else None


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
