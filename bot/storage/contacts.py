"""Conversations on record, and efforts that led to none."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from bot.domain.contacts import AttemptKind, Channel, ContactMoment, Theme
from bot.domain.errors import NotFoundError
from bot.domain.ids import AppointmentId, ClientId, ContactId, StaffId
from bot.domain.people import Role
from bot.storage.care_schema import contact_attempts, contact_moments
from bot.storage.database import Transaction, one

_MOMENT = tuple(column for column in contact_moments.c if column.name != "withdrawn_by")
_COUNTS = (contact_moments.c.counts.is_(True), contact_moments.c.withdrawn_at.is_(None))


async def insert_contact(
    tx: Transaction,
    *,
    client_id: ClientId,
    day: date,
    channel: Channel,
    role: Role,
    staff_id: StaffId,
    theme: Theme | None,
    counts: bool,
    now: datetime,
) -> ContactId:
    """Record a conversation; look first with `find_counting` whether the day has one."""
    return ContactId(
        await tx.insert(
            contact_moments,
            client_id=client_id,
            day=day,
            channel=channel,
            role=role,
            staff_id=staff_id,
            theme=theme,
            counts=counts,
            recorded_at=now,
        )
    )


async def get_contact(tx: Transaction, contact_id: ContactId) -> ContactMoment:
    """Return a conversation that must be on record."""
    row = await tx.row(sa.select(*_MOMENT).where(contact_moments.c.id == contact_id))
    if row is None:
        msg = f"There is no conversation {contact_id} on record."
        raise NotFoundError(msg)
    return one(ContactMoment, row)


async def find_counting(
    tx: Transaction,
    client_id: ClientId,
    first_day: date,
    last_day: date,
    *,
    role: Role | None = None,
) -> ContactMoment | None:
    """Return the first conversation that counts in these days; of one role, when given."""
    query = (
        sa.select(*_MOMENT)
        .where(
            contact_moments.c.client_id == client_id,
            contact_moments.c.day.between(first_day, last_day),
            *_COUNTS,
        )
        .order_by(contact_moments.c.day)
    )
    if role is not None:
        query = query.where(contact_moments.c.role == role)
    row = await tx.row(query.limit(1))
    return one(ContactMoment, row) if row else None


async def set_theme(tx: Transaction, contact_id: ContactId, theme: Theme) -> None:
    """Note what a conversation was about."""
    await tx.run(
        sa.update(contact_moments).where(contact_moments.c.id == contact_id).values(theme=theme)
    )


async def withdraw_contact(
    tx: Transaction, contact_id: ContactId, staff_id: StaffId, *, now: datetime
) -> bool:
    """Take a conversation back; it stays on record. False when that was done before."""
    result = await tx.run(
        sa.update(contact_moments)
        .where(contact_moments.c.id == contact_id, contact_moments.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=staff_id)
    )
    return result.rowcount == 1


async def list_days(
    tx: Transaction, client_ids: Collection[ClientId], since: date
) -> tuple[dict[ClientId, date], dict[ClientId, list[date]]]:
    """Return the day of each client's first conversation, and her days since the last before.

    Only conversations that count; the days in order, with the last one before `since` in front.
    """
    day = contact_moments.c.day
    earlier = await tx.rows(
        sa.select(
            contact_moments.c.client_id,
            sa.func.min(day).label("first"),
            sa.func.max(sa.case((day < since, day))).label("before"),
        )
        .where(contact_moments.c.client_id.in_(client_ids), *_COUNTS)
        .group_by(contact_moments.c.client_id)
    )
    later = await tx.rows(
        sa.select(contact_moments.c.client_id, contact_moments.c.day)
        .where(
            contact_moments.c.client_id.in_(client_ids), contact_moments.c.day >= since, *_COUNTS
        )
        .order_by(contact_moments.c.day)
    )
    days: dict[ClientId, list[date]] = {}
    for row in earlier:
        if row["before"] is not None:
            days[row["client_id"]] = [row["before"]]
    for row in later:
        days.setdefault(row["client_id"], []).append(row["day"])
    return {row["client_id"]: row["first"] for row in earlier}, days


async def last_days(tx: Transaction, client_ids: Collection[ClientId]) -> dict[ClientId, date]:
    """Return the day of each client's last conversation that counts."""
    rows = await tx.rows(
        sa.select(contact_moments.c.client_id, sa.func.max(contact_moments.c.day).label("day"))
        .where(contact_moments.c.client_id.in_(client_ids), *_COUNTS)
        .group_by(contact_moments.c.client_id)
    )
    return {row["client_id"]: row["day"] for row in rows}


async def insert_attempt(
    tx: Transaction,
    *,
    client_id: ClientId,
    day: date,
    kind: AttemptKind,
    staff_id: StaffId,
    appointment_id: AppointmentId | None,
    now: datetime,
) -> bool:
    """Record an effort that led to no conversation; False when it is on record already."""
    if appointment_id is not None:
        return await tx.insert_if_new(
            contact_attempts,
            ("appointment_id",),
            client_id=client_id,
            day=day,
            kind=kind,
            staff_id=staff_id,
            appointment_id=appointment_id,
            recorded_at=now,
        )
    return await tx.insert_if_new(
        contact_attempts,
        ("client_id", "day", "kind", "staff_id"),
        client_id=client_id,
        day=day,
        kind=kind,
        staff_id=staff_id,
        appointment_id=None,
        recorded_at=now,
    )


async def count_attempts(
    tx: Transaction, client_id: ClientId, first_day: date, last_day: date
) -> int:
    """Return how many efforts led to no conversation in these days."""
    return await tx.number(
        sa.select(sa.func.count())
        .select_from(contact_attempts)
        .where(
            contact_attempts.c.client_id == client_id,
            contact_attempts.c.day.between(first_day, last_day),
        )
    )
