"""Companies, who is placed there, and the contact with each of them.

What is read here about a placed client is her first name and her placement, never more.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from bot.domain.employers import (
    Employer,
    EmployerChannel,
    Placement,
    PlacementKind,
    PlacementOutcome,
)
from bot.domain.errors import NotFoundError
from bot.domain.ids import ClientId, EmployerId, PlacementId, StaffId
from bot.storage.care_schema import (
    employer_contacts,
    employers,
    involvements,
    placement_notes,
    placements,
)
from bot.storage.database import Transaction, one
from bot.storage.schema import assignments, clients

_EMPLOYER = tuple(column for column in employers.c if column.name != "created_at")
_PLACEMENT = tuple(column for column in placements.c if column.name != "created_at")


@dataclass(frozen=True, slots=True)
class Placed:
    """Somebody's place at a company as the company's account manager may know it."""

    id: PlacementId
    name: str
    kind: PlacementKind
    first_day: date
    last_day: date | None


@dataclass(frozen=True, slots=True)
class EmployerContact:
    """That somebody spoke with a company on a day; a company has one for each day at most."""

    employer_id: EmployerId
    day: date
    channel: EmployerChannel
    staff_id: StaffId


# --- companies -------------------------------------------------------------------------------


async def find_employer(tx: Transaction, code: str) -> Employer | None:
    """Return the company with this code, if there is one."""
    row = await tx.row(sa.select(*_EMPLOYER).where(employers.c.code == code))
    return one(Employer, row) if row else None


async def get_employer(tx: Transaction, employer_id: EmployerId) -> Employer:
    """Return a company that must exist."""
    row = await tx.row(sa.select(*_EMPLOYER).where(employers.c.id == employer_id))
    if row is None:
        msg = f"There is no company {employer_id}."
        raise NotFoundError(msg)
    return one(Employer, row)


async def list_employers(
    tx: Transaction,
    *,
    ids: Collection[EmployerId] | None = None,
    managers: Collection[StaffId] | None = None,
) -> list[Employer]:
    """Return companies by name: those with these ids or managers, or all."""
    query = sa.select(*_EMPLOYER).order_by(employers.c.name, employers.c.code)
    if ids is not None:
        query = query.where(employers.c.id.in_(ids))
    if managers is not None:
        query = query.where(employers.c.manager_id.in_(managers))
    return [one(Employer, row) for row in await tx.rows(query)]


async def list_managers(tx: Transaction) -> list[StaffId]:
    """Return who owns the contact with at least one company."""
    rows = await tx.rows(
        sa.select(employers.c.manager_id).distinct().order_by(employers.c.manager_id)
    )
    return [row["manager_id"] for row in rows]


async def list_created(
    tx: Transaction, ids: Collection[EmployerId] | None = None
) -> dict[EmployerId, datetime]:
    """Return when each company was brought in."""
    query = sa.select(employers.c.id, employers.c.created_at)
    if ids is not None:
        query = query.where(employers.c.id.in_(ids))
    return {row["id"]: row["created_at"] for row in await tx.rows(query)}


async def insert_employer(
    tx: Transaction, *, code: str, name: str, sector: str, manager_id: StaffId, now: datetime
) -> EmployerId:
    """Add a company."""
    return EmployerId(
        await tx.insert(
            employers, code=code, name=name, sector=sector, manager_id=manager_id, created_at=now
        )
    )


async def update_employer(
    tx: Transaction, employer_id: EmployerId, *, name: str, sector: str, manager_id: StaffId
) -> None:
    """Change what is known of a company."""
    await tx.run(
        sa.update(employers)
        .where(employers.c.id == employer_id)
        .values(name=name, sector=sector, manager_id=manager_id)
    )


# --- placements ------------------------------------------------------------------------------


async def list_placements(
    tx: Transaction, employer_id: EmployerId, client_id: ClientId
) -> list[Placement]:
    """Return the places that a client has or had at a company, oldest first."""
    rows = await tx.rows(
        sa.select(*_PLACEMENT)
        .where(placements.c.employer_id == employer_id, placements.c.client_id == client_id)
        .order_by(placements.c.first_day, placements.c.id)
    )
    return [one(Placement, row) for row in rows]


async def insert_placement(
    tx: Transaction,
    *,
    employer_id: EmployerId,
    client_id: ClientId,
    kind: PlacementKind,
    first_day: date,
    last_day: date | None,
    hours: int | None,
    now: datetime,
) -> bool:
    """Place a client at a company; False when this place is known."""
    return await tx.insert_if_new(
        placements,
        ("employer_id", "client_id", "kind", "first_day"),
        employer_id=employer_id,
        client_id=client_id,
        kind=kind,
        first_day=first_day,
        last_day=last_day,
        hours=hours,
        created_at=now,
    )


async def update_placement(
    tx: Transaction, placement_id: PlacementId, *, last_day: date | None, hours: int | None
) -> None:
    """Change until when somebody is placed, and for how many hours a week."""
    await tx.run(
        sa.update(placements)
        .where(placements.c.id == placement_id)
        .values(last_day=last_day, hours=hours)
    )


async def get_placement(tx: Transaction, placement_id: PlacementId) -> Placement:
    """Return a place that must exist."""
    row = await tx.row(sa.select(*_PLACEMENT).where(placements.c.id == placement_id))
    if row is None:
        msg = f"There is no placement {placement_id}."
        raise NotFoundError(msg)
    return one(Placement, row)


def _placed_within(first: date, last: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        placements.c.first_day <= last,
        sa.or_(placements.c.last_day.is_(None), placements.c.last_day >= first),
    )


def _linked_with(staff_id: StaffId) -> sa.ColumnElement[bool]:
    """Ask whether somebody is involved with the placed client, or is her coach."""
    return sa.or_(
        sa.exists().where(
            involvements.c.client_id == placements.c.client_id,
            involvements.c.staff_id == staff_id,
        ),
        sa.exists().where(
            assignments.c.client_id == placements.c.client_id,
            assignments.c.coach_id == staff_id,
            assignments.c.ends_at.is_(None),
        ),
    )


async def list_placed(
    tx: Transaction,
    employer_id: EmployerId,
    first: date,
    last: date,
    *,
    linked_with: StaffId | None = None,
) -> list[Placed]:
    """Return who is placed at a company on any of these days, by name.

    Only the clients with whom `linked_with` is involved, when given.
    """
    query = (
        sa.select(
            placements.c.id,
            clients.c.name,
            placements.c.kind,
            placements.c.first_day,
            placements.c.last_day,
        )
        .join(clients, clients.c.id == placements.c.client_id)
        .where(placements.c.employer_id == employer_id, _placed_within(first, last))
        .order_by(clients.c.name, placements.c.first_day, placements.c.id)
    )
    if linked_with is not None:
        query = query.where(_linked_with(linked_with))
    return [one(Placed, row) for row in await tx.rows(query)]


async def list_linked_employers(
    tx: Transaction, staff_id: StaffId, first: date, last: date
) -> list[EmployerId]:
    """Return where a client with whom somebody is involved is placed on any of these days."""
    rows = await tx.rows(
        sa.select(placements.c.employer_id)
        .distinct()
        .where(_placed_within(first, last), _linked_with(staff_id))
    )
    return [row["employer_id"] for row in rows]


async def list_spans(
    tx: Transaction, since: date, ids: Collection[EmployerId] | None = None
) -> dict[EmployerId, list[tuple[date, date | None]]]:
    """Return first and last day of the placements that last beyond `since`, by company."""
    query = sa.select(
        placements.c.employer_id, placements.c.first_day, placements.c.last_day
    ).where(_placed_within(since, date.max))
    if ids is not None:
        query = query.where(placements.c.employer_id.in_(ids))
    found: dict[EmployerId, list[tuple[date, date | None]]] = defaultdict(list)
    for row in await tx.rows(query):
        found[row["employer_id"]].append((row["first_day"], row["last_day"]))
    return found


# --- contact ---------------------------------------------------------------------------------


async def insert_contact(
    tx: Transaction,
    *,
    employer_id: EmployerId,
    day: date,
    channel: EmployerChannel,
    staff_id: StaffId,
    now: datetime,
) -> bool:
    """Record that somebody spoke with a company; False when the day has a record already."""
    return await tx.insert_if_new(
        employer_contacts,
        ("employer_id", "day"),
        employer_id=employer_id,
        day=day,
        channel=channel,
        staff_id=staff_id,
        recorded_at=now,
    )


def _contacts() -> sa.Select[tuple[object, ...]]:
    return sa.select(
        employer_contacts.c.employer_id,
        employer_contacts.c.day,
        employer_contacts.c.channel,
        employer_contacts.c.staff_id,
    )


async def find_contact(
    tx: Transaction, employer_id: EmployerId, first: date, last: date
) -> EmployerContact | None:
    """Return the latest contact with a company on one of these days, if there is one."""
    row = await tx.row(
        _contacts()
        .where(
            employer_contacts.c.employer_id == employer_id,
            employer_contacts.c.day.between(first, last),
        )
        .order_by(employer_contacts.c.day.desc())
        .limit(1)
    )
    return one(EmployerContact, row) if row else None


async def list_contact_days(
    tx: Transaction, since: date, ids: Collection[EmployerId] | None = None
) -> dict[EmployerId, list[date]]:
    """Return on which days from `since` on each company was spoken with, in order."""
    query = (
        sa.select(employer_contacts.c.employer_id, employer_contacts.c.day)
        .where(employer_contacts.c.day >= since)
        .order_by(employer_contacts.c.day)
    )
    if ids is not None:
        query = query.where(employer_contacts.c.employer_id.in_(ids))
    found: dict[EmployerId, list[date]] = defaultdict(list)
    for row in await tx.rows(query):
        found[row["employer_id"]].append(row["day"])
    return found


async def put_note(
    tx: Transaction, contact: EmployerContact, placement_id: PlacementId, outcome: PlacementOutcome
) -> bool:
    """Note how a placement goes, as told on one day; False when that is known already."""
    contact_id = await tx.number(
        sa.select(employer_contacts.c.id).where(
            employer_contacts.c.employer_id == contact.employer_id,
            employer_contacts.c.day == contact.day,
        )
    )
    given = {"contact_id": contact_id, "placement_id": placement_id, "outcome": outcome}
    if await tx.insert_if_new(placement_notes, ("contact_id", "placement_id"), **given):
        return True
    changed = await tx.run(
        sa.update(placement_notes)
        .where(
            placement_notes.c.contact_id == contact_id,
            placement_notes.c.placement_id == placement_id,
            placement_notes.c.outcome != outcome,
        )
        .values(outcome=outcome)
    )
    return changed.rowcount > 0


async def list_notes(
    tx: Transaction, employer_id: EmployerId, first: date, last: date
) -> dict[PlacementId, PlacementOutcome]:
    """Return how each placement goes, as last told on one of these days."""
    rows = await tx.rows(
        sa.select(placement_notes.c.placement_id, placement_notes.c.outcome)
        .join(employer_contacts, employer_contacts.c.id == placement_notes.c.contact_id)
        .where(
            employer_contacts.c.employer_id == employer_id,
            employer_contacts.c.day.between(first, last),
        )
        .order_by(employer_contacts.c.day)
    )
    return {row["placement_id"]: row["outcome"] for row in rows}
