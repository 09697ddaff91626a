"""Broadcasts: made, looked at by a second person, sent, and brought to an end."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.broadcasts import (
    EVERYBODY,
    Audience,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    Repeat,
    check_step,
)
from bot.domain.errors import NotFoundError, TransitionError
from bot.domain.ids import BroadcastId, EventId, FilmId, OutboxId, StaffId
from bot.storage.broadcast_schema import broadcasts
from bot.storage.care_schema import prompts
from bot.storage.database import Transaction

_COLUMNS = tuple(
    column for column in broadcasts.c if column.name not in {"progress_outbox_id", "progress_at"}
)

PROMPT_KIND = "broadcast"
"""Under which what was said of broadcasts is noted, so that nothing is said twice."""

_NOT_THROWN_AWAY = sa.or_(
    broadcasts.c.state != BroadcastState.CANCELLED, broadcasts.c.starts_at.is_not(None)
)


def _broadcast(row: RowMapping) -> Broadcast:
    return Broadcast(**{**row, "audience": Audience.from_json(row["audience"])})


async def insert_broadcast(
    tx: Transaction,
    *,
    kind: BroadcastKind,
    author_id: StaffId,
    film_id: FilmId | None = None,
    event_id: EventId | None = None,
    text: str | None = None,
    audience: Audience = EVERYBODY,
    now: datetime,
) -> BroadcastId:
    """Begin a broadcast, as a draft."""
    return BroadcastId(
        await tx.insert(
            broadcasts,
            kind=kind,
            state=BroadcastState.DRAFT,
            film_id=film_id,
            event_id=event_id,
            text=text,
            audience=audience.to_json(),
            author_id=author_id,
            revision=1,
            repeat=Repeat.NEVER,
            occurrence=0,
            listed_to=0,
            created_at=now,
        )
    )


async def insert_occurrence(
    tx: Transaction,
    of: Broadcast,
    *,
    occurrence: int,
    event_id: EventId | None,
    starts_at: datetime,
    now: datetime,
) -> bool:
    """Plan a further occurrence of a series, approved as the first was; False when it is there."""
    return await tx.insert_if_new(
        broadcasts,
        ("series_id", "occurrence"),
        kind=of.kind,
        state=BroadcastState.SCHEDULED,
        film_id=of.film_id,
        event_id=event_id,
        text=of.text,
        audience=of.audience.to_json(),
        author_id=of.author_id,
        approver_id=of.approver_id,
        revision=1,
        first_day=of.first_day,
        clock=of.clock,
        repeat=of.repeat,
        series_id=of.series_id or of.id,
        occurrence=occurrence,
        starts_at=starts_at,
        listed_to=0,
        created_at=now,
    )


async def get_broadcast(tx: Transaction, broadcast_id: BroadcastId) -> Broadcast:
    """Return a broadcast that must exist; errors: NotFoundError."""
    row = await tx.row(sa.select(*_COLUMNS).where(broadcasts.c.id == broadcast_id))
    if row is None:
        msg = f"There is no broadcast {broadcast_id}."
        raise NotFoundError(msg)
    return _broadcast(row)


async def change_broadcast(tx: Transaction, broadcast: Broadcast, **values: object) -> Broadcast:
    """Change what is given of a draft; returns it as it is now.

    Errors: TransitionError when it is no draft any more, or somebody else has changed it.
    """
    audience = values.get("audience")
    if isinstance(audience, Audience):
        values["audience"] = audience.to_json()
    result = await tx.run(
        sa.update(broadcasts)
        .where(
            broadcasts.c.id == broadcast.id,
            broadcasts.c.state == BroadcastState.DRAFT,
            broadcasts.c.revision == broadcast.revision,
        )
        .values(revision=broadcast.revision + 1, **values)
    )
    if not result.rowcount:
        msg = f"Broadcast {broadcast.id} is no draft any more, or was changed; look at it anew."
        raise TransitionError(msg)
    return await get_broadcast(tx, broadcast.id)


async def set_state(
    tx: Transaction, broadcast: Broadcast, to: BroadcastState, **values: object
) -> bool:
    """Take a step with a broadcast; False when somebody else took one first.

    Errors: TransitionError when such a step cannot be taken at all.
    """
    check_step(broadcast.state, to)
    result = await tx.run(
        sa.update(broadcasts)
        .where(
            broadcasts.c.id == broadcast.id,
            broadcasts.c.state == broadcast.state,
            broadcasts.c.revision == broadcast.revision,
        )
        .values(state=to, **values)
    )
    return result.rowcount > 0


async def list_broadcasts(
    tx: Transaction,
    *,
    states: Collection[BroadcastState],
    author_id: StaffId | None = None,
    limit: int,
    offset: int = 0,
) -> list[Broadcast]:
    """Return broadcasts in one of these states, the newest first; no draft thrown away."""
    query = sa.select(*_COLUMNS).where(broadcasts.c.state.in_(states), _NOT_THROWN_AWAY)
    if author_id is not None:
        query = query.where(broadcasts.c.author_id == author_id)
    rows = await tx.rows(query.order_by(broadcasts.c.id.desc()).limit(limit).offset(offset))
    return [_broadcast(row) for row in rows]


async def count_broadcasts(
    tx: Transaction, *, states: Collection[BroadcastState], author_id: StaffId | None = None
) -> int:
    """Return how many broadcasts `list_broadcasts` knows."""
    query = sa.select(sa.func.count()).where(broadcasts.c.state.in_(states), _NOT_THROWN_AWAY)
    if author_id is not None:
        query = query.where(broadcasts.c.author_id == author_id)
    return await tx.number(query)


async def list_due(tx: Transaction, now: datetime) -> list[Broadcast]:
    """Return the planned broadcasts whose time has come, the earliest first."""
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(broadcasts.c.state == BroadcastState.SCHEDULED, broadcasts.c.starts_at <= now)
        .order_by(broadcasts.c.starts_at, broadcasts.c.id)
    )
    return [_broadcast(row) for row in rows]


async def list_under_way(tx: Transaction, states: Collection[BroadcastState]) -> list[Broadcast]:
    """Return the broadcasts in one of these states, the earliest begun first."""
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(broadcasts.c.state.in_(states))
        .order_by(broadcasts.c.begun_at, broadcasts.c.id)
    )
    return [_broadcast(row) for row in rows]


async def next_start(tx: Transaction, after: datetime) -> datetime | None:
    """Return when the next planned broadcast begins."""
    row = await tx.row(
        sa.select(broadcasts.c.starts_at)
        .where(broadcasts.c.state == BroadcastState.SCHEDULED, broadcasts.c.starts_at > after)
        .order_by(broadcasts.c.starts_at)
        .limit(1)
    )
    found: datetime | None = row["starts_at"] if row else None
    return found


async def set_listed_to(tx: Transaction, broadcast_id: BroadcastId, client_id: int) -> None:
    """Note up to which client the recipients are written down."""
    await tx.run(
        sa.update(broadcasts).where(broadcasts.c.id == broadcast_id).values(listed_to=client_id)
    )


async def get_progress(
    tx: Transaction, broadcast_id: BroadcastId
) -> tuple[OutboxId | None, datetime | None]:
    """Return the progress message of a broadcast, and when it was last written."""
    row = await tx.row(
        sa.select(broadcasts.c.progress_outbox_id, broadcasts.c.progress_at).where(
            broadcasts.c.id == broadcast_id
        )
    )
    return (row["progress_outbox_id"], row["progress_at"]) if row else (None, None)


async def set_progress(
    tx: Transaction, broadcast_id: BroadcastId, outbox_id: OutboxId | None, at: datetime
) -> None:
    """Note which message tells how far it is, and when it was last written."""
    await tx.run(
        sa.update(broadcasts)
        .where(broadcasts.c.id == broadcast_id)
        .values(progress_outbox_id=outbox_id, progress_at=at)
    )


async def list_of_event(tx: Transaction, event_id: EventId) -> list[Broadcast]:
    """Return the broadcasts that invite to an event."""
    rows = await tx.rows(
        sa.select(*_COLUMNS).where(broadcasts.c.event_id == event_id).order_by(broadcasts.c.id)
    )
    return [_broadcast(row) for row in rows]


async def touch_reviews(tx: Transaction, film_id: FilmId) -> list[BroadcastId]:
    """Let what waits for approval with a film be looked at anew; returns which those are."""
    rows = await tx.rows(
        sa.update(broadcasts)
        .where(broadcasts.c.film_id == film_id, broadcasts.c.state == BroadcastState.REVIEW)
        .values(revision=broadcasts.c.revision + 1)
        .returning(broadcasts.c.id)
    )
    return [row["id"] for row in rows]


async def list_planned_of_film(tx: Transaction, film_id: FilmId) -> list[Broadcast]:
    """Return the broadcasts that are planned to send a film, the earliest first."""
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(broadcasts.c.film_id == film_id, broadcasts.c.state == BroadcastState.SCHEDULED)
        .order_by(broadcasts.c.starts_at, broadcasts.c.id)
    )
    return [_broadcast(row) for row in rows]


async def list_waiting(tx: Transaction) -> list[Broadcast]:
    """Return what waits for approval and has a moment at which it is to go."""
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(
            broadcasts.c.state == BroadcastState.REVIEW,
            broadcasts.c.first_day.is_not(None),
            broadcasts.c.clock.is_not(None),
        )
        .order_by(broadcasts.c.id)
    )
    return [_broadcast(row) for row in rows]


async def list_prompted(tx: Transaction, rung: str, objects: Collection[str]) -> set[str]:
    """Return of which of these somebody was told already."""
    rows = await tx.rows(
        sa.select(prompts.c.object).where(
            prompts.c.kind == PROMPT_KIND, prompts.c.rung == rung, prompts.c.object.in_(objects)
        )
    )
    return {row["object"] for row in rows}
