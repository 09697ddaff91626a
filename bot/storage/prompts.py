"""What was said to whom, so that nothing is said twice, and which days are done."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from bot.domain.ids import ClientId, StaffId
from bot.storage.care_schema import days_done, prompts
from bot.storage.database import Transaction


async def insert_prompt(
    tx: Transaction,
    *,
    kind: str,
    object: str,  # noqa: A002 - the column's name
    rung: str,
    hearer: str,
    day: date,
    now: datetime,
    client_id: ClientId | None = None,
    staff_id: StaffId | None = None,
) -> bool:
    """Note that somebody hears of something; False when they heard of it before."""
    return await tx.insert_if_new(
        prompts,
        ("kind", "object", "rung", "hearer"),
        kind=kind,
        object=object,
        rung=rung,
        hearer=hearer,
        client_id=client_id,
        staff_id=staff_id,
        day=day,
        created_at=now,
    )


async def list_said(
    tx: Transaction, kind: str, client_ids: Collection[ClientId], since: date
) -> set[tuple[str, str, str]]:
    """Return what was said about these clients since a day: object, rung and hearer."""
    rows = await tx.rows(
        sa.select(prompts.c.object, prompts.c.rung, prompts.c.hearer).where(
            prompts.c.client_id.in_(client_ids), prompts.c.kind == kind, prompts.c.day >= since
        )
    )
    return {(row["object"], row["rung"], row["hearer"]) for row in rows}


async def day_done(tx: Transaction, name: str) -> date | None:
    """Return the last day for which something was done."""
    row = await tx.row(sa.select(days_done.c.day).where(days_done.c.name == name))
    return row["day"] if row else None


async def list_days_done(tx: Transaction, prefix: str) -> dict[str, date]:
    """Return the last day of everything whose name begins so."""
    rows = await tx.rows(
        sa.select(days_done.c.name, days_done.c.day).where(
            days_done.c.name.startswith(prefix, autoescape=True)
        )
    )
    return {row["name"]: row["day"] for row in rows}


async def set_day_done(tx: Transaction, name: str, day: date, *, now: datetime) -> None:
    """Note that something was done for a day."""
    await tx.upsert(days_done, ("name",), {"day": day, "at": now}, name=name, day=day, at=now)
