"""The tables of what goes to many: films, events, broadcasts and what became of each for whom.

Days are wall-clock days of the organisation; instants are aware UTC.
"""

import sqlalchemy as sa

from bot.domain.broadcasts import BroadcastKind, BroadcastState, DeliveryState, Repeat
from bot.domain.events import EventKind, EventMode, EventState, SignUpState
from bot.domain.films import LinkHealth, Theme
from bot.storage import care_schema
from bot.storage.columns import BigId, Word, id_column, instant, metadata, ref

__all__ = ["care_schema", "metadata"]

films = sa.Table(
    "films",
    metadata,
    id_column(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("theme", Word(Theme), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("valid_until", sa.Date),
    instant("created_at"),
    instant("withdrawn_at", nullable=True),
)

film_versions = sa.Table(
    "film_versions",
    metadata,
    id_column(),
    ref("film_id", "films"),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("link", sa.String(500), nullable=False),
    sa.Column("health", Word(LinkHealth), nullable=False),
    instant("checked_at", nullable=True),
    sa.UniqueConstraint("film_id", "language"),
)

events = sa.Table(
    "events",
    metadata,
    id_column(),
    sa.Column("kind", Word(EventKind), nullable=False),
    sa.Column("name", sa.String(80)),
    sa.Column("mode", Word(EventMode), nullable=False),
    sa.Column("state", Word(EventState), nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("capacity", sa.Integer),
    ref("author_id", "staff"),
    instant("created_at"),
    instant("cancelled_at", nullable=True),
)

event_sessions = sa.Table(
    "event_sessions",
    metadata,
    id_column(),
    ref("event_id", "events"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("local_date", sa.Date, nullable=False),
    sa.Column("local_time", sa.Time, nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    instant("starts_at"),
    sa.Column("duration_minutes", sa.Integer, nullable=False),
    sa.Column("capacity", sa.Integer),
    sa.UniqueConstraint("event_id", "number"),
    sa.Index("ix_event_sessions_starts_at", "starts_at"),
)

sign_ups = sa.Table(
    "sign_ups",
    metadata,
    id_column(),
    ref("event_id", "events"),
    ref("client_id", "clients"),
    sa.Column("state", Word(SignUpState), nullable=False),
    # The number of the time she chose.
    sa.Column("session", sa.Integer),
    instant("asked_at"),
    instant("changed_at"),
    sa.UniqueConstraint("event_id", "client_id"),
    sa.Index("ix_sign_ups_client_id", "client_id"),
)

# One reminder a person a time, whatever happens in between.
event_reminders = sa.Table(
    "event_reminders",
    metadata,
    id_column(),
    ref("session_id", "event_sessions"),
    ref("client_id", "clients"),
    ref("outbox_id", "outbox", nullable=True),
    instant("created_at"),
    sa.UniqueConstraint("session_id", "client_id"),
)

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    id_column(),
    sa.Column("kind", Word(BroadcastKind), nullable=False),
    sa.Column("state", Word(BroadcastState), nullable=False),
    ref("film_id", "films", nullable=True),
    ref("event_id", "events", nullable=True),
    sa.Column("text", sa.Text),
    sa.Column("audience", sa.JSON, nullable=False),
    ref("author_id", "staff"),
    ref("approver_id", "staff", nullable=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("first_day", sa.Date),
    sa.Column("clock", sa.Time),
    sa.Column("repeat", Word(Repeat), nullable=False),
    ref("series_id", "broadcasts", nullable=True),
    sa.Column("occurrence", sa.Integer, nullable=False),
    instant("starts_at", nullable=True),
    instant("cut_off_at", nullable=True),
    instant("begun_at", nullable=True),
    instant("finished_at", nullable=True),
    sa.Column("listed_to", BigId, nullable=False),
    ref("progress_outbox_id", "outbox", nullable=True),
    instant("progress_at", nullable=True),
    instant("created_at"),
    sa.UniqueConstraint("series_id", "occurrence"),
    sa.Index("ix_broadcasts_state", "state", "starts_at"),
)

broadcast_texts = sa.Table(
    "broadcast_texts",
    metadata,
    id_column(),
    ref("broadcast_id", "broadcasts"),
    sa.Column("language", sa.String(16), nullable=False),
    # pending, ready, failed
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("text", sa.Text),
    # None when a person wrote it.
    sa.Column("engine", sa.String(40)),
    sa.Column("reason", sa.String(40)),
    sa.Column("faults", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    instant("not_before"),
    ref("written_by", "staff", nullable=True),
    ref("approved_by", "staff", nullable=True),
    instant("changed_at"),
    sa.UniqueConstraint("broadcast_id", "language"),
    sa.Index("ix_broadcast_texts_state", "state", "not_before"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    id_column(),
    ref("broadcast_id", "broadcasts"),
    ref("client_id", "clients"),
    ref("film_id", "films", nullable=True),
    sa.Column("language", sa.String(16), nullable=False),
    # The language of what she was, or would have been, sent.
    sa.Column("shown", sa.String(16)),
    sa.Column("state", Word(DeliveryState), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    instant("pressed_at", nullable=True),
    instant("changed_at"),
    sa.UniqueConstraint("broadcast_id", "client_id"),
    sa.Index("ix_deliveries_state", "broadcast_id", "state", "id"),
    sa.Index("ix_deliveries_client_id", "client_id", "film_id"),
)
