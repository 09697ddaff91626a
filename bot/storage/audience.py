"""Who a broadcast is for: asked in pieces, so that no number of clients holds anybody up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from bot.domain.broadcasts import Audience, AudiencePart, DeliveryState, Reader
from bot.domain.events import SignUpState
from bot.domain.ids import BroadcastId, ClientId, EventId, FilmId, StaffId
from bot.domain.languages import DUTCH_NAMES, KNOWN, Language
from bot.domain.people import ClientStatus, LinkState
from bot.storage.broadcast_schema import deliveries, sign_ups
from bot.storage.care_schema import plans
from bot.storage.database import Transaction
from bot.storage.schema import assignments, channel_links, clients

PIECE = 2000
"""So many client numbers are looked at in one statement."""

_GOT = (DeliveryState.SENT, DeliveryState.UNCERTAIN)

_got = deliveries.alias("got")
_plan = plans.alias("plan")
_coaching = assignments.alias("coaching")

_CHOSEN: dict[AudiencePart, sa.Column[object]] = {
    AudiencePart.MUNICIPALITY: clients.c.municipality,
    AudiencePart.STEP: clients.c.step,
    AudiencePart.GROUP: clients.c.client_group,
    AudiencePart.PROGRAMME: clients.c.programme,
}


@dataclass(frozen=True, slots=True)
class Film:
    """Which film is sent, since when somebody else's sending of it counts, and by which."""

    film_id: FilmId
    since: datetime
    besides: BroadcastId | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """To which event people are invited: whoever has answered is not asked again."""

    event_id: EventId


def chosen(audience: Audience) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on `clients` that an audience comes down to; never who is closed."""
    conditions: list[sa.ColumnElement[bool]] = [clients.c.status != ClientStatus.CLOSED]
    for part, column in _CHOSEN.items():
        if values := audience.values(part):
            numbers = part is AudiencePart.STEP
            conditions.append(column.in_([int(each) if numbers else each for each in values]))
    if languages := audience.values(AudiencePart.LANGUAGE):
        # Arabic with other month names is the same language to whoever chooses.
        names = {DUTCH_NAMES.get(Language(each)) for each in languages}
        conditions.append(
            clients.c.language.in_([each for each in KNOWN if DUTCH_NAMES[each] in names])
        )
    if routes := audience.values(AudiencePart.ROUTE):
        conditions.append(
            sa.exists().where(
                _plan.c.client_id == clients.c.id,
                _plan.c.ended_on.is_(None),
                _plan.c.route.in_(routes),
            )
        )
    if coaches := audience.values(AudiencePart.COACH):
        conditions.append(
            sa.exists().where(
                _coaching.c.client_id == clients.c.id,
                _coaching.c.ends_at.is_(None),
                _coaching.c.coach_id.in_([int(each) for each in coaches]),
            )
        )
    return conditions


def reader_columns(
    had: Film | Invited | None,
) -> tuple[sa.ColumnElement[bool] | sa.Label[str], ...]:
    """Return what decides about one client; to be selected from `with_links()`."""
    already: sa.ColumnElement[bool] = sa.false()
    if isinstance(had, Film):
        already = sa.exists().where(
            _got.c.client_id == clients.c.id,
            _got.c.film_id == had.film_id,
            _got.c.state.in_(_GOT),
            _got.c.changed_at >= had.since,
            _got.c.broadcast_id != (had.besides or 0),
        )
    elif had is not None:
        already = sa.exists().where(
            sign_ups.c.client_id == clients.c.id,
            sign_ups.c.event_id == had.event_id,
            sign_ups.c.state != SignUpState.LATER,
        )
    return (
        clients.c.language.label("language"),
        clients.c.other_languages.label("other_languages"),
        channel_links.c.state.label("link_state"),
        channel_links.c.notice_acknowledged_at.is_not(None).label("acknowledged"),
        clients.c.films_opted_out_at.is_not(None).label("opted_out"),
        already.label("already"),
    )


def with_links() -> sa.Join:
    """Return the clients, each beside her present link if she has one."""
    return clients.outerjoin(
        channel_links,
        sa.and_(channel_links.c.client_id == clients.c.id, channel_links.c.ended_at.is_(None)),
    )


FACTS = ("language", "other_languages", "link_state", "acknowledged", "opted_out", "already")
"""The names of the columns of `reader_columns`."""


def is_on_its_way(film: Film) -> sa.ColumnElement[bool]:
    """Return the condition that another broadcast has the film in the outbox for a client."""
    return sa.exists().where(
        _got.c.client_id == clients.c.id,
        _got.c.film_id == film.film_id,
        _got.c.state == DeliveryState.QUEUED,
        _got.c.broadcast_id != (film.besides or 0),
    )


Facts = tuple[str, tuple[str, ...], LinkState | None, bool, bool, bool]


def facts_of(row: Sequence[object]) -> Facts:
    """Return the facts in a row of `reader_columns`, as a key."""
    language, others, state, acknowledged, opted_out, already = row
    return (
        str(language),
        tuple(str(each) for each in others) if isinstance(others, list) else (),
        state if isinstance(state, LinkState) else None,
        bool(acknowledged),
        bool(opted_out),
        bool(already),
    )


def reader_of(facts: Facts) -> Reader:
    """Return them as what they say about somebody."""
    language, others, state, acknowledged, opted_out, already = facts
    return Reader(
        language=Language(language),
        other_languages=tuple(Language(each) for each in others),
        link_state=state,
        acknowledged=acknowledged,
        opted_out=opted_out,
        already=already,
    )


async def last_client(tx: Transaction) -> int:
    """Return the highest number a client has; 0 when there is none."""
    return await tx.number(sa.select(sa.func.max(clients.c.id)))


async def list_candidates(
    tx: Transaction, audience: Audience, had: Film | Invited | None, *, after: int, upto: int
) -> list[tuple[ClientId, Facts]]:
    """Return the clients of an audience whose number lies past `after`, up to and including."""
    result = await tx.run(
        sa.select(clients.c.id, *reader_columns(had))
        .select_from(with_links())
        .where(clients.c.id > after, clients.c.id <= upto, *chosen(audience))
        .order_by(clients.c.id)
    )
    rows: list[Sequence[object]] = list(result)
    return [(ClientId(cast("int", row[0])), facts_of(row[1:])) for row in rows]


async def count_readers(
    tx: Transaction,
    audience: Audience,
    *,
    film_id: FilmId | None = None,
    already_since: datetime | None = None,
    event_id: EventId | None = None,
) -> Counter[Reader]:
    """Return how many of an audience are alike in all that decides, over all clients."""
    had: Film | Invited | None = Invited(event_id) if event_id else None
    if film_id and already_since:
        had = Film(film_id, already_since)
    columns = reader_columns(had)
    counts: Counter[Facts] = Counter()
    last = await last_client(tx)
    for after in range(0, last, PIECE):
        result = await tx.run(
            sa.select(*columns)
            .select_from(with_links())
            .where(clients.c.id > after, clients.c.id <= after + PIECE, *chosen(audience))
        )
        counts.update(facts_of(row) for row in result)
        await asyncio.sleep(0)
    return Counter({reader_of(facts): count for facts, count in counts.items()})


async def has_shared_phones(tx: Transaction, audience: Audience) -> bool:
    """Tell whether somebody of an audience shares her phone, and so reads less at first."""
    row = await tx.row(
        sa.select(clients.c.id).where(clients.c.discreet.is_(True), *chosen(audience)).limit(1)
    )
    return row is not None


async def list_values(
    tx: Transaction, part: AudiencePart, coach_id: StaffId | None = None
) -> list[str]:
    """Return what occurs of a part among the clients in care, of one coach when given; sorted."""
    own = Audience({AudiencePart.COACH: frozenset({str(coach_id)})}) if coach_id else Audience({})
    if part is AudiencePart.ROUTE:
        query = sa.select(plans.c.route).join(
            clients, sa.and_(clients.c.id == plans.c.client_id, plans.c.ended_on.is_(None))
        )
    elif part is AudiencePart.COACH:
        query = sa.select(assignments.c.coach_id).join(
            clients,
            sa.and_(clients.c.id == assignments.c.client_id, assignments.c.ends_at.is_(None)),
        )
    else:
        column = clients.c.language if part is AudiencePart.LANGUAGE else _CHOSEN[part]
        query = sa.select(column).where(column.is_not(None))
    result = await tx.run(query.where(*chosen(own)).distinct())
    return sorted(str(row[0]) for row in result)
