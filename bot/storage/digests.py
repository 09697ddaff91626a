"""What the morning message counts: open tasks, appointments of the day, talks still to be held."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from bot.domain.appointments import AppointmentState
from bot.domain.ids import StaffId
from bot.domain.months import Month
from bot.domain.people import ClientStatus
from bot.domain.periods import PeriodState
from bot.storage.care_schema import contact_periods
from bot.storage.database import Transaction
from bot.storage.schema import appointments, assignments, clients, tasks

_WAITING = (PeriodState.OPEN, PeriodState.ALMOST_LATE)


async def count_open_tasks(
    tx: Transaction, staff_ids: Collection[StaffId]
) -> dict[tuple[str, int], int]:
    """Return how many open tasks these people own, by kind and by how far it was escalated."""
    rows = await tx.rows(
        sa.select(tasks.c.kind, tasks.c.level, sa.func.count().label("number"))
        .where(tasks.c.staff_id.in_(staff_ids), tasks.c.done_at.is_(None))
        .group_by(tasks.c.kind, tasks.c.level)
    )
    return {(row["kind"], row["level"]): row["number"] for row in rows}


async def count_escalated(tx: Transaction, level: int) -> dict[str, int]:
    """Return how many open tasks of anybody have been escalated so far, by kind."""
    rows = await tx.rows(
        sa.select(tasks.c.kind, sa.func.count().label("number"))
        .where(tasks.c.done_at.is_(None), tasks.c.level >= level)
        .group_by(tasks.c.kind)
    )
    return {row["kind"]: row["number"] for row in rows}


async def count_appointments(tx: Transaction, staff_id: StaffId, day: date) -> int:
    """Return how many appointments somebody has on a day."""
    return await tx.number(
        sa.select(sa.func.count())
        .select_from(appointments)
        .where(
            appointments.c.staff_id == staff_id,
            appointments.c.local_date == day,
            appointments.c.state != AppointmentState.CANCELLED,
        )
    )


async def count_waiting(
    tx: Transaction, month: Month, coach_ids: Collection[StaffId] | None
) -> int:
    """Return how many clients still wait for a talk in a month; of all coaches when None."""
    query = (
        sa.select(sa.func.count())
        .select_from(contact_periods)
        .join(clients, clients.c.id == contact_periods.c.client_id)
        .where(
            contact_periods.c.month == str(month),
            contact_periods.c.state.in_(_WAITING),
            clients.c.status.in_((ClientStatus.INVITED, ClientStatus.ACTIVE)),
        )
    )
    if coach_ids is not None:
        query = query.join(
            assignments,
            sa.and_(
                assignments.c.client_id == clients.c.id,
                assignments.c.ends_at.is_(None),
                assignments.c.coach_id.in_(coach_ids),
            ),
        )
    return await tx.number(query)
