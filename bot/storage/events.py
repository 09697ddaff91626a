"""Events, who comes to them, and who was reminded."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.appointments import Place
from bot.domain.delivery import OutboxState, Payload
from bot.domain.errors import NotFoundError
from bot.domain.events import (
    Event,
    EventKind,
    EventMode,
    EventState,
    Session,
    SignUp,
    SignUpState,
)
from bot.domain.ids import ChatId, ClientId, EventId, OutboxId, StaffId, TelegramMessageId
from bot.domain.people import ClientStatus, LinkState
from bot.storage.broadcast_schema import (
    broadcasts,
    deliveries,
    event_reminders,
    event_sessions,
    events,
    sign_ups,
)
from bot.storage.database import Transaction, one
from bot.storage.schema import channel_links, clients, outbox

_EVENT = tuple(column for column in events.c if column.name not in {"created_at", "cancelled_at"})
_SESSION = (
    event_sessions.c.number,
    event_sessions.c.local_date,
    event_sessions.c.local_time,
    event_sessions.c.zone,
    event_sessions.c.starts_at,
    event_sessions.c.duration_minutes,
    event_sessions.c.capacity,
)
_SIGN_UP = (
    sign_ups.c.client_id,
    sign_ups.c.state,
    sign_ups.c.session,
    sign_ups.c.asked_at,
    sign_ups.c.changed_at,
)
_CAN_BE_TOLD = (
    clients.c.status != ClientStatus.CLOSED,
    channel_links.c.ended_at.is_(None),
    channel_links.c.state == LinkState.ACTIVE,
    channel_links.c.notice_acknowledged_at.is_not(None),
)


# --- events ----------------------------------------------------------------------------------


async def insert_event(
    tx: Transaction,
    *,
    kind: EventKind,
    name: str | None,
    mode: EventMode,
    place: Place,
    capacity: int | None,
    author_id: StaffId,
    sessions: Sequence[Session],
    now: datetime,
) -> EventId:
    """Keep a new event with its times."""
    event_id = EventId(
        await tx.insert(
            events,
            kind=kind,
            name=name,
            mode=mode,
            state=EventState.OPEN,
            place=asdict(place),
            capacity=capacity,
            author_id=author_id,
            created_at=now,
        )
    )
    await tx.run(
        sa.insert(event_sessions),
        [{"event_id": event_id, **asdict(session)} for session in sessions],
    )
    return event_id


async def get_event(tx: Transaction, event_id: EventId) -> Event:
    """Return an event that must exist; errors: NotFoundError."""
    return await _get(tx, sa.select(*_EVENT).where(events.c.id == event_id), event_id)


async def lock_event(tx: Transaction, event_id: EventId) -> Event:
    """Return an event of which nobody else can change the places until the transaction ends.

    Errors: NotFoundError when there is none.
    """
    query = sa.select(*_EVENT).where(events.c.id == event_id).with_for_update()
    return await _get(tx, query, event_id)


async def _get(tx: Transaction, query: sa.Executable, event_id: EventId) -> Event:
    row = await tx.row(query)
    if row is None:
        msg = f"There is no event {event_id}."
        raise NotFoundError(msg)
    return (await _with_sessions(tx, [row]))[0]


async def list_events(
    tx: Transaction, *, now: datetime, kinds: Collection[EventKind] = tuple(EventKind)
) -> list[Event]:
    """Return the events that go on and of which a time is still to come, the first first."""
    rows = await tx.rows(sa.select(*_EVENT).where(*_goes_on(now), events.c.kind.in_(kinds)))
    found = await _with_sessions(tx, rows)
    return sorted(found, key=lambda event: (event.next_session(now).starts_at, event.id))


def _goes_on(now: datetime) -> list[sa.ColumnElement[bool]]:
    """Return the conditions: not called off, and a time is still to come."""
    coming = sa.select(event_sessions.c.event_id).where(event_sessions.c.starts_at > now)
    return [events.c.id.in_(coming), events.c.state == EventState.OPEN]


async def list_with_line(tx: Transaction, now: datetime) -> list[Event]:
    """Return the events to come for which somebody waits who can be told of a place."""
    line = (
        sa.select(sign_ups.c.id)
        .join(clients, clients.c.id == sign_ups.c.client_id)
        .join(channel_links, channel_links.c.client_id == clients.c.id)
        .where(
            sign_ups.c.event_id == events.c.id,
            sign_ups.c.state == SignUpState.WAITING,
            *_CAN_BE_TOLD,
        )
    )
    rows = await tx.rows(
        sa.select(*_EVENT).where(*_goes_on(now), line.exists()).order_by(events.c.id)
    )
    return await _with_sessions(tx, rows)


async def _with_sessions(tx: Transaction, rows: Sequence[RowMapping]) -> list[Event]:
    times: dict[int, list[Session]] = {row["id"]: [] for row in rows}
    found = await tx.rows(
        sa.select(event_sessions.c.event_id, *_SESSION)
        .where(event_sessions.c.event_id.in_(list(times)))
        .order_by(event_sessions.c.starts_at, event_sessions.c.number)
    )
    for each in found:
        values = dict(each)
        times[values.pop("event_id")].append(Session(**values))
    return [
        Event(**{**row, "place": Place(**row["place"]), "sessions": tuple(times[row["id"]])})
        for row in rows
    ]


async def cancel_event(tx: Transaction, event_id: EventId, *, now: datetime) -> bool:
    """Note that an event does not go on; False when that was known."""
    result = await tx.run(
        sa.update(events)
        .where(events.c.id == event_id, events.c.state == EventState.OPEN)
        .values(state=EventState.CANCELLED, cancelled_at=now)
    )
    return result.rowcount > 0


# --- who comes -------------------------------------------------------------------------------


async def list_sign_ups(tx: Transaction, event_id: EventId) -> list[SignUp]:
    """Return what everybody said about an event, the first first."""
    rows = await tx.rows(
        sa.select(*_SIGN_UP)
        .where(sign_ups.c.event_id == event_id)
        .order_by(sign_ups.c.asked_at, sign_ups.c.id)
    )
    return [one(SignUp, row) for row in rows]


async def find_sign_up(tx: Transaction, event_id: EventId, client_id: ClientId) -> SignUp | None:
    """Return what somebody said about an event, if she said anything."""
    row = await tx.row(
        sa.select(*_SIGN_UP).where(
            sign_ups.c.event_id == event_id, sign_ups.c.client_id == client_id
        )
    )
    return one(SignUp, row) if row else None


async def put_sign_up(
    tx: Transaction,
    event_id: EventId,
    client_id: ClientId,
    state: SignUpState,
    *,
    now: datetime,
    session: int | None = None,
    asked_at: datetime | None = None,
) -> None:
    """Keep what somebody says now; `asked_at` is since when she stands in line, else now."""
    values: dict[str, object] = {
        "state": state,
        "session": session,
        "asked_at": asked_at or now,
        "changed_at": now,
    }
    await tx.upsert(
        sign_ups,
        ("event_id", "client_id"),
        values,
        event_id=event_id,
        client_id=client_id,
        **values,
    )


async def count_sign_ups(
    tx: Transaction, event_ids: Collection[EventId]
) -> Mapping[EventId, Counter[SignUpState]]:
    """Return how many said what about each of these events."""
    rows = await tx.rows(
        sa.select(sign_ups.c.event_id, sign_ups.c.state, sa.func.count().label("count"))
        .where(sign_ups.c.event_id.in_(event_ids))
        .group_by(sign_ups.c.event_id, sign_ups.c.state)
    )
    found: dict[EventId, Counter[SignUpState]] = {each: Counter() for each in event_ids}
    for row in rows:
        found[row["event_id"]][row["state"]] = row["count"]
    return found


async def list_expecting(tx: Transaction, client_id: ClientId, now: datetime) -> list[EventId]:
    """Return the events to come of which somebody did not say that she stays away."""
    rows = await tx.rows(
        sa.select(events.c.id)
        .join(sign_ups, sign_ups.c.event_id == events.c.id)
        .where(
            *_goes_on(now),
            sign_ups.c.client_id == client_id,
            sign_ups.c.state != SignUpState.DECLINED,
        )
        .order_by(events.c.id)
    )
    return [EventId(row["id"]) for row in rows]


# --- what was said of them -------------------------------------------------------------------


def frame_of(event_id: EventId) -> str:
    """Return the frame of what is told of an event unasked, by which it can be taken back."""
    return f"event:{event_id}"


_NOT_TOLD = (OutboxState.HELD, OutboxState.FAILED, OutboxState.RETIRED)


async def list_told_off(tx: Transaction, event_id: EventId) -> set[ClientId]:
    """Return who was told, or is about to be, that an event does not go on."""
    rows = await tx.rows(
        sa.select(outbox.c.client_id)
        .join(events, events.c.id == event_id)
        .where(
            outbox.c.frame == frame_of(event_id),
            outbox.c.created_at >= events.c.cancelled_at,
            outbox.c.state.not_in(_NOT_TOLD),
        )
    )
    return {ClientId(row["client_id"]) for row in rows}


async def find_asked(
    tx: Transaction, chat_id: ChatId, message: TelegramMessageId
) -> tuple[EventId, Payload] | None:
    """Return of which event a message in a chat told, and what stands there now."""
    rows = await tx.rows(
        sa.select(outbox.c.frame, outbox.c.payload, broadcasts.c.event_id)
        .select_from(
            outbox.outerjoin(deliveries, deliveries.c.id == outbox.c.delivery_id).outerjoin(
                broadcasts, broadcasts.c.id == deliveries.c.broadcast_id
            )
        )
        .where(outbox.c.chat_id == chat_id, outbox.c.telegram_message_id == message)
        .order_by(outbox.c.id)
    )
    for row in rows:
        beginning, _, number = (row["frame"] or "").partition(":")
        if row["event_id"] is not None:
            return EventId(row["event_id"]), rows[-1]["payload"]
        if beginning == "event" and number:
            return EventId(int(number)), rows[-1]["payload"]
    return None


# --- reminders -------------------------------------------------------------------------------


async def list_soon(tx: Transaction, after: datetime, until: datetime) -> list[Event]:
    """Return the events that go on with a time that begins after one moment and by another."""
    soon = sa.select(event_sessions.c.event_id).where(
        event_sessions.c.starts_at > after, event_sessions.c.starts_at <= until
    )
    rows = await tx.rows(
        sa.select(*_EVENT)
        .where(events.c.id.in_(soon), events.c.state == EventState.OPEN)
        .order_by(events.c.id)
    )
    return await _with_sessions(tx, rows)


async def list_unreminded(
    tx: Transaction,
    event: Event,
    numbers: Collection[int],
    state: SignUpState,
    *,
    before: datetime,
    since: datetime | None = None,
    limit: int,
) -> list[tuple[ClientId, int]]:
    """Return who is still to be reminded of which of these times, if she can be written to.

    Of those in care who said so before one moment, and not before the other when it is given. Who
    wants to be asked again is left out once she was, since she last said so.
    """
    reminded = sa.select(event_reminders.c.id).where(
        event_reminders.c.client_id == sign_ups.c.client_id
    )
    conditions = [
        sign_ups.c.event_id == event.id,
        event_sessions.c.number.in_(numbers),
        sign_ups.c.state == state,
        sign_ups.c.changed_at < before,
        *_CAN_BE_TOLD,
        ~reminded.where(event_reminders.c.session_id == event_sessions.c.id).exists(),
    ]
    if since is not None:
        conditions.append(sign_ups.c.changed_at >= since)
    if state is SignUpState.COMING and event.mode is EventMode.ONE:
        conditions.append(sign_ups.c.session == event_sessions.c.number)
    if state is SignUpState.LATER:
        others = event_sessions.alias("others")
        asked = reminded.join(others, others.c.id == event_reminders.c.session_id).where(
            others.c.event_id == event.id,
            event_reminders.c.created_at >= sign_ups.c.changed_at,
        )
        conditions.append(~asked.exists())
    rows = await tx.rows(
        sa.select(sign_ups.c.client_id, event_sessions.c.number)
        .join(event_sessions, event_sessions.c.event_id == sign_ups.c.event_id)
        .join(clients, clients.c.id == sign_ups.c.client_id)
        .join(channel_links, channel_links.c.client_id == clients.c.id)
        .where(*conditions)
        .order_by(event_sessions.c.number, sign_ups.c.id)
        .limit(limit)
    )
    return [(row["client_id"], row["number"]) for row in rows]


async def note_reminder(
    tx: Transaction, event_id: EventId, number: int, client_id: ClientId, *, now: datetime
) -> bool:
    """Note that somebody is reminded of one time; False when she was before."""
    session_id = await _session_id(tx, event_id, number)
    return await tx.insert_if_new(
        event_reminders,
        ("session_id", "client_id"),
        session_id=session_id,
        client_id=client_id,
        created_at=now,
    )


async def set_reminder_call(
    tx: Transaction, event_id: EventId, number: int, client_id: ClientId, call: OutboxId
) -> None:
    """Note by which call somebody is reminded."""
    session_id = await _session_id(tx, event_id, number)
    await tx.run(
        sa.update(event_reminders)
        .where(
            event_reminders.c.session_id == session_id, event_reminders.c.client_id == client_id
        )
        .values(outbox_id=call)
    )


async def _session_id(tx: Transaction, event_id: EventId, number: int) -> int:
    return await tx.number(
        sa.select(event_sessions.c.id).where(
            event_sessions.c.event_id == event_id, event_sessions.c.number == number
        )
    )


async def list_reminded(
    tx: Transaction, event_id: EventId, client_id: ClientId
) -> dict[int, datetime]:
    """Return of which times somebody was reminded, by number, and when."""
    rows = await tx.rows(
        sa.select(event_sessions.c.number, event_reminders.c.created_at)
        .join(event_reminders, event_reminders.c.session_id == event_sessions.c.id)
        .where(event_sessions.c.event_id == event_id, event_reminders.c.client_id == client_id)
    )
    return {row["number"]: row["created_at"] for row in rows}
