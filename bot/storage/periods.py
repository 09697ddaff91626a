"""Client-months as they are kept, and what they are worked out from."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.appointments import AppointmentState
from bot.domain.ids import ClientId, StaffId
from bot.domain.months import Month
from bot.domain.people import Client, ClientStatus
from bot.domain.periods import ContactPeriod, History, Meeting, MissedReason, Period
from bot.storage import contacts, statuses
from bot.storage.care_schema import contact_attempts, contact_periods
from bot.storage.database import Transaction
from bot.storage.people import CLIENT_COLUMNS
from bot.storage.schema import appointments, assignments, clients

_PERIOD = tuple(column for column in contact_periods.c if column.name != "changed_at")
STANDS = (
    AppointmentState.INVITED,
    AppointmentState.CONFIRMED,
    AppointmentState.OTHER_TIME,
)


def _kept(row: RowMapping) -> ContactPeriod:
    return ContactPeriod(
        client_id=row["client_id"],
        period=Period(
            month=Month.parse(row["month"]),
            state=row["state"],
            active_days=row["active_days"],
            target=row["target"],
            satisfied_on=row["satisfied_on"],
            exclusion=row["exclusion"],
        ),
        missed_reason=row["missed_reason"],
        frozen_at=row["frozen_at"],
    )


async def load_histories(
    tx: Transaction, client_ids: Collection[ClientId], since: Month
) -> dict[ClientId, History]:
    """Return what the months from `since` on are worked out from, for each of these clients."""
    spans = await statuses.list_spans(tx, client_ids)
    first, days = await contacts.list_days(tx, client_ids, since.first)
    meetings = await _list_meetings(tx, client_ids, since.first)
    return {
        client_id: History(
            spans=spans.get(client_id, ()),
            first_contact=first.get(client_id),
            contacts=days.get(client_id, ()),
            meetings=meetings.get(client_id, ()),
        )
        for client_id in client_ids
    }


async def _list_meetings(
    tx: Transaction, client_ids: Collection[ClientId], since: date
) -> dict[ClientId, list[Meeting]]:
    rows = await tx.rows(
        sa.select(
            appointments.c.client_id,
            appointments.c.local_date,
            contact_attempts.c.id.is_not(None).label("missed"),
        )
        .join(
            contact_attempts,
            # Of another day when it was moved since: then she is still expected.
            sa.and_(
                contact_attempts.c.appointment_id == appointments.c.id,
                contact_attempts.c.day == appointments.c.local_date,
            ),
            isouter=True,
        )
        .where(
            appointments.c.client_id.in_(client_ids),
            appointments.c.local_date >= since,
            appointments.c.state.in_(STANDS),
        )
    )
    found: dict[ClientId, list[Meeting]] = {}
    for row in rows:
        meeting = Meeting(row["local_date"], missed=bool(row["missed"]))
        found.setdefault(row["client_id"], []).append(meeting)
    return found


async def list_periods(
    tx: Transaction, client_ids: Collection[ClientId], months: Iterable[Month]
) -> dict[tuple[ClientId, Month], ContactPeriod]:
    """Return the kept months of these clients."""
    rows = await tx.rows(
        sa.select(*_PERIOD).where(
            contact_periods.c.client_id.in_(client_ids),
            contact_periods.c.month.in_([str(month) for month in months]),
        )
    )
    kept = [_kept(row) for row in rows]
    return {(each.client_id, each.period.month): each for each in kept}


async def save_periods(
    tx: Transaction, changed: Sequence[tuple[ClientId, Period]], *, now: datetime
) -> None:
    """Keep months as they are now; a frozen one never changes."""
    for client_id, period in changed:
        values: dict[str, object] = {
            "state": period.state,
            "active_days": period.active_days,
            "target": period.target,
            "satisfied_on": period.satisfied_on,
            "exclusion": period.exclusion,
            "changed_at": now,
        }
        updated = await tx.run(
            sa.update(contact_periods)
            .where(
                contact_periods.c.client_id == client_id,
                contact_periods.c.month == str(period.month),
                contact_periods.c.frozen_at.is_(None),
            )
            .values(**values)
        )
        if not updated.rowcount:
            await tx.insert_if_new(
                contact_periods,
                ("client_id", "month"),
                client_id=client_id,
                month=str(period.month),
                **values,
            )


async def drop_periods(tx: Transaction, client_ids: Collection[ClientId], after: Month) -> None:
    """Forget months that have not begun; they are worked out again."""
    await tx.run(
        sa.delete(contact_periods).where(
            contact_periods.c.client_id.in_(client_ids),
            contact_periods.c.month > str(after),
            contact_periods.c.frozen_at.is_(None),
        )
    )


async def freeze_periods(
    tx: Transaction, client_ids: Collection[ClientId], before: Month, *, now: datetime
) -> int:
    """Freeze the months before one; returns how many."""
    result = await tx.run(
        sa.update(contact_periods)
        .where(
            contact_periods.c.client_id.in_(client_ids),
            contact_periods.c.month < str(before),
            contact_periods.c.frozen_at.is_(None),
        )
        .values(frozen_at=now)
    )
    return result.rowcount


async def set_missed_reason(
    tx: Transaction, client_id: ClientId, month: Month, reason: MissedReason
) -> None:
    """Note why a month was missed; that may also be said after it was frozen."""
    await tx.run(
        sa.update(contact_periods)
        .where(contact_periods.c.client_id == client_id, contact_periods.c.month == str(month))
        .values(missed_reason=reason)
    )


async def list_client_ids(tx: Transaction, after: ClientId, limit: int) -> list[ClientId]:
    """Return the next clients by id."""
    rows = await tx.rows(
        sa.select(clients.c.id).where(clients.c.id > after).order_by(clients.c.id).limit(limit)
    )
    return [row["id"] for row in rows]


async def list_clients_by_coach(
    tx: Transaction, coach_ids: Collection[StaffId]
) -> dict[StaffId, list[Client]]:
    """Return the clients in care of each of these coaches, by code."""
    rows = await tx.rows(
        sa.select(*CLIENT_COLUMNS, assignments.c.coach_id)
        .join(assignments, assignments.c.client_id == clients.c.id)
        .where(
            assignments.c.coach_id.in_(coach_ids),
            assignments.c.ends_at.is_(None),
            clients.c.status != ClientStatus.CLOSED,
        )
        .order_by(clients.c.code)
    )
    found: dict[StaffId, list[Client]] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != "coach_id"}
        found.setdefault(row["coach_id"], []).append(Client(**values))
    return found
