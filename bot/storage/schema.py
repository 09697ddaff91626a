"""Every table, in one place. Times are aware UTC; wall-clock promises are kept beside them."""

from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.domain.appointments import (
    AppointmentKind,
    AppointmentState,
    ReminderKind,
    ReminderState,
)
from bot.domain.delivery import InboxState, OutboxKind, OutboxState, Priority
from bot.domain.messages import Direction, MessageKind, TranslationState
from bot.domain.people import ClientStatus, LinkState, Step

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

E = TypeVar("E", bound=StrEnum)

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, whatever the engine keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; SQLite keeps UTC without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "A naive time cannot be stored; pass an aware one."
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Word(TypeDecorator[E], Generic[E]):
    """A word from a fixed list, kept as text so that a person can read the table."""

    impl = sa.String(32)
    cache_ok = True
    words: type[E]

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class names it
        """Keep the word itself."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002 - the base class names it
        """Give back the enum; an unknown word means a newer program wrote it."""
        return None if value is None else self.words(value)


R = TypeVar("R", bound=IntEnum)


class Rank(TypeDecorator[R], Generic[R]):
    """A place in an order, kept as a number so that the database can sort by it."""

    impl = sa.SmallInteger
    cache_ok = True
    ranks: type[R]

    def __init__(self, ranks: type[R]) -> None:
        super().__init__()
        self.ranks = ranks

    def process_bind_param(self, value: R | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the base class names it
        """Keep the number itself."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> R | None:  # noqa: ARG002 - the base class names it
        """Give back the enum."""
        return None if value is None else self.ranks(value)


def _id() -> sa.Column[int]:
    return sa.Column("id", BigId, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, BigId, sa.ForeignKey(f"{target}.id"), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcTime, nullable=nullable)


staff = sa.Table(
    "staff",
    metadata,
    _id(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    _time("created_at"),
)

clients = sa.Table(
    "clients",
    metadata,
    _id(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("status", Word(ClientStatus), nullable=False),
    sa.Column("discreet", sa.Boolean, nullable=False),
    _time("created_at"),
)

assignments = sa.Table(
    "assignments",
    metadata,
    _id(),
    _ref("client_id", "clients"),
    _ref("coach_id", "staff"),
    _time("starts_at"),
    _time("ends_at", nullable=True),
    sa.Index(
        "uq_assignments_current_client",
        "client_id",
        unique=True,
        sqlite_where=sa.text("ends_at IS NULL"),
        postgresql_where=sa.text("ends_at IS NULL"),
    ),
    sa.Index("ix_assignments_coach_id", "coach_id"),
)

_OPEN = sa.text("ended_at IS NULL")

channel_links = sa.Table(
    "channel_links",
    metadata,
    _id(),
    _ref("client_id", "clients", nullable=True),
    _ref("staff_id", "staff", nullable=True),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("state", Word(LinkState), nullable=False),
    sa.Column("step", Word(Step), nullable=False),
    _time("notice_acknowledged_at", nullable=True),
    _time("created_at"),
    _time("ended_at", nullable=True),
    sa.CheckConstraint("(client_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
    *(
        sa.Index(
            f"uq_channel_links_open_{column}",
            column,
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
        for column in ("chat_id", "client_id", "staff_id")
    ),
)

invites = sa.Table(
    "invites",
    metadata,
    _id(),
    _ref("client_id", "clients", nullable=True),
    _ref("staff_id", "staff", nullable=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    _time("created_at"),
    _time("expires_at"),
    _time("used_at", nullable=True),
    sa.Column("used_chat_id", sa.BigInteger),
    _time("revoked_at", nullable=True),
    sa.CheckConstraint("(client_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
)

messages = sa.Table(
    "messages",
    metadata,
    _id(),
    _ref("client_id", "clients"),
    _ref("staff_id", "staff"),
    sa.Column("direction", Word(Direction), nullable=False),
    sa.Column("kind", Word(MessageKind), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(16)),
    sa.Column("media", sa.JSON),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("telegram_message_id", sa.BigInteger, nullable=False),
    _ref("edits_message_id", "messages", nullable=True),
    _time("created_at"),
    sa.Index("ix_messages_chat", "chat_id", "telegram_message_id"),
    sa.Index("ix_messages_client", "client_id", "created_at"),
    sa.Index("ix_messages_staff", "staff_id"),
)

translations = sa.Table(
    "translations",
    metadata,
    _id(),
    _ref("message_id", "messages"),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("state", Word(TranslationState), nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("engine", sa.String(40)),
    sa.Column("reason", sa.String(40)),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    _time("created_at"),
    _time("deadline_at"),
    _time("not_before"),
    _time("finished_at", nullable=True),
    sa.UniqueConstraint("message_id", "target"),
    sa.Index("ix_translations_state", "state", "not_before"),
)

appointments = sa.Table(
    "appointments",
    metadata,
    _id(),
    _ref("client_id", "clients"),
    _ref("staff_id", "staff"),
    sa.Column("kind", Word(AppointmentKind), nullable=False),
    sa.Column("local_date", sa.Date, nullable=False),
    sa.Column("local_time", sa.Time, nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    _time("starts_at"),
    sa.Column("duration_minutes", sa.Integer, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("state", Word(AppointmentState), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    _time("created_at"),
    _time("changed_at"),
    sa.Index("ix_appointments_client", "client_id", "starts_at"),
    sa.Index("ix_appointments_staff", "staff_id", "starts_at"),
)

reminders = sa.Table(
    "reminders",
    metadata,
    _id(),
    _ref("appointment_id", "appointments"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", Word(ReminderKind), nullable=False),
    _time("due_at"),
    sa.Column("state", Word(ReminderState), nullable=False),
    sa.UniqueConstraint("appointment_id", "revision", "kind"),
    sa.Index("ix_reminders_state", "state", "due_at"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    sa.Column("bot_id", sa.BigInteger, nullable=False),
    sa.Column("update_id", sa.BigInteger, nullable=False),
    sa.Column("lane", sa.BigInteger, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("state", Word(InboxState), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.String(300)),
    _time("received_at"),
    _time("not_before"),
    _time("finished_at", nullable=True),
    sa.UniqueConstraint("bot_id", "update_id"),
    sa.Index("ix_inbox_state", "state", "lane", "id"),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("bot_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("next_update_id", sa.BigInteger, nullable=False),
)

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("lane", sa.String(80), primary_key=True),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    sa.Column("lane", sa.String(80), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("kind", Word(OutboxKind), nullable=False),
    sa.Column("priority", Rank(Priority), nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("frame", sa.String(40)),
    _ref("client_id", "clients", nullable=True),
    _ref("message_id", "messages", nullable=True),
    _ref("translation_id", "translations", nullable=True),
    _ref("appointment_id", "appointments", nullable=True),
    sa.Column("appointment_revision", sa.Integer),
    _ref("edits_outbox_id", "outbox", nullable=True),
    sa.Column("state", Word(OutboxState), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("doubts", sa.Integer, nullable=False),
    _time("not_before"),
    _time("valid_until", nullable=True),
    _time("created_at"),
    _time("finished_at", nullable=True),
    sa.Column("telegram_message_id", sa.BigInteger),
    sa.Column("error", sa.String(300)),
    sa.UniqueConstraint("lane", "seq", "part"),
    # What may go now is asked for each priority apart, so that a long queue is never walked.
    sa.Index("ix_outbox_ready", "state", "priority", "not_before", "id"),
    sa.Index("ix_outbox_sent", "chat_id", "telegram_message_id"),
    sa.Index("ix_outbox_translation", "translation_id"),
    # Who stands first in a lane is asked at every claim; the lane's past must not be read for it.
    sa.Index("ix_outbox_lane", "lane", "state", "seq", "part"),
    sa.Index("ix_outbox_message", "message_id"),
    sa.Index("ix_outbox_appointment", "appointment_id"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    _time("taken_at"),
    _time("until_at"),
)

drafts = sa.Table(
    "drafts",
    metadata,
    _id(),
    _ref("staff_id", "staff"),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    _time("created_at"),
    _time("closed_at", nullable=True),
)

tasks = sa.Table(
    "tasks",
    metadata,
    _id(),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    _ref("client_id", "clients", nullable=True),
    _ref("staff_id", "staff", nullable=True),
    sa.Column("words", sa.Text),
    _time("created_at"),
    _time("told_at", nullable=True),
    _time("done_at", nullable=True),
    sa.Index("ix_tasks_staff", "staff_id", "told_at"),
)

taps = sa.Table(
    "taps",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    _time("at"),
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    _id(),
    _time("at"),
    sa.Column("actor", sa.String(60), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("object", sa.String(60), nullable=False),
)
