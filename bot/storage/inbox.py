"""Updates, kept before Telegram is told that they arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import InboxState, Incoming
from bot.domain.ids import InboxId
from bot.storage.database import Topic, Transaction, one
from bot.storage.fixed import Fixed
from bot.storage.schema import channel_links, clients, cursors, inbox, staff, tasks

_INCOMING = (inbox.c.id, inbox.c.update_id, inbox.c.lane, inbox.c.raw, inbox.c.attempts)


async def insert_updates(
    tx: Transaction,
    bot_id: int,
    updates: Sequence[tuple[int, int, str]],
    *,
    next_update_id: int | None,
    now: datetime,
) -> int:
    """Keep updates (id, lane, raw text) and where to go on; returns how many were new.

    `next_update_id` is None when they did not come in order and say nothing about the next.
    """
    new = await tx.insert_new(
        inbox,
        ("bot_id", "update_id"),
        [
            {
                "bot_id": bot_id,
                "update_id": update_id,
                "lane": lane,
                "raw": raw,
                "state": InboxState.NEW,
                "attempts": 0,
                "received_at": now,
                "not_before": now,
            }
            for update_id, lane, raw in updates
        ],
    )
    if next_update_id is not None:
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


async def forget_cursor(tx: Transaction, bot_id: int) -> None:
    """Have Telegram asked for everything it still keeps, when it is asked again."""
    await tx.run(sa.delete(cursors).where(cursors.c.bot_id == bot_id))


async def last_received_at(tx: Transaction, bot_id: int) -> datetime | None:
    """Return when the newest kept update of a bot came in."""
    row = await tx.row(
        sa.select(inbox.c.received_at)
        .where(inbox.c.bot_id == bot_id)
        .order_by(inbox.c.id.desc())
        .limit(1)
    )
    return row["received_at"] if row else None


async def delete_handled(tx: Transaction, before: datetime) -> int:
    """Delete updates that were handled and came in before; all but the newest of all."""
    newest = sa.select(sa.func.max(inbox.c.id)).scalar_subquery()
    result = await tx.run(
        sa.delete(inbox).where(
            inbox.c.state == InboxState.DONE, inbox.c.received_at < before, inbox.c.id != newest
        )
    )
    return result.rowcount


_HEADS = Fixed(
    sa.select(*_INCOMING)
    .where(
        inbox.c.id.in_(
            sa.select(sa.func.min(inbox.c.id))
            .where(inbox.c.state == InboxState.NEW)
            .group_by(inbox.c.lane)
        ),
        inbox.c.not_before <= sa.bindparam("now", type_=inbox.c.not_before.type),
    )
    .order_by(inbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


async def list_lane_heads(tx: Transaction, now: datetime, *, limit: int = 100) -> list[Incoming]:
    """Return the first unhandled update of each lane, if it may be tried now; oldest first."""
    return [one(Incoming, row) for row in await tx.rows(_HEADS, now=now, most=limit)]


async def count_new(tx: Transaction) -> int:
    """Return how many updates wait to be handled."""
    return await tx.number(
        sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == InboxState.NEW)
    )


_FINISH = Fixed(
    sa.update(inbox).where(
        inbox.c.id == sa.bindparam("which"), inbox.c.state == sa.bindparam("was", InboxState.NEW)
    )
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
    changed = await tx.change(_FINISH, which=inbox_id, state=state, finished_at=now, error=error)
    tx.wake(Topic.INBOX)
    return changed == 1


async def postpone(
    tx: Transaction, inbox_id: InboxId, *, not_before: datetime, error: str
) -> None:
    """Have an update tried again later."""
    await tx.run(
        sa.update(inbox)
        .where(inbox.c.id == inbox_id)
        .values(attempts=inbox.c.attempts + 1, not_before=not_before, error=error)
    )


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An update as whoever runs the bot looks at it."""

    id: InboxId
    code: str | None
    """Of the client or member of staff whose chat it came from; None for a stranger's."""
    raw: str
    state: InboxState
    attempts: int
    error: str | None
    received_at: datetime


def _look() -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(
            inbox.c.id,
            sa.func.coalesce(clients.c.code, staff.c.code).label("code"),
            inbox.c.raw,
            inbox.c.state,
            inbox.c.attempts,
            inbox.c.error,
            inbox.c.received_at,
        )
        .outerjoin(
            channel_links,
            (channel_links.c.chat_id == inbox.c.lane) & channel_links.c.ended_at.is_(None),
        )
        .outerjoin(clients, clients.c.id == channel_links.c.client_id)
        .outerjoin(staff, staff.c.id == channel_links.c.staff_id)
    )


async def list_unhandled(tx: Transaction, *, limit: int) -> list[InboxRow]:
    """Return updates that were put apart or wait; those put apart first, then oldest first."""
    rows = await tx.rows(
        _look()
        .where(inbox.c.state.in_((InboxState.NEW, InboxState.QUARANTINED)))
        .order_by(inbox.c.state == InboxState.NEW, inbox.c.id)
        .limit(limit)
    )
    return [one(InboxRow, row) for row in rows]


async def find_update(tx: Transaction, inbox_id: InboxId) -> InboxRow | None:
    """Return one update, whatever its state."""
    row = await tx.row(_look().where(inbox.c.id == inbox_id))
    return one(InboxRow, row) if row else None


async def list_put_apart(tx: Transaction) -> list[InboxId]:
    """Return the updates that wait for a person, oldest first."""
    rows = await tx.rows(
        sa.select(inbox.c.id).where(inbox.c.state == InboxState.QUARANTINED).order_by(inbox.c.id)
    )
    return [InboxId(row["id"]) for row in rows]


async def renew_update(tx: Transaction, inbox_id: InboxId, *, not_before: datetime) -> bool:
    """Have an update handled as if it were new, in its old place; False when it was handled."""
    result = await tx.run(
        sa.update(inbox)
        .where(inbox.c.id == inbox_id, inbox.c.state != InboxState.DONE)
        .values(
            state=InboxState.NEW,
            attempts=0,
            error=None,
            finished_at=None,
            not_before=not_before,
        )
    )
    tx.wake(Topic.INBOX)
    return result.rowcount == 1


async def close_tasks_of(tx: Transaction, inbox_id: InboxId, now: datetime) -> int:
    """Mark the tasks about an update done; returns how many. At a new failure it gets new ones."""
    kinds = ("quarantined", "quarantined_client")
    result = await tx.run(
        sa.update(tasks)
        .where(
            tasks.c.kind.in_(kinds),
            tasks.c.done_at.is_(None),
            sa.or_(*(tasks.c.key.startswith(f"{kind}:{inbox_id}:") for kind in kinds)),
        )
        # The key is unique, and has to be free for the next time.
        .values(done_at=now, key=tasks.c.key + ":done:" + sa.cast(tasks.c.id, sa.String))
    )
    return result.rowcount
