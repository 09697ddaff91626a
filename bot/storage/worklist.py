"""The werkbak: what is open with somebody, in lines and pages, and what ends it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.ids import ClientId, EmployerId, MessageId, StaffId, TaskId
from bot.domain.languages import DUTCH
from bot.domain.messages import MessageKind, TranslationState
from bot.domain.worklist import TaskKind
from bot.storage.care_schema import employers
from bot.storage.database import Transaction
from bot.storage.fixed import Fixed
from bot.storage.schema import assignments, clients, messages, staff, tasks, translations

_OPEN = tasks.c.done_at.is_(None)
_NOTICE = "notice"
"""Words kept for a colleague without a chat: brought as soon as there is one, so no task."""


@dataclass(frozen=True, slots=True)
class Line:
    """A task in somebody's list; all open messages of one client are one line.

    `task_id` and `about_id` are of the newest message, `since` is when the oldest came.
    """

    task_id: TaskId
    kind: str
    key: str
    client_id: ClientId | None
    staff_id: StaffId
    about_id: int | None
    count: int
    level: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a line is about, and who coaches her."""

    client_id: ClientId
    code: str
    name: str
    coach_id: StaffId | None
    coach: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a client wrote, and the Dutch of it if there is one."""

    kind: MessageKind
    text: str
    dutch: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """How much is open with a colleague."""

    name: str
    count: int
    since: datetime


# --- tasks about messages --------------------------------------------------------------------

# On every message's trip, so worked out once.
_INSERT_MESSAGE_TASK = Fixed(sa.insert(tasks).values(kind=TaskKind.MESSAGE.value, level=0))
_CLOSE_MESSAGES = Fixed(
    sa.update(tasks)
    .where(
        tasks.c.client_id == sa.bindparam("client"),
        tasks.c.kind == sa.literal_column(f"'{TaskKind.MESSAGE.value}'"),
        _OPEN,
    )
    .values(done_at=sa.bindparam("at", type_=tasks.c.done_at.type))
)


async def insert_message_task(
    tx: Transaction,
    message_id: MessageId,
    *,
    client_id: ClientId,
    staff_id: StaffId,
    now: datetime,
) -> None:
    """Give a coach the task to answer a message that was kept in this transaction."""
    await tx.change(
        _INSERT_MESSAGE_TASK,
        key=message_key(message_id),
        client_id=client_id,
        staff_id=staff_id,
        about_id=message_id,
        created_at=now,
    )


def message_key(message_id: MessageId) -> str:
    """Return the key of the task to answer a message."""
    return f"{TaskKind.MESSAGE}:{message_id}"


async def close_message_tasks(tx: Transaction, client_id: ClientId, *, now: datetime) -> int:
    """Mark what a client wrote as answered; returns how many messages that were."""
    return await tx.change(_CLOSE_MESSAGES, client=client_id, at=now)


# --- somebody's tasks ------------------------------------------------------------------------


def _is_message() -> sa.ColumnElement[bool]:
    return tasks.c.kind == TaskKind.MESSAGE.value


def _group() -> sa.ColumnElement[int]:
    """Return what the tasks of one line have in common: messages of a client are one line."""
    return sa.case((_is_message(), sa.literal_column("0")), else_=tasks.c.id)


def _mine(staff_ids: Collection[StaffId]) -> tuple[sa.ColumnElement[bool], ...]:
    return (tasks.c.staff_id.in_(staff_ids), _OPEN, tasks.c.kind != _NOTICE)


def _grouped(*where: sa.ColumnElement[bool]) -> sa.Select[int, int, int, datetime]:
    return (
        sa.select(
            sa.func.max(tasks.c.id).label("task_id"),
            sa.func.count().label("count"),
            sa.func.max(tasks.c.level).label("level"),
            sa.func.min(tasks.c.created_at).label("since"),
        )
        .where(*where)
        .group_by(tasks.c.staff_id, tasks.c.client_id, _group())
    )


def _lines(grouped: sa.Subquery) -> sa.Select[tuple[object, ...]]:
    """Return the lines of groups of tasks: most escalated first, then the oldest."""
    return (
        sa.select(
            grouped,
            tasks.c.kind,
            tasks.c.key,
            tasks.c.client_id,
            tasks.c.staff_id,
            tasks.c.about_id,
        )
        .join(grouped, grouped.c.task_id == tasks.c.id)
        .order_by(grouped.c.level.desc(), grouped.c.since, grouped.c.task_id)
    )


async def count_lines(tx: Transaction, staff_ids: Collection[StaffId]) -> int:
    """Return how many lines the list of these people together has."""
    groups = _grouped(*_mine(staff_ids)).subquery()
    return await tx.number(sa.select(sa.func.count()).select_from(groups))


async def list_lines(
    tx: Transaction, staff_ids: Collection[StaffId], *, limit: int, offset: int
) -> list[Line]:
    """Return a page of what is open with these people: most escalated first, then the oldest."""
    page = (
        _grouped(*_mine(staff_ids))
        .order_by(
            sa.func.max(tasks.c.level).desc(),
            sa.func.min(tasks.c.created_at),
            sa.func.max(tasks.c.id),
        )
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    return [Line(**row) for row in await tx.rows(_lines(page))]


async def find_line(tx: Transaction, task_id: TaskId) -> Line | None:
    """Return the line of a task as it stands now; None when the task is done or never was."""
    task = await tx.row(
        sa.select(tasks.c.kind, tasks.c.client_id, tasks.c.staff_id).where(
            tasks.c.id == task_id, _OPEN, tasks.c.kind != _NOTICE
        )
    )
    if task is None:
        return None
    where: tuple[sa.ColumnElement[bool], ...] = (tasks.c.id == task_id,)
    if task["kind"] == TaskKind.MESSAGE:
        where = (
            tasks.c.client_id == task["client_id"],
            tasks.c.staff_id == task["staff_id"],
            _is_message(),
            _OPEN,
        )
    row = await tx.row(_lines(_grouped(*where).subquery()))
    return Line(**row) if row else None


async def find_owner(tx: Transaction, task_id: TaskId) -> StaffId | None:
    """Return whose task it is or was; None when there is no such task."""
    row = await tx.row(
        sa.select(tasks.c.staff_id).where(tasks.c.id == task_id, tasks.c.kind != _NOTICE)
    )
    return row["staff_id"] if row else None


async def find_task(tx: Transaction, key: str) -> TaskId | None:
    """Return the task with this key, done or not."""
    row = await tx.row(sa.select(tasks.c.id).where(tasks.c.key == key))
    return row["id"] if row else None


async def close_line(tx: Transaction, line: Line, task_id: TaskId, *, now: datetime) -> bool:
    """Mark a line done as far as it was seen, up to this task; False when it was done before."""
    query = sa.update(tasks).where(_OPEN)
    if line.kind == TaskKind.MESSAGE:
        query = query.where(
            tasks.c.client_id == line.client_id,
            tasks.c.staff_id == line.staff_id,
            _is_message(),
            tasks.c.id <= task_id,
        )
    else:
        query = query.where(tasks.c.id == task_id)
    return (await tx.run(query.values(done_at=now))).rowcount > 0


async def list_subjects(
    tx: Transaction, client_ids: Collection[ClientId]
) -> dict[ClientId, Subject]:
    """Return what a line says of each of these clients."""
    rows = await tx.rows(
        sa.select(
            clients.c.id.label("client_id"),
            clients.c.code,
            clients.c.name,
            assignments.c.coach_id,
            staff.c.name.label("coach"),
        )
        .join(
            assignments,
            sa.and_(assignments.c.client_id == clients.c.id, assignments.c.ends_at.is_(None)),
            isouter=True,
        )
        .join(staff, staff.c.id == assignments.c.coach_id, isouter=True)
        .where(clients.c.id.in_(client_ids))
    )
    return {row["client_id"]: Subject(**row) for row in rows}


async def list_companies(
    tx: Transaction, employer_ids: Collection[EmployerId]
) -> dict[EmployerId, str]:
    """Return the names of companies."""
    rows = await tx.rows(
        sa.select(employers.c.id, employers.c.name).where(employers.c.id.in_(employer_ids))
    )
    return {row["id"]: row["name"] for row in rows}


async def list_said(tx: Transaction, line: Line, *, limit: int) -> list[Said]:
    """Return what the last messages of a line say, oldest first."""
    rows = await tx.rows(
        sa.select(messages.c.kind, messages.c.text, translations.c.text.label("dutch"))
        .select_from(tasks)
        .join(messages, messages.c.id == tasks.c.about_id)
        .join(
            translations,
            sa.and_(
                translations.c.message_id == messages.c.id,
                translations.c.target == DUTCH,
                translations.c.state == TranslationState.DONE,
            ),
            isouter=True,
        )
        .where(
            tasks.c.client_id == line.client_id,
            tasks.c.staff_id == line.staff_id,
            _is_message(),
            _OPEN,
        )
        .order_by(tasks.c.id.desc())
        .limit(limit)
    )
    return [Said(**row) for row in reversed(rows)]


async def list_kinds(tx: Transaction, client_id: ClientId) -> dict[str, int]:
    """Return how many tasks about a client are open, by kind."""
    rows = await tx.rows(
        sa.select(tasks.c.kind, sa.func.count().label("number"))
        .where(tasks.c.client_id == client_id, _OPEN, tasks.c.kind != _NOTICE)
        .group_by(tasks.c.kind)
        .order_by(tasks.c.kind)
    )
    return {row["kind"]: row["number"] for row in rows}


async def count_loads(tx: Transaction) -> int:
    """Return how many colleagues have something open."""
    return await tx.number(
        sa.select(sa.func.count(tasks.c.staff_id.distinct())).where(_OPEN, tasks.c.kind != _NOTICE)
    )


async def list_loads(tx: Transaction, *, limit: int, offset: int) -> list[Load]:
    """Return how much is open with each colleague, by name: it is no ranking."""
    each = (
        sa.select(
            tasks.c.staff_id,
            sa.func.count().label("count"),
            sa.func.min(tasks.c.created_at).label("since"),
        )
        .where(_OPEN, tasks.c.kind != _NOTICE)
        .group_by(tasks.c.staff_id)
        .subquery()
    )
    rows = await tx.rows(
        sa.select(staff.c.name, each.c.count, each.c.since)
        .join(each, each.c.staff_id == staff.c.id)
        .order_by(staff.c.name, staff.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [Load(**row) for row in rows]
