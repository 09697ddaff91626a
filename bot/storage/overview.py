"""What a month overview shows: who is in it, and what happened on which day."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from bot.domain.ids import ClientId, StaffId
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus
from bot.storage.care_schema import contact_attempts, contact_moments, involvements
from bot.storage.database import Transaction, one
from bot.storage.people import CLIENT_COLUMNS
from bot.storage.schema import assignments, clients


def _whose(staff_id: StaffId | None) -> sa.Select[tuple[int]]:
    """Return the clients of a member of staff, or of everybody when None, that are in care."""
    query = sa.select(clients.c.id).where(clients.c.status != ClientStatus.CLOSED)
    if staff_id is None:
        return query
    coached = sa.exists().where(
        assignments.c.client_id == clients.c.id,
        assignments.c.coach_id == staff_id,
        assignments.c.ends_at.is_(None),
    )
    involved = sa.exists().where(
        involvements.c.client_id == clients.c.id, involvements.c.staff_id == staff_id
    )
    return query.where(sa.or_(coached, involved))


async def count_clients(tx: Transaction, staff_id: StaffId | None) -> int:
    """Return how many clients stand in an overview."""
    return await tx.number(sa.select(sa.func.count()).select_from(_whose(staff_id).subquery()))


async def list_clients(
    tx: Transaction, staff_id: StaffId | None, *, offset: int, limit: int
) -> list[Client]:
    """Return a page of them by code: an order that says nothing about anybody."""
    rows = await tx.rows(
        sa.select(*CLIENT_COLUMNS)
        .where(clients.c.id.in_(_whose(staff_id)))
        .order_by(clients.c.code)
        .offset(offset)
        .limit(limit)
    )
    return [one(Client, row) for row in rows]


async def list_spoken(
    tx: Transaction, client_ids: Collection[ClientId], month: Month
) -> set[tuple[ClientId, date]]:
    """Return on which days of a month a conversation that counts was held."""
    rows = await tx.rows(
        sa.select(contact_moments.c.client_id, contact_moments.c.day).where(
            contact_moments.c.client_id.in_(client_ids),
            contact_moments.c.day.between(month.first, month.last),
            contact_moments.c.counts.is_(True),
            contact_moments.c.withdrawn_at.is_(None),
        )
    )
    return {(row["client_id"], row["day"]) for row in rows}


async def list_tried(
    tx: Transaction, client_ids: Collection[ClientId], month: Month
) -> set[tuple[ClientId, date]]:
    """Return on which days of a month somebody tried in vain."""
    rows = await tx.rows(
        sa.select(contact_attempts.c.client_id, contact_attempts.c.day).where(
            contact_attempts.c.client_id.in_(client_ids),
            contact_attempts.c.day.between(month.first, month.last),
        )
    )
    return {(row["client_id"], row["day"]) for row in rows}
