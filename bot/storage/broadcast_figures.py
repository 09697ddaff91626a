"""What became of a broadcast, counted and listed; and what one client was sent by broadcasts.

Many recipients are read a piece at a time, and others have their turn between two pieces.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.broadcasts import OPEN, BroadcastKind, DeliveryState
from bot.domain.events import EventKind, SignUpState
from bot.domain.ids import BroadcastId, ClientId
from bot.domain.languages import Language
from bot.storage.broadcast_schema import (
    broadcasts,
    deliveries,
    events,
    film_versions,
    films,
    sign_ups,
)
from bot.storage.database import Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import assignments, clients, staff

PIECE = 4_000
"""So many recipients are counted at once."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Recipients of one language who were shown one, and stand alike."""

    language: Language
    """Their own."""
    shown: Language | None
    state: DeliveryState
    number: int
    pressed: int
    """How many of them pressed the button."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What became of a broadcast for one client, by codes."""

    client_id: ClientId
    code: str
    coach: str
    """The code of who coaches her now."""
    language: Language
    shown: Language | None
    state: DeliveryState
    changed_at: datetime
    pressed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Received:
    """One broadcast as it went for one client."""

    kind: BroadcastKind
    title: str | None
    """Of the version of the film that she was shown; its code when she was shown none."""
    text: str | None
    event_kind: EventKind | None
    event_name: str | None
    state: DeliveryState
    changed_at: datetime
    pressed_at: datetime | None
    answer: SignUpState | None
    """What she said to the invitation."""


# From the index on broadcast and state alone: asked every few seconds while one runs.
_STATES = Fixed(
    sa.select(deliveries.c.state, sa.func.count().label("number"))
    .where(deliveries.c.broadcast_id == sa.bindparam("which"))
    .group_by(deliveries.c.state)
)
_PIECE = (
    sa.select(
        deliveries.c.client_id,
        deliveries.c.language,
        deliveries.c.shown,
        deliveries.c.state,
        deliveries.c.pressed_at,
    )
    .where(
        deliveries.c.broadcast_id == sa.bindparam("which"),
        deliveries.c.client_id > sa.bindparam("after"),
    )
    .order_by(deliveries.c.client_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery("piece")
)
_TALLIES = Fixed(
    sa.select(
        _PIECE.c.language,
        _PIECE.c.shown,
        _PIECE.c.state,
        sa.func.count().label("number"),
        sa.func.count(_PIECE.c.pressed_at).label("pressed"),
        sa.func.max(_PIECE.c.client_id).label("last"),
    ).group_by(_PIECE.c.language, _PIECE.c.shown, _PIECE.c.state)
)
_RECIPIENTS = Fixed(
    sa.select(
        deliveries.c.client_id,
        clients.c.code,
        sa.func.coalesce(staff.c.code, "").label("coach"),
        deliveries.c.language,
        deliveries.c.shown,
        deliveries.c.state,
        deliveries.c.changed_at,
        deliveries.c.pressed_at,
    )
    .select_from(
        deliveries.join(clients, clients.c.id == deliveries.c.client_id)
        .outerjoin(
            assignments,
            sa.and_(
                assignments.c.client_id == deliveries.c.client_id,
                assignments.c.ends_at.is_(None),
            ),
        )
        .outerjoin(staff, staff.c.id == assignments.c.coach_id)
    )
    .where(
        deliveries.c.broadcast_id == sa.bindparam("which"),
        deliveries.c.client_id > sa.bindparam("after"),
    )
    .order_by(deliveries.c.client_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_RECEIVED = (
    sa.select(
        broadcasts.c.kind,
        sa.func.coalesce(film_versions.c.title, films.c.code).label("title"),
        broadcasts.c.text,
        events.c.kind.label("event_kind"),
        events.c.name.label("event_name"),
        deliveries.c.state,
        deliveries.c.changed_at,
        deliveries.c.pressed_at,
        sign_ups.c.state.label("answer"),
    )
    .select_from(
        deliveries.join(broadcasts, broadcasts.c.id == deliveries.c.broadcast_id)
        .outerjoin(films, films.c.id == broadcasts.c.film_id)
        .outerjoin(
            film_versions,
            sa.and_(
                film_versions.c.film_id == films.c.id,
                film_versions.c.language == deliveries.c.shown,
            ),
        )
        .outerjoin(events, events.c.id == broadcasts.c.event_id)
        .outerjoin(
            sign_ups,
            sa.and_(
                sign_ups.c.event_id == events.c.id,
                sign_ups.c.client_id == deliveries.c.client_id,
            ),
        )
    )
    .order_by(deliveries.c.id.desc())
)


async def count_states(tx: Transaction, broadcast_id: BroadcastId) -> dict[DeliveryState, int]:
    """Return how many recipients of a broadcast stand where; a state without any is absent."""
    rows = await tx.rows(_STATES, which=broadcast_id)
    return {row["state"]: row["number"] for row in rows}


async def count_by_language(
    tx: Transaction, broadcast_id: BroadcastId, *, piece: int = PIECE
) -> list[Tally]:
    """Return how many recipients of each language stand where, in a fixed order.

    `piece` recipients are counted at once.
    """
    found: dict[tuple[Language, Language | None, DeliveryState], tuple[int, int]] = {}
    after, read = 0, piece
    while read == piece:
        rows = await tx.rows(_TALLIES, which=broadcast_id, after=after, most=piece)
        read = sum(row["number"] for row in rows)
        for row in rows:
            key = (row["language"], row["shown"], row["state"])
            number, pressed = found.get(key, (0, 0))
            found[key] = (number + row["number"], pressed + row["pressed"])
            after = max(after, row["last"])
        await asyncio.sleep(0)
    return [
        Tally(*key, *numbers)
        for key, numbers in sorted(found.items(), key=lambda each: [str(part) for part in each[0]])
    ]


async def list_recipients(
    tx: Transaction, broadcast_id: BroadcastId, *, after: int, limit: int
) -> list[Recipient]:
    """Return what became of it for each recipient after a client; 0 begins."""
    rows = await tx.rows(_RECIPIENTS, which=broadcast_id, after=after, most=limit)
    return [one(Recipient, row) for row in rows]


async def list_received(tx: Transaction, client_id: ClientId, *, limit: int) -> list[Received]:
    """Return how the last broadcasts went for a client, the newest first."""
    rows = await tx.rows(
        _RECEIVED.where(
            deliveries.c.client_id == client_id, deliveries.c.state.not_in(OPEN)
        ).limit(limit)
    )
    return [one(Received, row) for row in rows]
