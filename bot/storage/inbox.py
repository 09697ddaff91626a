"""Updates, kept before Telegram is told that they arrived."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import InboxState, Incoming
from bot.domain.ids import InboxId
from bot.storage.database import Topic, Transaction, one
from bot.storage.schema import cursors, inbox

_INCOMING = (inbox.c.id, inbox.c.update_id, inbox.c.lane, inbox.c.raw, inbox.c.attempts)


async def insert_updates(
    tx: Transaction,
    bot_id: int,
    updates: Sequence[tuple[int, int, str]],
    *,
    next_update_id: int,
    now: datetime,
) -> int:
    """Keep updates (id, lane, raw text) and where to go on; returns how many were new."""
    new = 0
    for update_id, lane, raw in updates:
        new += await tx.insert_if_new(
            inbox,
            ("bot_id", "update_id"),
            bot_id=bot_id,
            update_id=update_id,
            lane=lane,
            raw=raw,
            state=InboxState.NEW,
            attempts=0,
            received_at=now,
            not_before=now,
        )
    await tx.upsert(
        cursors,
        ("bot_id",),
        {"next_update_id": next_update_id},
        bot_id=bot_id,
        next_update_id=next_update_id,
    )
    tx.wake(Topic.INBOX)
    return new


async def next_update_id(tx: Transaction, bot_id: int) -> int | None:
    """Return the offset with which to ask Telegram for more."""
    row = await tx.row(sa.select(cursors.c.next_update_id).where(cursors.c.bot_id == bot_id))
    return row["next_update_id"] if row else None


async def list_lane_heads(tx: Transaction, now: datetime) -> list[Incoming]:
    """Return the first unhandled update of each lane, if it may be tried now."""
    heads = (
        sa.select(sa.func.min(inbox.c.id))
        .where(inbox.c.state == InboxState.NEW)
        .group_by(inbox.c.lane)
    )
    rows = await tx.rows(
        sa.select(*_INCOMING)
        .where(inbox.c.id.in_(heads), inbox.c.not_before <= now)
        .order_by(inbox.c.id)
    )
    return [one(Incoming, row) for row in rows]


async def count_new(tx: Transaction) -> int:
    """Return how many updates wait to be handled."""
    return await tx.number(
        sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == InboxState.NEW)
    )


async def finish(
    tx: Transaction,
    inbox_id: InboxId,
    *,
    state: InboxState,
    now: datetime,
    error: str | None = None,
) -> bool:
    """Mark an update handled or put apart; False when it already was."""
    result = await tx.run(
        sa.update(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.state == InboxState.NEW)
        .values(state=state, finished_at=now, error=error)
    )
    tx.wake(Topic.INBOX)
    return result.rowcount == 1


async def postpone(
    tx: Transaction, inbox_id: InboxId, *, not_before: datetime, error: str
) -> None:
    """Have an update tried again later."""
    await tx.run(
        sa.update(inbox)
        .where(inbox.c.id == inbox_id)
        .values(attempts=inbox.c.attempts + 1, not_before=not_before, error=error)
    )
