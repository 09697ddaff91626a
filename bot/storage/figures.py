"""How much waits where, and since when; read so cheaply that it may be asked every few seconds.

What is finished is never read: every question begins with the states that are not.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.domain.appointments import ReminderKind, ReminderState
from bot.domain.delivery import InboxState, OutboxKind, OutboxState, Priority
from bot.domain.messages import TranslationState
from bot.storage.database import Transaction
from bot.storage.schema import inbox, outbox, reminders, translations

UNFINISHED = (
    OutboxState.WAITING,
    OutboxState.HELD,
    OutboxState.QUEUED,
    OutboxState.CLAIMED,
    OutboxState.SENDING,
    OutboxState.UNCERTAIN,
)
"""The states of a call in which it still has a way to go, or a person has to look at it."""

_IN_THE_WAY = (
    OutboxState.WAITING,
    OutboxState.QUEUED,
    OutboxState.CLAIMED,
    OutboxState.SENDING,
)


@dataclass(frozen=True, slots=True)
class Calls:
    """Outgoing calls of a kind in a state; `due` are those whose time has come."""

    kind: OutboxKind
    state: OutboxState
    due: bool
    length: int
    oldest_at: datetime
    """When the time of the oldest came, or will come."""


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates in a state, and when the oldest came in."""

    state: InboxState
    length: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Overdue:
    """Reminders of a kind that should have been queued, and when the oldest was due."""

    kind: ReminderKind
    length: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that waits; `oldest_due` is the call of each priority that waits longest."""

    calls: tuple[Calls, ...]
    oldest_due: tuple[tuple[OutboxKind, datetime], ...]
    updates: tuple[Updates, ...]
    reminders: tuple[Overdue, ...]
    translations: int
    oldest_translation_at: datetime | None


async def read(tx: Transaction, now: datetime) -> Figures:
    """Return what waits at this moment."""
    calls = [
        *await tx.rows(_conversations(now)),
        *(row for row in await tx.rows(_broadcasts(now)) if row["length"]),
    ]
    oldest = await tx.rows(_oldest_due(now))
    pending = await tx.row(_PENDING)
    return Figures(
        calls=tuple(
            Calls(row["kind"], row["state"], not row["later"], row["length"], row["oldest_at"])
            for row in calls
        ),
        oldest_due=tuple((row["kind"], row["not_before"]) for row in oldest),
        updates=tuple(
            Updates(row["state"], row["length"], row["oldest_at"])
            for row in await tx.rows(_UPDATES)
        ),
        reminders=tuple(
            Overdue(row["kind"], row["length"], row["oldest_at"])
            for row in await tx.rows(_overdue(now))
        ),
        translations=pending["length"] if pending else 0,
        oldest_translation_at=pending["oldest_at"] if pending else None,
    )


def _conversations(now: datetime) -> sa.Select[tuple[object, ...]]:
    """Ask for everything but broadcasts, of which few wait at a time."""
    later = sa.case((outbox.c.not_before > now, 1), else_=0).label("later")
    return (
        sa.select(
            outbox.c.kind,
            outbox.c.state,
            later,
            sa.func.count().label("length"),
            sa.func.min(outbox.c.not_before).label("oldest_at"),
        )
        .where(outbox.c.state.in_(UNFINISHED), outbox.c.priority < Priority.BROADCAST)
        .group_by(outbox.c.kind, outbox.c.state, later)
        .order_by(outbox.c.kind, outbox.c.state, later)
    )


def _broadcasts(now: datetime) -> sa.CompoundSelect[tuple[object, ...]]:
    """Ask for broadcasts, of which a hundred thousand may wait: from the index alone."""
    kind = sa.literal(OutboxKind.BROADCAST, outbox.c.kind.type).label("kind")
    of_priority = outbox.c.priority == Priority.BROADCAST
    return sa.union_all(
        *(
            sa.select(
                kind,
                sa.literal(state, outbox.c.state.type).label("state"),
                sa.literal(later).label("later"),
                sa.func.count().label("length"),
                sa.func.min(outbox.c.not_before).label("oldest_at"),
            ).where(outbox.c.state == state, of_priority, when)
            for state in UNFINISHED
            for later, when in ((0, outbox.c.not_before <= now), (1, outbox.c.not_before > now))
        )
    )


def _oldest_due(now: datetime) -> sa.CompoundSelect[tuple[object, ...]]:
    """Ask for the call of each priority that could have gone out longest ago.

    One that stands behind another in its lane, which may wait for the end of the quiet hours,
    is not late: it is asked for when it is the first.
    """
    return sa.union_all(*(_oldest_due_of(priority, now) for priority in Priority))


def _oldest_due_of(priority: Priority, now: datetime) -> sa.Select[tuple[object, ...]]:
    earlier = outbox.alias(f"earlier_{priority.value}")
    behind = sa.exists().where(
        earlier.c.lane == outbox.c.lane,
        earlier.c.state.in_(_IN_THE_WAY),
        sa.or_(
            earlier.c.seq < outbox.c.seq,
            sa.and_(earlier.c.seq == outbox.c.seq, earlier.c.part < outbox.c.part),
        ),
    )
    first = (
        sa.select(outbox.c.kind, outbox.c.not_before)
        .where(
            outbox.c.state == OutboxState.QUEUED,
            outbox.c.priority == priority,
            outbox.c.not_before <= now,
            ~behind,
        )
        .order_by(outbox.c.not_before, outbox.c.id)
        .limit(1)
        .subquery(f"oldest_{priority.value}")
    )
    return sa.select(first.c.kind, first.c.not_before)


_UPDATES = (
    sa.select(
        inbox.c.state,
        sa.func.count().label("length"),
        sa.func.min(inbox.c.received_at).label("oldest_at"),
    )
    .where(inbox.c.state.in_((InboxState.NEW, InboxState.QUARANTINED)))
    .group_by(inbox.c.state)
    .order_by(inbox.c.state)
)

_PENDING = sa.select(
    sa.func.count().label("length"),
    sa.func.min(translations.c.created_at).label("oldest_at"),
).where(translations.c.state == TranslationState.PENDING)


def _overdue(now: datetime) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(
            reminders.c.kind,
            sa.func.count().label("length"),
            sa.func.min(reminders.c.due_at).label("oldest_at"),
        )
        .where(reminders.c.state == ReminderState.PLANNED, reminders.c.due_at <= now)
        .group_by(reminders.c.kind)
        .order_by(reminders.c.kind)
    )
