"""The tables of people, conversation, appointments and delivery.

Times are aware UTC; wall-clock promises are kept beside them.
"""

import sqlalchemy as sa

from bot.domain.appointments import (
    AppointmentKind,
    AppointmentState,
    ReminderKind,
    ReminderState,
)
from bot.domain.broadcasts import ClientGroup
from bot.domain.delivery import InboxState, OutboxKind, OutboxState, Priority
from bot.domain.messages import Direction, MessageKind, TranslationState
from bot.domain.people import ClientStatus, LinkState, Step
from bot.storage.columns import BigId, Rank, Word, id_column, instant, metadata, ref

__all__ = ["metadata"]

staff = sa.Table(
    "staff",
    metadata,
    id_column(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    instant("created_at"),
)

clients = sa.Table(
    "clients",
    metadata,
    id_column(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("status", Word(ClientStatus), nullable=False),
    sa.Column("discreet", sa.Boolean, nullable=False),
    sa.Column("check_in", sa.Boolean, nullable=False, server_default=sa.text("false")),
    # On which day somebody began to work or learn, from which the aftercare is counted.
    sa.Column("work_began_on", sa.Date),
    # By what broadcasts choose their readers; each may be unknown.
    sa.Column("municipality", sa.String(80)),
    sa.Column("step", sa.SmallInteger),
    sa.Column("client_group", Word(ClientGroup)),
    sa.Column("programme", sa.String(80)),
    # What she reads besides her own language, the best first.
    sa.Column("other_languages", sa.JSON),
    instant("films_opted_out_at", nullable=True),
    instant("created_at"),
)

assignments = sa.Table(
    "assignments",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    ref("coach_id", "staff"),
    instant("starts_at"),
    instant("ends_at", nullable=True),
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
    id_column(),
    ref("client_id", "clients", nullable=True),
    ref("staff_id", "staff", nullable=True),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("state", Word(LinkState), nullable=False),
    sa.Column("step", Word(Step), nullable=False),
    instant("notice_acknowledged_at", nullable=True),
    instant("created_at"),
    instant("ended_at", nullable=True),
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
    id_column(),
    ref("client_id", "clients", nullable=True),
    ref("staff_id", "staff", nullable=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    sa.Column("used_chat_id", sa.BigInteger),
    instant("revoked_at", nullable=True),
    sa.CheckConstraint("(client_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
)

messages = sa.Table(
    "messages",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    ref("staff_id", "staff"),
    sa.Column("direction", Word(Direction), nullable=False),
    sa.Column("kind", Word(MessageKind), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(16)),
    sa.Column("media", sa.JSON),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("telegram_message_id", sa.BigInteger, nullable=False),
    ref("edits_message_id", "messages", nullable=True),
    instant("created_at"),
    sa.Index("ix_messages_chat", "chat_id", "telegram_message_id"),
    sa.Index("ix_messages_client", "client_id", "created_at"),
    sa.Index("ix_messages_staff", "staff_id"),
)

translations = sa.Table(
    "translations",
    metadata,
    id_column(),
    ref("message_id", "messages"),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("state", Word(TranslationState), nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("engine", sa.String(40)),
    sa.Column("reason", sa.String(40)),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    instant("created_at"),
    instant("deadline_at"),
    instant("not_before"),
    instant("finished_at", nullable=True),
    sa.UniqueConstraint("message_id", "target"),
    sa.Index("ix_translations_state", "state", "not_before"),
)

appointments = sa.Table(
    "appointments",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    ref("staff_id", "staff"),
    sa.Column("kind", Word(AppointmentKind), nullable=False),
    sa.Column("local_date", sa.Date, nullable=False),
    sa.Column("local_time", sa.Time, nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    instant("starts_at"),
    sa.Column("duration_minutes", sa.Integer, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("state", Word(AppointmentState), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    instant("created_at"),
    instant("changed_at"),
    sa.Index("ix_appointments_client", "client_id", "starts_at"),
    sa.Index("ix_appointments_staff", "staff_id", "starts_at"),
    # Which have just ended is asked all day long.
    sa.Index("ix_appointments_starts_at", "starts_at"),
)

reminders = sa.Table(
    "reminders",
    metadata,
    id_column(),
    ref("appointment_id", "appointments"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", Word(ReminderKind), nullable=False),
    instant("due_at"),
    sa.Column("state", Word(ReminderState), nullable=False),
    sa.UniqueConstraint("appointment_id", "revision", "kind"),
    sa.Index("ix_reminders_state", "state", "due_at"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    id_column(),
    sa.Column("bot_id", sa.BigInteger, nullable=False),
    sa.Column("update_id", sa.BigInteger, nullable=False),
    sa.Column("lane", sa.BigInteger, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("state", Word(InboxState), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.String(300)),
    instant("received_at"),
    instant("not_before"),
    instant("finished_at", nullable=True),
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
    id_column(),
    sa.Column("lane", sa.String(80), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("kind", Word(OutboxKind), nullable=False),
    sa.Column("priority", Rank(Priority), nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("frame", sa.String(40)),
    ref("client_id", "clients", nullable=True),
    ref("message_id", "messages", nullable=True),
    ref("translation_id", "translations", nullable=True),
    ref("appointment_id", "appointments", nullable=True),
    sa.Column("appointment_revision", sa.Integer),
    # Which delivery of a broadcast it is; no foreign key, as broadcasts name their progress here.
    sa.Column("delivery_id", BigId),
    ref("edits_outbox_id", "outbox", nullable=True),
    sa.Column("state", Word(OutboxState), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("doubts", sa.Integer, nullable=False),
    instant("not_before"),
    instant("valid_until", nullable=True),
    instant("created_at"),
    instant("finished_at", nullable=True),
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
    sa.Index(
        "ix_outbox_delivery",
        "delivery_id",
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    ),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    instant("taken_at"),
    instant("until_at"),
)

drafts = sa.Table(
    "drafts",
    metadata,
    id_column(),
    ref("staff_id", "staff"),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    instant("created_at"),
    instant("closed_at", nullable=True),
)

tasks = sa.Table(
    "tasks",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    ref("client_id", "clients", nullable=True),
    ref("staff_id", "staff", nullable=True),
    sa.Column("words", sa.Text),
    # What it is about beside the client: a message, a plan, a company, by the kind of task.
    sa.Column("about_id", BigId),
    sa.Column("level", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    instant("created_at"),
    instant("told_at", nullable=True),
    instant("done_at", nullable=True),
    sa.Index("ix_tasks_staff", "staff_id", "told_at"),
    sa.Index(
        "ix_tasks_open_staff",
        "staff_id",
        "created_at",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    ),
    sa.Index(
        "ix_tasks_open_client",
        "client_id",
        "kind",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    ),
)

taps = sa.Table(
    "taps",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    instant("at"),
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    id_column(),
    instant("at"),
    sa.Column("actor", sa.String(60), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("object", sa.String(60), nullable=False),
)
