"""The talks that are still to be held, as a list in pages."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.domain.ids import StaffId
from bot.domain.months import Month
from bot.domain.people import Client
from bot.domain.periods import Period
from bot.storage.care_schema import contact_periods
from bot.storage.database import Transaction
from bot.storage.people import CLIENT_COLUMNS
from bot.storage.schema import clients, tasks

_OPEN = (tasks.c.kind == "contact", tasks.c.done_at.is_(None))


@dataclass(frozen=True, slots=True)
class Due:
    """A client with whom somebody has to speak, and the month in which."""

    client: Client
    period: Period


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose talks somebody has to do with: all of some, what is overdue of others."""

    owned: Collection[StaffId]
    overdue: Collection[StaffId] = ()

    @property
    def condition(self) -> sa.ColumnElement[bool]:
        """The same, of the tasks."""
        return sa.or_(
            tasks.c.staff_id.in_(self.owned),
            sa.and_(tasks.c.staff_id.in_(self.overdue), tasks.c.level > 0),
        )


async def count_due(tx: Transaction, whose: Whose) -> int:
    """Return how many talks still have to be held."""
    return await tx.number(
        sa.select(sa.func.count()).select_from(tasks).where(whose.condition, *_OPEN)
    )


async def list_due(tx: Transaction, whose: Whose, *, offset: int, limit: int) -> list[Due]:
    """Return the talks that still have to be held, the earliest target first."""
    key = (
        sa.literal("contact:")
        + sa.cast(contact_periods.c.client_id, sa.String)
        + ":"
        + contact_periods.c.month
    )
    rows = await tx.rows(
        sa.select(
            *CLIENT_COLUMNS,
            contact_periods.c.month,
            contact_periods.c.state,
            contact_periods.c.active_days,
            contact_periods.c.target,
        )
        .select_from(tasks)
        .join(clients, clients.c.id == tasks.c.client_id)
        .join(
            contact_periods,
            sa.and_(contact_periods.c.client_id == tasks.c.client_id, tasks.c.key == key),
        )
        .where(whose.condition, *_OPEN)
        .order_by(contact_periods.c.target, clients.c.code)
        .offset(offset)
        .limit(limit)
    )
    found: list[Due] = []
    for row in rows:
        values = {column.name: row[column.name] for column in CLIENT_COLUMNS}
        period = Period(Month.parse(row["month"]), row["state"], row["active_days"], row["target"])
        found.append(Due(Client(**values), period))
    return found
