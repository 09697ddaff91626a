"""Which status a client had on which days, and who is away."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from bot.domain.ids import ClientId, StaffId
from bot.domain.people import ClientStatus, HoldReason
from bot.domain.periods import StatusSpan
from bot.storage.care_schema import absences, backups, status_spans
from bot.storage.database import Transaction, one
from bot.storage.schema import clients

_LONG_AGO = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that lasts: since when, why, and by when somebody decides again."""

    client_id: ClientId
    first_day: date
    reason: HoldReason | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away today; `days` are the first and last days of this and earlier absences."""

    staff_id: StaffId
    backup_id: StaffId | None
    days: tuple[tuple[date, date], ...]


async def change_status(
    tx: Transaction,
    client_id: ClientId,
    status: ClientStatus,
    *,
    today: date,
    now: datetime,
    staff_id: StaffId | None = None,
    reason: HoldReason | None = None,
    review_on: date | None = None,
) -> None:
    """Give a client another status from today on; the one before ends on the same day."""
    await tx.run(
        sa.update(status_spans)
        .where(status_spans.c.client_id == client_id, status_spans.c.end_day.is_(None))
        .values(end_day=today)
    )
    await tx.insert(
        status_spans,
        client_id=client_id,
        status=status,
        first_day=today,
        reason=reason,
        review_on=review_on,
        staff_id=staff_id,
        created_at=now,
    )
    await tx.run(sa.update(clients).where(clients.c.id == client_id).values(status=status))


async def list_spans(
    tx: Transaction, client_ids: Collection[ClientId]
) -> dict[ClientId, list[StatusSpan]]:
    """Return the statuses of each client, oldest first."""
    rows = await tx.rows(
        sa.select(
            status_spans.c.client_id,
            status_spans.c.status,
            status_spans.c.first_day,
            status_spans.c.end_day,
        )
        .where(status_spans.c.client_id.in_(client_ids))
        .order_by(status_spans.c.client_id, status_spans.c.id)
    )
    found: dict[ClientId, list[StatusSpan]] = defaultdict(list)
    for row in rows:
        span = StatusSpan(row["status"], row["first_day"], row["end_day"])
        found[row["client_id"]].append(span)
    return found


async def list_holds(tx: Transaction, client_ids: Collection[ClientId]) -> list[Hold]:
    """Return the pauses that last now, by the day on which somebody must decide again."""
    rows = await tx.rows(
        sa.select(
            status_spans.c.client_id,
            status_spans.c.first_day,
            status_spans.c.reason,
            status_spans.c.review_on,
        )
        .where(
            status_spans.c.client_id.in_(client_ids),
            status_spans.c.status == ClientStatus.ON_HOLD,
            status_spans.c.end_day.is_(None),
        )
        .order_by(status_spans.c.review_on, status_spans.c.client_id)
    )
    return [one(Hold, row) for row in rows]


async def set_work_began(tx: Transaction, client_id: ClientId, day: date | None) -> None:
    """Note on which day a client began to work or learn."""
    await tx.run(sa.update(clients).where(clients.c.id == client_id).values(work_began_on=day))


async def list_work_began(
    tx: Transaction, client_ids: Collection[ClientId]
) -> dict[ClientId, date]:
    """Return on which day each client in aftercare began to work or learn."""
    rows = await tx.rows(
        sa.select(clients.c.id, clients.c.work_began_on).where(
            clients.c.id.in_(client_ids),
            clients.c.status == ClientStatus.AFTERCARE,
            clients.c.work_began_on.is_not(None),
        )
    )
    return {row["id"]: row["work_began_on"] for row in rows}


async def insert_absence(
    tx: Transaction,
    staff_id: StaffId,
    *,
    first_day: date,
    last_day: date,
    backup_id: StaffId | None,
    now: datetime,
) -> None:
    """Note that somebody is away, and who stands in."""
    await tx.insert(
        absences,
        staff_id=staff_id,
        first_day=first_day,
        last_day=last_day,
        backup_id=backup_id,
        created_at=now,
    )


async def list_absences(tx: Transaction, today: date) -> list[Absence]:
    """Return who is away today, with the stand-in of the absence that began last."""
    rows = await tx.rows(
        sa.select(
            absences.c.staff_id,
            absences.c.first_day,
            absences.c.last_day,
            absences.c.backup_id,
        )
        .where(absences.c.first_day <= today, absences.c.last_day >= today - _LONG_AGO)
        .order_by(absences.c.first_day, absences.c.id)
    )
    days: dict[StaffId, list[tuple[date, date]]] = defaultdict(list)
    backup: dict[StaffId, StaffId | None] = {}
    for row in rows:
        days[row["staff_id"]].append((row["first_day"], row["last_day"]))
        if row["last_day"] >= today:
            backup[row["staff_id"]] = row["backup_id"]
    return [
        Absence(staff_id, backup_id, tuple(days[staff_id]))
        for staff_id, backup_id in backup.items()
    ]


async def set_backup(tx: Transaction, staff_id: StaffId, backup_id: StaffId) -> None:
    """Give somebody a standing deputy."""
    await tx.upsert(
        backups,
        ("staff_id",),
        {"backup_id": backup_id},
        staff_id=staff_id,
        backup_id=backup_id,
    )


async def list_backups(tx: Transaction) -> dict[StaffId, StaffId]:
    """Return who is whose standing deputy."""
    rows = await tx.rows(sa.select(backups.c.staff_id, backups.c.backup_id))
    return {row["staff_id"]: row["backup_id"] for row in rows}
