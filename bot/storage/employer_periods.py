"""The months of companies as they are kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.ids import EmployerId
from bot.domain.months import Month
from bot.domain.periods import Exclusion, Period, PeriodState
from bot.storage.care_schema import employer_periods
from bot.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class EmployerPeriod:
    """The month of a company as it is kept; a frozen one never changes."""

    employer_id: EmployerId
    period: Period
    frozen_at: datetime | None


async def list_periods(
    tx: Transaction, since: Month, ids: Collection[EmployerId] | None = None
) -> dict[tuple[EmployerId, Month], EmployerPeriod]:
    """Return the kept months from `since` on, of these companies or of all."""
    query = sa.select(employer_periods).where(employer_periods.c.month >= str(since))
    if ids is not None:
        query = query.where(employer_periods.c.employer_id.in_(ids))
    found: dict[tuple[EmployerId, Month], EmployerPeriod] = {}
    for row in await tx.rows(query):
        month = Month.parse(row["month"])
        excluded = row["state"] is PeriodState.EXCLUDED
        period = Period(
            month=month,
            state=row["state"],
            active_days=0,
            target=row["target"],
            satisfied_on=row["satisfied_on"],
            exclusion=Exclusion.NOT_IN_CARE if excluded else None,
        )
        found[row["employer_id"], month] = EmployerPeriod(
            row["employer_id"], period, row["frozen_at"]
        )
    return found


async def last_frozen(
    tx: Transaction, ids: Collection[EmployerId] | None = None
) -> dict[EmployerId, Month]:
    """Return the last frozen month of each company that has one."""
    query = (
        sa.select(
            employer_periods.c.employer_id, sa.func.max(employer_periods.c.month).label("month")
        )
        .where(employer_periods.c.frozen_at.is_not(None))
        .group_by(employer_periods.c.employer_id)
    )
    if ids is not None:
        query = query.where(employer_periods.c.employer_id.in_(ids))
    return {row["employer_id"]: Month.parse(row["month"]) for row in await tx.rows(query)}


async def save_period(
    tx: Transaction,
    employer_id: EmployerId,
    period: Period,
    *,
    now: datetime,
    frozen_at: datetime | None = None,
) -> None:
    """Keep the month of a company as it is now; a frozen one never changes."""
    values: dict[str, object] = {
        "state": period.state,
        "target": period.target,
        "satisfied_on": period.satisfied_on,
        "changed_at": now,
        "frozen_at": frozen_at,
    }
    new = await tx.insert_if_new(
        employer_periods,
        ("employer_id", "month"),
        employer_id=employer_id,
        month=str(period.month),
        **values,
    )
    if not new:
        await tx.run(
            sa.update(employer_periods)
            .where(
                employer_periods.c.employer_id == employer_id,
                employer_periods.c.month == str(period.month),
                employer_periods.c.frozen_at.is_(None),
            )
            .values(**values)
        )
