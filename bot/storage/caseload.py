"""Clients by how their month stands, in pages that the database cuts.

A page costs the same however many clients there are; nothing here reads them all into the program.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.appointments import AppointmentState
from bot.domain.ids import ClientId, StaffId
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus
from bot.domain.periods import Period, PeriodState
from bot.storage.care_schema import (
    contact_moments,
    contact_periods,
    involvements,
    status_spans,
)
from bot.storage.database import Transaction
from bot.storage.people import CLIENT_COLUMNS
from bot.storage.schema import appointments, assignments, clients, staff

_CARED_FOR = (ClientStatus.INVITED, ClientStatus.ACTIVE)
_STANDS = (
    AppointmentState.INVITED,
    AppointmentState.CONFIRMED,
    AppointmentState.OTHER_TIME,
)
_PERIOD = (
    contact_periods.c.month,
    contact_periods.c.state,
    contact_periods.c.active_days,
    contact_periods.c.target,
    contact_periods.c.satisfied_on,
    contact_periods.c.exclusion,
)
_RANKS = {
    PeriodState.ALMOST_LATE: 0,
    PeriodState.MISSED: 0,
    PeriodState.OPEN: 1,
    PeriodState.PLANNED: 1,
    PeriodState.MET: 2,
}
_LAST_RANK = 3


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list, with what both clocks are read from.

    `meets_on` is the appointment by which the month is planned, the next one if there are more.
    """

    client: Client
    period: Period | None
    last_talk: date | None
    in_care_since: date | None
    meets_on: date | None


@dataclass(frozen=True, slots=True)
class LateLine:
    """A client without a conversation past the target, as the coordinators may see her."""

    client_id: ClientId
    code: str
    coach: str | None
    target: date


def _period(row: RowMapping) -> Period | None:
    if row["state"] is None:
        return None
    return Period(
        month=Month.parse(row["month"]),
        state=row["state"],
        active_days=row["active_days"],
        target=row["target"],
        satisfied_on=row["satisfied_on"],
        exclusion=row["exclusion"],
    )


def _of(staff_id: StaffId, begins: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return which clients are somebody's, as their coach or involved with them.

    `begins` is how their name or code begins.
    """
    own = sa.select(assignments.c.client_id).where(
        assignments.c.coach_id == staff_id, assignments.c.ends_at.is_(None)
    )
    linked = sa.select(involvements.c.client_id).where(involvements.c.staff_id == staff_id)
    where = (clients.c.id.in_(sa.union(own, linked)), clients.c.status != ClientStatus.CLOSED)
    if not begins:
        return where
    found = sa.or_(
        clients.c.name.istartswith(begins, autoescape=True),
        clients.c.code.istartswith(begins, autoescape=True),
    )
    return (*where, found)


async def count_clients(tx: Transaction, staff_id: StaffId, begins: str = "") -> int:
    """Return how many clients are somebody's, as their coach or involved with them."""
    return await tx.number(
        sa.select(sa.func.count()).select_from(clients).where(*_of(staff_id, begins))
    )


async def list_clients(
    tx: Transaction,
    staff_id: StaffId,
    begins: str = "",
    *,
    today: date,
    limit: int,
    offset: int,
) -> list[ClientLine]:
    """Return a page of somebody's clients: who is late first, then by target, then by name."""
    # Who is on the page is found first; only for them is more looked up.
    page = (
        sa.select(clients.c.id, _rank().label("rank"))
        .select_from(_with_period(Month.of(today)))
        .where(*_of(staff_id, begins))
        .order_by(sa.text("rank"), *_ORDER)
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    rows = await tx.rows(
        _details(today).join(page, page.c.id == clients.c.id).order_by(page.c.rank, *_ORDER)
    )
    return [_line(row) for row in rows]


_ORDER = (contact_periods.c.target, clients.c.name, clients.c.code)


def _rank() -> sa.ColumnElement[int]:
    return sa.case(
        *((contact_periods.c.state == state, rank) for state, rank in _RANKS.items()),
        else_=_LAST_RANK,
    )


def _with_period(month: Month) -> sa.Join:
    return sa.outerjoin(
        clients,
        contact_periods,
        sa.and_(
            contact_periods.c.client_id == clients.c.id, contact_periods.c.month == str(month)
        ),
    )


def _details(today: date) -> sa.Select[tuple[object, ...]]:
    """Return the query of lines, without saying whose."""
    month = Month.of(today)
    meets = appointments.c.local_date
    of_month = sa.and_(
        appointments.c.client_id == clients.c.id,
        meets.between(month.first, month.last),
        appointments.c.state.in_(_STANDS),
    )
    return sa.select(
        *CLIENT_COLUMNS,
        *_PERIOD,
        sa.select(sa.func.max(contact_moments.c.day))
        .where(
            contact_moments.c.client_id == clients.c.id,
            contact_moments.c.counts.is_(True),
            contact_moments.c.withdrawn_at.is_(None),
        )
        .scalar_subquery()
        .label("last_talk"),
        sa.select(sa.func.min(status_spans.c.first_day))
        .where(
            status_spans.c.client_id == clients.c.id,
            status_spans.c.status.in_(_CARED_FOR),
        )
        .scalar_subquery()
        .label("in_care_since"),
        sa.func.coalesce(
            sa.select(sa.func.min(meets)).where(of_month, meets >= today).scalar_subquery(),
            sa.select(sa.func.max(meets)).where(of_month).scalar_subquery(),
        ).label("meets_on"),
    ).select_from(_with_period(month))


def _line(row: RowMapping) -> ClientLine:
    return ClientLine(
        client=Client(**{column.name: row[column.name] for column in CLIENT_COLUMNS}),
        period=_period(row),
        last_talk=row["last_talk"],
        in_care_since=row["in_care_since"],
        meets_on=row["meets_on"],
    )


async def get_line(tx: Transaction, client_id: ClientId, *, today: date) -> ClientLine:
    """Return the line of one client, who must exist."""
    rows = await tx.rows(_details(today).where(clients.c.id == client_id))
    return _line(rows[0])


# --- everybody who is late -------------------------------------------------------------------


def _late(month: Month) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        contact_periods.c.month == str(month),
        contact_periods.c.state == PeriodState.ALMOST_LATE,
        clients.c.status.in_(_CARED_FOR),
    )


async def count_late(tx: Transaction, month: Month) -> int:
    """Return how many clients in care have had no conversation past the target."""
    return await tx.number(
        sa.select(sa.func.count())
        .select_from(contact_periods)
        .join(clients, clients.c.id == contact_periods.c.client_id)
        .where(*_late(month))
    )


async def list_late(tx: Transaction, month: Month, *, limit: int, offset: int) -> list[LateLine]:
    """Return a page of them: who has waited longest first."""
    page = (
        sa.select(clients.c.id, clients.c.code, contact_periods.c.target)
        .select_from(contact_periods)
        .join(clients, clients.c.id == contact_periods.c.client_id)
        .where(*_late(month))
        .order_by(contact_periods.c.target, contact_periods.c.client_id)
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    rows = await tx.rows(
        sa.select(
            page.c.id.label("client_id"), page.c.code, page.c.target, staff.c.name.label("coach")
        )
        .join(
            assignments,
            sa.and_(assignments.c.client_id == page.c.id, assignments.c.ends_at.is_(None)),
            isouter=True,
        )
        .join(staff, staff.c.id == assignments.c.coach_id, isouter=True)
        .order_by(page.c.target, page.c.id)
    )
    return [LateLine(**row) for row in rows]
