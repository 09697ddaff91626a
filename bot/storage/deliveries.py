"""What became of a broadcast for each person: written down once, queued once, and settled."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bot.domain.broadcasts import (
    LOOKED_AT_AGAIN,
    OPEN,
    TRIED_AGAIN,
    BroadcastState,
    Delivery,
    DeliveryState,
)
from bot.domain.delivery import OutboxKind, OutboxState, Payload, priority_of
from bot.domain.errors import NotFoundError
from bot.domain.ids import BroadcastId, ChatId, ClientId, DeliveryId, FilmId
from bot.domain.languages import Language
from bot.domain.people import ClientStatus, LinkState
from bot.storage import audience
from bot.storage.audience import Facts, Film, Invited
from bot.storage.broadcast_schema import broadcasts, deliveries
from bot.storage.database import Topic, Transaction, dialect_insert, one
from bot.storage.fixed import Fixed
from bot.storage.outbox import NOT_YET_SENT
from bot.storage.schema import channel_links, clients, outbox

_MOVED = 2000

_COLUMNS = tuple(column for column in deliveries.c if column.name != "changed_at")


@dataclass(frozen=True, slots=True)
class Listed:
    """A recipient to be written down."""

    client_id: ClientId
    language: Language
    shown: Language | None
    state: DeliveryState


@dataclass(frozen=True, slots=True)
class Pending:
    """A recipient whose turn it is, as she is at this moment."""

    id: DeliveryId
    client_id: ClientId
    attempt: int
    facts: Facts
    discreet: bool
    closed: bool
    chat_id: ChatId | None


@dataclass(frozen=True, slots=True)
class Call:
    """A message of a broadcast that is to go out."""

    delivery_id: DeliveryId
    attempt: int
    client_id: ClientId
    chat_id: ChatId
    payload: Payload
    language: Language
    shown: Language


def lane_of(delivery_id: DeliveryId) -> str:
    """Return the lane of a delivery: its own, in which each attempt has its own place.

    So the table itself refuses to hold an attempt twice, and it holds up no conversation.
    """
    return f"delivery:{delivery_id}"


async def get_delivery(tx: Transaction, delivery_id: DeliveryId) -> Delivery:
    """Return a delivery that must exist; errors: NotFoundError."""
    row = await tx.row(sa.select(*_COLUMNS).where(deliveries.c.id == delivery_id))
    if row is None:
        msg = f"There is no delivery {delivery_id}."
        raise NotFoundError(msg)
    return one(Delivery, row)


async def set_pressed(tx: Transaction, delivery_id: DeliveryId, now: datetime) -> bool:
    """Note that somebody pressed the button; False when she did before."""
    result = await tx.run(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.pressed_at.is_(None))
        .values(pressed_at=now)
    )
    return result.rowcount > 0


@cache
def _write_down(dialect: str) -> Fixed:
    return Fixed(
        dialect_insert(dialect, deliveries).on_conflict_do_nothing(
            index_elements=["broadcast_id", "client_id"]
        )
    )


_INTO_OUTBOX = Fixed(sa.insert(outbox))
_QUEUED = Fixed(
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("which"))
    .values(
        state=DeliveryState.QUEUED,
        attempt=sa.bindparam("number"),
        language=sa.bindparam("own"),
        shown=sa.bindparam("given"),
        changed_at=sa.bindparam("at", type_=deliveries.c.changed_at.type),
    )
)


async def insert_deliveries(
    tx: Transaction,
    broadcast_id: BroadcastId,
    film_id: FilmId | None,
    listed: Sequence[Listed],
    *,
    now: datetime,
) -> None:
    """Write recipients down; whoever is on the list already stays as she stands there."""
    await tx.change_many(
        _write_down(tx.dialect),
        [
            {
                "client_id": each.client_id,
                "language": each.language,
                "shown": each.shown,
                "state": each.state,
            }
            for each in listed
        ],
        broadcast_id=broadcast_id,
        film_id=film_id,
        attempt=0,
        changed_at=now,
    )


async def list_pending(
    tx: Transaction, broadcast_id: BroadcastId, had: Film | Invited | None, *, limit: int
) -> list[Pending]:
    """Return the next recipients whose turn it is, as each is now."""
    rows = await tx.rows(
        sa.select(
            deliveries.c.id,
            deliveries.c.client_id,
            deliveries.c.attempt,
            clients.c.discreet,
            clients.c.status,
            channel_links.c.chat_id,
            *audience.reader_columns(had),
        )
        .select_from(
            deliveries.join(audience.with_links(), clients.c.id == deliveries.c.client_id)
        )
        .where(
            deliveries.c.broadcast_id == broadcast_id,
            deliveries.c.state == DeliveryState.PENDING,
            # While another broadcast is about to bring her the same film, her turn waits: it may
            # yet be called off there.
            *([~audience.is_on_its_way(had)] if isinstance(had, Film) else []),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [
        Pending(
            id=row["id"],
            client_id=row["client_id"],
            attempt=row["attempt"],
            discreet=row["discreet"],
            closed=row["status"] is ClientStatus.CLOSED,
            chat_id=row["chat_id"],
            facts=audience.facts_of([row[name] for name in audience.FACTS]),
        )
        for row in rows
    ]


async def queue(
    tx: Transaction,
    calls: Sequence[Call],
    *,
    now: datetime,
    valid_until: datetime | None,
) -> None:
    """Put messages of a broadcast into the outbox, and say so in their deliveries."""
    kind = OutboxKind.BROADCAST
    await tx.change_many(
        _INTO_OUTBOX,
        [
            {
                "lane": lane_of(call.delivery_id),
                "seq": call.attempt,
                "chat_id": call.chat_id,
                "payload": call.payload,
                "client_id": call.client_id,
                "delivery_id": call.delivery_id,
            }
            for call in calls
        ],
        part=0,
        kind=kind,
        priority=priority_of(kind),
        method="sendMessage",
        state=OutboxState.QUEUED,
        attempts=0,
        doubts=0,
        not_before=now,
        valid_until=valid_until,
        created_at=now,
    )
    await tx.change_many(
        _QUEUED,
        [
            {
                "which": call.delivery_id,
                "number": call.attempt,
                "own": call.language,
                "given": call.shown,
            }
            for call in calls
        ],
        at=now,
    )
    tx.wake(Topic.OUTBOX)


async def set_states(
    tx: Transaction, states: Sequence[tuple[DeliveryId, DeliveryState]], *, now: datetime
) -> None:
    """Record why nothing was sent to these."""
    for state in dict.fromkeys(state for _, state in states):
        ids = [each for each, other in states if other is state]
        await tx.run(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(ids))
            .values(state=state, changed_at=now)
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a queued message."""

    delivery_id: DeliveryId
    state: OutboxState
    error: str | None
    link_state: LinkState | None


async def list_finished(
    tx: Transaction, broadcast_id: BroadcastId, *, limit: int
) -> list[Finished]:
    """Return the queued deliveries whose message is through, whichever way."""
    rows = await tx.rows(
        sa.select(
            deliveries.c.id.label("delivery_id"),
            outbox.c.state,
            outbox.c.error,
            channel_links.c.state.label("link_state"),
        )
        .select_from(
            deliveries.join(
                outbox,
                sa.and_(
                    outbox.c.delivery_id == deliveries.c.id, outbox.c.seq == deliveries.c.attempt
                ),
            ).outerjoin(
                channel_links,
                sa.and_(
                    channel_links.c.client_id == deliveries.c.client_id,
                    channel_links.c.ended_at.is_(None),
                ),
            )
        )
        .where(
            deliveries.c.broadcast_id == broadcast_id,
            deliveries.c.state == DeliveryState.QUEUED,
            outbox.c.state.in_(
                (
                    OutboxState.SENT,
                    OutboxState.UNCERTAIN,
                    OutboxState.FAILED,
                    OutboxState.RETIRED,
                )
            ),
        )
        .limit(limit)
    )
    return [one(Finished, row) for row in rows]


async def count_in_state(
    tx: Transaction, broadcast_id: BroadcastId, state: DeliveryState, *, most: int
) -> int:
    """Return how many deliveries stand so, counted up to `most`."""
    few = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.broadcast_id == broadcast_id, deliveries.c.state == state)
        .limit(most)
        .subquery()
    )
    return await tx.number(sa.select(sa.func.count()).select_from(few))


async def has_open(tx: Transaction, broadcast_id: BroadcastId) -> bool:
    """Tell whether anybody still has to be sent something."""
    row = await tx.row(
        sa.select(deliveries.c.id)
        .where(deliveries.c.broadcast_id == broadcast_id, deliveries.c.state.in_(OPEN))
        .limit(1)
    )
    return row is not None


async def bring_back_reachable(
    tx: Transaction, broadcast_id: BroadcastId, *, now: datetime, limit: int
) -> int:
    """Have those who can be reached by now, and could not before, take their turn after all."""
    now_reachable = (
        sa.select(deliveries.c.id)
        .join(
            channel_links,
            sa.and_(
                channel_links.c.client_id == deliveries.c.client_id,
                channel_links.c.ended_at.is_(None),
                channel_links.c.state == LinkState.ACTIVE,
                channel_links.c.notice_acknowledged_at.is_not(None),
            ),
        )
        .join(clients, clients.c.id == deliveries.c.client_id)
        .where(
            deliveries.c.broadcast_id == broadcast_id,
            deliveries.c.state.in_(LOOKED_AT_AGAIN),
            clients.c.status != ClientStatus.CLOSED,
        )
        .limit(limit)
    )
    result = await tx.run(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(now_reachable))
        .values(state=DeliveryState.PENDING, changed_at=now)
    )
    return result.rowcount


async def try_again(tx: Transaction, broadcast_id: BroadcastId, *, now: datetime) -> int:
    """Have those take another turn to whom it certainly did not come; returns how many."""
    return await _move(tx, broadcast_id, TRIED_AGAIN, DeliveryState.PENDING, now=now)


async def end(
    tx: Transaction, broadcast_id: BroadcastId, state: DeliveryState, *, now: datetime
) -> int:
    """Give up whoever has not been sent anything, messages that wait in the outbox included."""
    await _retire(tx, [deliveries.c.broadcast_id == broadcast_id], now=now, why="broadcast ended")
    return await _move(tx, broadcast_id, {DeliveryState.PENDING}, state, now=now)


async def _move(
    tx: Transaction,
    broadcast_id: BroadcastId,
    states: Collection[DeliveryState],
    to: DeliveryState,
    *,
    now: datetime,
) -> int:
    """Move deliveries from some states to another, so many at a time that nobody stands still."""
    count = 0
    while True:
        some = (
            sa.select(deliveries.c.id)
            .where(deliveries.c.broadcast_id == broadcast_id, deliveries.c.state.in_(states))
            .limit(_MOVED)
        )
        result = await tx.run(
            sa.update(deliveries).where(deliveries.c.id.in_(some)).values(state=to, changed_at=now)
        )
        count += result.rowcount
        if result.rowcount < _MOVED:
            return count
        await asyncio.sleep(0)


async def take_back(
    tx: Transaction, conditions: Collection[sa.ColumnElement[bool]], *, now: datetime
) -> int:
    """Take messages out of the outbox that have not gone; their turn comes again."""
    return await _retire(tx, conditions, now=now, why="taken back")


async def _retire(
    tx: Transaction,
    conditions: Collection[sa.ColumnElement[bool]],
    *,
    now: datetime,
    why: str,
) -> int:
    """Retire what waits in the outbox and put its deliveries back; what is being sent goes on."""
    waiting = await tx.rows(
        sa.select(outbox.c.id, outbox.c.delivery_id, broadcasts.c.state)
        .join(deliveries, deliveries.c.id == outbox.c.delivery_id)
        .join(broadcasts, broadcasts.c.id == deliveries.c.broadcast_id)
        .where(
            deliveries.c.state == DeliveryState.QUEUED,
            outbox.c.state.in_((*NOT_YET_SENT, OutboxState.HELD)),
            *conditions,
        )
    )
    if not waiting:
        return 0
    await tx.run(
        sa.update(outbox)
        .where(outbox.c.id.in_([row["id"] for row in waiting]))
        .values(state=OutboxState.RETIRED, finished_at=now, error=why)
    )
    # Of a broadcast that is over nobody's turn comes again.
    states = [
        (DeliveryId(row["delivery_id"]), _AFTER.get(row["state"], DeliveryState.PENDING))
        for row in waiting
    ]
    await set_states(tx, states, now=now)
    return len(waiting)


_AFTER = {
    BroadcastState.CANCELLED: DeliveryState.CANCELLED,
    BroadcastState.EXPIRED: DeliveryState.EXPIRED,
}


_MEANT = Fixed(
    sa.select(
        broadcasts.c.state,
        deliveries.c.state.label("delivery_state"),
        deliveries.c.language,
        clients.c.language.label("own"),
        clients.c.status,
        sa.and_(
            deliveries.c.film_id.is_not(None), clients.c.films_opted_out_at.is_not(None)
        ).label("unwanted"),
    )
    .select_from(deliveries)
    .join(broadcasts, broadcasts.c.id == deliveries.c.broadcast_id)
    .join(clients, clients.c.id == deliveries.c.client_id)
    .where(deliveries.c.id == sa.bindparam("which"))
)


async def is_still_meant(tx: Transaction, delivery_id: DeliveryId) -> bool:
    """Tell whether a queued message still is what is to be sent, in the words it has."""
    row = await tx.row(_MEANT, which=delivery_id)
    return (
        row is not None
        and row["state"] is BroadcastState.RUNNING
        and row["delivery_state"] is DeliveryState.QUEUED
        and row["language"] == row["own"]
        and row["status"] is not ClientStatus.CLOSED
        and not row["unwanted"]
    )


def of_delivery(delivery_id: DeliveryId) -> list[sa.ColumnElement[bool]]:
    """Return the condition: this delivery."""
    return [deliveries.c.id == delivery_id]


def of_client(client_id: ClientId) -> list[sa.ColumnElement[bool]]:
    """Return the condition: deliveries to this client."""
    return [deliveries.c.client_id == client_id]


def of_broadcast(broadcast_id: BroadcastId) -> list[sa.ColumnElement[bool]]:
    """Return the condition: deliveries of this broadcast."""
    return [deliveries.c.broadcast_id == broadcast_id]


async def list_with_open(tx: Transaction) -> list[BroadcastId]:
    """Return the broadcasts that have come to an end while a message was still being sent."""
    rows = await tx.rows(
        sa.select(broadcasts.c.id)
        .where(
            sa.exists().where(
                deliveries.c.broadcast_id == broadcasts.c.id,
                deliveries.c.state == DeliveryState.QUEUED,
            )
        )
        .order_by(broadcasts.c.id)
    )
    return [BroadcastId(row["id"]) for row in rows]
