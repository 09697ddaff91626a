"""Work that a person must do, half-finished drafts of staff, and the trail of who did what."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from bot.domain.delivery import JsonValue
from bot.domain.ids import ClientId, DraftId, StaffId, TaskId
from bot.storage.database import Transaction
from bot.storage.schema import audit_events, drafts, taps, tasks


async def insert_task(
    tx: Transaction,
    *,
    kind: str,
    key: str,
    client_id: ClientId | None,
    staff_id: StaffId | None,
    now: datetime,
    words: str | None = None,
) -> bool:
    """Give somebody a task, once for each key; tells whether it is new.

    `words` is what the person is still to be told, once there is a chat for it.
    """
    return await tx.insert_if_new(
        tasks,
        ("key",),
        kind=kind,
        key=key,
        client_id=client_id,
        staff_id=staff_id,
        words=words,
        created_at=now,
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
