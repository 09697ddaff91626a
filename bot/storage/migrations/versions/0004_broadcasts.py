"""What goes to many: films, events, broadcasts, and by what their readers are chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "films",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("theme", sa.String(32), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_films")),
        sa.UniqueConstraint("code", name=op.f("uq_films_code")),
    )
    op.create_table(
        "events",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_events_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_table(
        "film_versions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("film_id", BigId, nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=False),
        sa.Column("health", sa.String(32), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_film_versions_film_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_film_versions")),
        sa.UniqueConstraint("film_id", "language", name=op.f("uq_film_versions_film_id_language")),
    )
    op.create_table(
        "event_sessions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("local_time", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_event_sessions_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sessions")),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_event_sessions_event_id_number")),
    )
    op.create_index("ix_event_sessions_starts_at", "event_sessions", ["starts_at"], unique=False)

    op.create_table(
        "sign_ups",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("session", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sign_ups_client_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_sign_ups_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("event_id", "client_id", name=op.f("uq_sign_ups_event_id_client_id")),
    )
    op.create_index("ix_sign_ups_client_id", "sign_ups", ["client_id"], unique=False)

    op.create_table(
        "broadcasts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("film_id", BigId, nullable=True),
        sa.Column("event_id", BigId, nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("approver_id", BigId, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("clock", sa.Time(), nullable=True),
        sa.Column("repeat", sa.String(32), nullable=False),
        sa.Column("series_id", BigId, nullable=True),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cut_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listed_to", BigId, nullable=False),
        sa.Column("progress_outbox_id", BigId, nullable=True),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["staff.id"], name=op.f("fk_broadcasts_approver_id")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_broadcasts_author_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_broadcasts_event_id")),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_broadcasts_film_id")),
        sa.ForeignKeyConstraint(
            ["progress_outbox_id"], ["outbox.id"], name=op.f("fk_broadcasts_progress_outbox_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["broadcasts.id"], name=op.f("fk_broadcasts_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint(
            "series_id", "occurrence", name=op.f("uq_broadcasts_series_id_occurrence")
        ),
    )
    op.create_index("ix_broadcasts_state", "broadcasts", ["state", "starts_at"], unique=False)

    op.create_table(
        "event_reminders",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("session_id", BigId, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("outbox_id", BigId, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_event_reminders_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_event_reminders_outbox_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["event_sessions.id"], name=op.f("fk_event_reminders_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_reminders")),
        sa.UniqueConstraint(
            "session_id", "client_id", name=op.f("uq_event_reminders_session_id_client_id")
        ),
    )
    op.create_table(
        "broadcast_texts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", BigId, nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("engine", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", BigId, nullable=True),
        sa.Column("approved_by", BigId, nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["staff.id"], name=op.f("fk_broadcast_texts_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_texts_broadcast_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["staff.id"], name=op.f("fk_broadcast_texts_written_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_texts")),
        sa.UniqueConstraint(
            "broadcast_id", "language", name=op.f("uq_broadcast_texts_broadcast_id_language")
        ),
    )
    op.create_index(
        "ix_broadcast_texts_state", "broadcast_texts", ["state", "not_before"], unique=False
    )

    op.create_table(
        "deliveries",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", BigId, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("film_id", BigId, nullable=True),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("shown", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcasts.id"], name=op.f("fk_deliveries_broadcast_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_deliveries_client_id")
        ),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_deliveries_film_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "broadcast_id", "client_id", name=op.f("uq_deliveries_broadcast_id_client_id")
        ),
    )
    op.create_index(
        "ix_deliveries_client_id", "deliveries", ["client_id", "film_id"], unique=False
    )
    op.create_index(
        "ix_deliveries_state", "deliveries", ["broadcast_id", "state", "id"], unique=False
    )

    op.add_column("clients", sa.Column("municipality", sa.String(length=80), nullable=True))
    op.add_column("clients", sa.Column("step", sa.SmallInteger(), nullable=True))
    op.add_column("clients", sa.Column("client_group", sa.String(32), nullable=True))
    op.add_column("clients", sa.Column("programme", sa.String(length=80), nullable=True))
    op.add_column("clients", sa.Column("other_languages", sa.JSON(), nullable=True))
    op.add_column(
        "clients", sa.Column("films_opted_out_at", sa.DateTime(timezone=True), nullable=True)
    )

    op.add_column("outbox", sa.Column("delivery_id", BigId, nullable=True))
    op.create_index(
        "ix_outbox_delivery",
        "outbox",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
        postgresql_where=sa.text("delivery_id IS NOT NULL"),
    )
