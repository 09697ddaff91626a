"""Appointments that have ended and after which nobody has been asked."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from bot.domain.ids import AppointmentId
from bot.storage.care_schema import prompts
from bot.storage.database import Transaction
from bot.storage.periods import STANDS
from bot.storage.schema import appointments

_LONGEST = timedelta(hours=12)
_LOOK_AHEAD = 200

KIND = "after"
"""What the prompts about ended appointments are called."""


async def list_ended(
    tx: Transaction, *, since: datetime, now: datetime, limit: int
) -> list[AppointmentId]:
    """Return the appointments that stood, have ended and of which nobody was asked."""
    asked = sa.exists().where(
        prompts.c.kind == KIND,
        prompts.c.object
        == sa.cast(appointments.c.id, sa.String)
        + ":"
        + sa.cast(appointments.c.revision, sa.String),
    )
    rows = await tx.rows(
        sa.select(appointments.c.id, appointments.c.starts_at, appointments.c.duration_minutes)
        .where(
            appointments.c.starts_at.between(since, now),
            appointments.c.state.in_(STANDS),
            ~asked,
        )
        .order_by(appointments.c.starts_at, appointments.c.id)
        .limit(limit)
    )
    return [row["id"] for row in rows if _end(row) <= now]


async def next_end(tx: Transaction, after: datetime) -> datetime | None:
    """Return when the next appointment that stands ends."""
    rows = await tx.rows(
        sa.select(appointments.c.starts_at, appointments.c.duration_minutes)
        .where(appointments.c.starts_at > after - _LONGEST, appointments.c.state.in_(STANDS))
        .order_by(appointments.c.starts_at)
        .limit(_LOOK_AHEAD)
    )
    return min((_end(row) for row in rows if _end(row) > after), default=None)


def _end(row: RowMapping) -> datetime:
    ends_at: datetime = row["starts_at"] + timedelta(minutes=row["duration_minutes"])
    return ends_at
