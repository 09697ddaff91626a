"""Work that a person must do, half-finished drafts of staff, and the trail of who did what."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import JsonValue
from bot.domain.ids import ClientId, DraftId, StaffId, TaskId
from bot.storage.database import Transaction
from bot.storage.fixed import Fixed
from bot.storage.schema import audit_events, drafts, taps, tasks

_CLOSE_KEY = Fixed(
    sa.update(tasks)
    .where(tasks.c.key == sa.bindparam("which"), tasks.c.done_at.is_(None))
    .values(done_at=sa.bindparam("at", type_=tasks.c.done_at.type))
)
_OPEN_KEY = Fixed(
    sa.update(tasks)
    .where(tasks.c.key == sa.bindparam("which"))
    .values(done_at=None, staff_id=sa.bindparam("owner"))
)


async def insert_task(
    tx: Transaction,
    *,
    kind: str,
    key: str,
    client_id: ClientId | None,
    staff_id: StaffId | None,
    now: datetime,
    words: str | None = None,
    about_id: int | None = None,
    level: int = 0,
) -> bool:
    """Give somebody a task, once for each key; tells whether it is new.

    `words` is what the person is still to be told, once there is a chat for it; `about_id` the
    message, plan or company it is about; `level` how far it has been escalated.
    """
    return await tx.insert_if_new(
        tasks,
        ("key",),
        kind=kind,
        key=key,
        client_id=client_id,
        staff_id=staff_id,
        words=words,
        about_id=about_id,
        level=level,
        created_at=now,
    )


async def open_task(
    tx: Transaction,
    *,
    kind: str,
    key: str,
    client_id: ClientId | None,
    staff_id: StaffId,
    level: int,
    now: datetime,
    about_id: int | None = None,
) -> None:
    """Give somebody a task, or open it again; its level only goes up."""
    new = await insert_task(
        tx,
        kind=kind,
        key=key,
        client_id=client_id,
        staff_id=staff_id,
        about_id=about_id,
        level=level,
        now=now,
    )
    if not new:
        await tx.change(_OPEN_KEY, which=key, owner=staff_id)
        await raise_task(tx, key, level)


async def list_open_keys(
    tx: Transaction, client_ids: Collection[ClientId], kinds: Collection[str]
) -> set[tuple[str, int]]:
    """Return the keys and levels of the open tasks of these kinds about these clients."""
    rows = await tx.rows(
        sa.select(tasks.c.key, tasks.c.level).where(
            tasks.c.client_id.in_(client_ids), tasks.c.kind.in_(kinds), tasks.c.done_at.is_(None)
        )
    )
    return {(row["key"], row["level"]) for row in rows}


async def close_task(tx: Transaction, key: str, *, now: datetime) -> bool:
    """Mark a task done; False when there is none with this key or it was done before."""
    return await tx.change(_CLOSE_KEY, which=key, at=now) > 0


async def close_tasks(
    tx: Transaction,
    *,
    kind: str,
    client_id: ClientId | None = None,
    about_id: int | None = None,
    now: datetime,
) -> int:
    """Mark the open tasks of a kind done, of a client or about one object; returns how many."""
    query = sa.update(tasks).where(tasks.c.kind == kind, tasks.c.done_at.is_(None))
    if client_id is not None:
        query = query.where(tasks.c.client_id == client_id)
    if about_id is not None:
        query = query.where(tasks.c.about_id == about_id)
    return (await tx.run(query.values(done_at=now))).rowcount


async def raise_task(tx: Transaction, key: str, level: int) -> None:
    """Note how far a task has been escalated; never down."""
    await tx.run(
        sa.update(tasks).where(tasks.c.key == key, tasks.c.level < level).values(level=level)
    )


async def move_tasks(
    tx: Transaction, client_id: ClientId, old_id: StaffId, staff_id: StaffId
) -> None:
    """Give somebody's open tasks about a client to somebody else; words kept for him stay his."""
    await tx.run(
        sa.update(tasks)
        .where(
            tasks.c.client_id == client_id,
            tasks.c.staff_id == old_id,
            tasks.c.done_at.is_(None),
            tasks.c.words.is_(None),
        )
        .values(staff_id=staff_id)
    )


async def list_untold(
    tx: Transaction, staff_id: StaffId
) -> list[tuple[TaskId, ClientId | None, str]]:
    """Return what a member of staff has not been told yet: task, client, words; oldest first."""
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.client_id, tasks.c.words)
        .where(tasks.c.staff_id == staff_id, tasks.c.words.is_not(None), tasks.c.told_at.is_(None))
        .order_by(tasks.c.id)
    )
    return [(row["id"], row["client_id"], row["words"]) for row in rows]


async def mark_told(tx: Transaction, task_id: TaskId, now: datetime) -> None:
    """Note that somebody has been told; the words are no longer needed."""
    await tx.run(sa.update(tasks).where(tasks.c.id == task_id).values(told_at=now, words=None))


async def list_open_tasks(tx: Transaction) -> list[tuple[str, str]]:
    """Return the kind and key of each task that is not done, oldest first."""
    rows = await tx.rows(
        sa.select(tasks.c.kind, tasks.c.key).where(tasks.c.done_at.is_(None)).order_by(tasks.c.id)
    )
    return [(row["kind"], row["key"]) for row in rows]


async def note_tap(tx: Transaction, key: str, now: datetime) -> bool:
    """Note that a question was answered; False when it was before, as by a double tap."""
    return await tx.insert_if_new(taps, ("key",), key=key, at=now)


async def insert_audit(
    tx: Transaction, *, actor: str, action: str, about: str, now: datetime
) -> None:
    """Record who did what to which object; never its content."""
    await tx.insert(audit_events, at=now, actor=actor, action=action, object=about)


async def insert_draft(
    tx: Transaction,
    *,
    staff_id: StaffId,
    kind: str,
    data: Mapping[str, JsonValue],
    now: datetime,
) -> DraftId:
    """Keep something a member of staff has begun."""
    return DraftId(
        await tx.insert(drafts, staff_id=staff_id, kind=kind, data=data, created_at=now)
    )


async def find_draft(
    tx: Transaction, draft_id: DraftId, staff_id: StaffId, kind: str
) -> dict[str, JsonValue] | None:
    """Return an open draft of this person, or None when it is finished or somebody else's."""
    row = await tx.row(
        sa.select(drafts.c.data).where(
            drafts.c.id == draft_id,
            drafts.c.staff_id == staff_id,
            drafts.c.kind == kind,
            drafts.c.closed_at.is_(None),
        )
    )
    return dict(row["data"]) if row else None


async def list_drafts(
    tx: Transaction, staff_id: StaffId, kind: str
) -> list[tuple[DraftId, dict[str, JsonValue]]]:
    """Return the open drafts of a person, oldest first."""
    rows = await tx.rows(
        sa.select(drafts.c.id, drafts.c.data)
        .where(drafts.c.staff_id == staff_id, drafts.c.kind == kind, drafts.c.closed_at.is_(None))
        .order_by(drafts.c.id)
    )
    return [(DraftId(row["id"]), dict(row["data"])) for row in rows]


async def update_draft(
    tx: Transaction,
    draft_id: DraftId,
    *,
    data: Mapping[str, JsonValue] | None = None,
    closed_at: datetime | None = None,
) -> None:
    """Change a draft, or close it."""
    values: dict[str, object] = {}
    if data is not None:
        values["data"] = data
    if closed_at is not None:
        values["closed_at"] = closed_at
    await tx.run(sa.update(drafts).where(drafts.c.id == draft_id).values(**values))
