"""The rhythm of the work: states with their days, the monthly contact, goals, companies."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "days_done",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_days_done")),
    )
    op.create_table(
        "pictures",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
    )
    op.create_table(
        "absences",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("backup_id", BigId, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["backup_id"], ["staff.id"], name=op.f("fk_absences_backup_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_absences_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_backup_id", "absences", ["backup_id", "last_day"], unique=False)
    op.create_index("ix_absences_staff_id", "absences", ["staff_id", "first_day"], unique=False)
    op.create_table(
        "backups",
        sa.Column("staff_id", BigId, autoincrement=False, nullable=False),
        sa.Column("backup_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["backup_id"], ["staff.id"], name=op.f("fk_backups_backup_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_backups_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_backups")),
    )
    op.create_table(
        "check_ins",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("silent_from", sa.Date(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("how", sa.String(32), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_check_ins_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
        sa.UniqueConstraint("client_id", "month", name=op.f("uq_check_ins_client_id_month")),
    )
    op.create_table(
        "contact_moments",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("theme", sa.String(32), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_contact_moments_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_contact_moments_staff_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["staff.id"], name=op.f("fk_contact_moments_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_moments")),
    )
    op.create_index(
        "ix_contact_moments_client_id", "contact_moments", ["client_id", "day"], unique=False
    )
    op.create_index(
        "uq_contact_moments_client_id_day",
        "contact_moments",
        ["client_id", "day"],
        unique=True,
        sqlite_where=sa.text("counts AND withdrawn_at IS NULL"),
        postgresql_where=sa.text("counts AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "contact_periods",
        sa.Column("client_id", BigId, autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("target", sa.Date(), nullable=True),
        sa.Column("satisfied_on", sa.Date(), nullable=True),
        sa.Column("exclusion", sa.String(32), nullable=True),
        sa.Column("missed_reason", sa.String(32), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_contact_periods_client_id")
        ),
        sa.PrimaryKeyConstraint("client_id", "month", name=op.f("pk_contact_periods")),
    )
    op.create_index(
        "ix_contact_periods_frozen", "contact_periods", ["frozen_at", "month"], unique=False
    )
    op.create_index(
        "ix_contact_periods_month",
        "contact_periods",
        ["month", "state", "target", "client_id"],
        unique=False,
    )
    op.create_table(
        "employers",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sector", sa.String(length=40), nullable=False),
        sa.Column("manager_id", BigId, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["staff.id"], name=op.f("fk_employers_manager_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employers")),
        sa.UniqueConstraint("code", name=op.f("uq_employers_code")),
    )
    op.create_index("ix_employers_manager_id", "employers", ["manager_id"], unique=False)
    op.create_table(
        "involvements",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_involvements_client_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_involvements_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_involvements")),
        sa.UniqueConstraint(
            "client_id", "staff_id", name=op.f("uq_involvements_client_id_staff_id")
        ),
    )
    op.create_index("ix_involvements_staff_id", "involvements", ["staff_id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("lengths", sa.JSON(), nullable=False),
        sa.Column("shifts", sa.JSON(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_plans_client_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_plans_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index(
        "uq_plans_one_client_id",
        "plans",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("ended_on IS NULL"),
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_table(
        "prompts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=60), nullable=False),
        sa.Column("rung", sa.String(length=20), nullable=False),
        sa.Column("hearer", sa.String(length=40), nullable=False),
        sa.Column("client_id", BigId, nullable=True),
        sa.Column("staff_id", BigId, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_prompts_client_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_prompts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompts")),
        sa.UniqueConstraint(
            "kind", "object", "rung", "hearer", name=op.f("uq_prompts_kind_object_rung_hearer")
        ),
    )
    op.create_index("ix_prompts_client_id", "prompts", ["client_id"], unique=False)
    op.create_table(
        "status_spans",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("staff_id", BigId, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_status_spans_client_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_status_spans_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_spans")),
    )
    op.create_index(
        "ix_status_spans_client_id", "status_spans", ["client_id", "first_day"], unique=False
    )
    op.create_index(
        "uq_status_spans_one_client_id",
        "status_spans",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("end_day IS NULL"),
        postgresql_where=sa.text("end_day IS NULL"),
    )
    op.create_table(
        "contact_attempts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("appointment_id", BigId, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_contact_attempts_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_contact_attempts_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_contact_attempts_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attempts")),
        sa.UniqueConstraint("appointment_id", name=op.f("uq_contact_attempts_appointment_id")),
        sa.UniqueConstraint(
            "client_id",
            "day",
            "kind",
            "staff_id",
            name=op.f("uq_contact_attempts_client_id_day_kind_staff_id"),
        ),
    )
    op.create_table(
        "employer_contacts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("employer_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_employer_contacts_employer_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_employer_contacts_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employer_contacts")),
        sa.UniqueConstraint(
            "employer_id", "day", name=op.f("uq_employer_contacts_employer_id_day")
        ),
    )
    op.create_table(
        "employer_periods",
        sa.Column("employer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("target", sa.Date(), nullable=True),
        sa.Column("satisfied_on", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_employer_periods_employer_id")
        ),
        sa.PrimaryKeyConstraint("employer_id", "month", name=op.f("pk_employer_periods")),
    )
    op.create_table(
        "goal_reviews",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("with_client", sa.Boolean(), nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_goal_reviews_plan_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_goal_reviews_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal_reviews")),
        sa.UniqueConstraint("plan_id", "block", name=op.f("uq_goal_reviews_plan_id_block")),
    )
    op.create_table(
        "goals",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("message_id", BigId, nullable=False),
        sa.Column("text", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("instrument", sa.String(32), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("drop_reason", sa.String(32), nullable=True),
        sa.Column("carried_from", BigId, nullable=True),
        sa.Column("carried_count", sa.Integer(), nullable=False),
        sa.Column("view", sa.String(32), nullable=True),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["carried_from"], ["goals.id"], name=op.f("fk_goals_carried_from")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_goals_message_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_goals_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
        sa.UniqueConstraint("carried_from", name=op.f("uq_goals_carried_from")),
    )
    op.create_index("ix_goals_message_id", "goals", ["message_id"], unique=False)
    op.create_index("ix_goals_plan_id", "goals", ["plan_id", "block"], unique=False)
    op.create_table(
        "milestones",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("plan_id", BigId, nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_milestones_plan_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_milestones_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
        sa.UniqueConstraint("plan_id", "key", name=op.f("uq_milestones_plan_id_key")),
    )
    op.create_table(
        "placements",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("employer_id", BigId, nullable=False),
        sa.Column("client_id", BigId, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_placements_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_placements_employer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
        sa.UniqueConstraint(
            "employer_id",
            "client_id",
            "kind",
            "first_day",
            name=op.f("uq_placements_employer_id_client_id_kind_first_day"),
        ),
    )
    op.create_index("ix_placements_client_id", "placements", ["client_id"], unique=False)
    op.create_table(
        "placement_notes",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("contact_id", BigId, nullable=False),
        sa.Column("placement_id", BigId, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["employer_contacts.id"], name=op.f("fk_placement_notes_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placements.id"], name=op.f("fk_placement_notes_placement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement_notes")),
        sa.UniqueConstraint(
            "contact_id", "placement_id", name=op.f("uq_placement_notes_contact_id_placement_id")
        ),
    )
    op.add_column(
        "clients",
        sa.Column("check_in", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("clients", sa.Column("work_began_on", sa.Date(), nullable=True))
    op.create_index("ix_appointments_starts_at", "appointments", ["starts_at"], unique=False)
    op.add_column("tasks", sa.Column("about_id", BigId, nullable=True))
    op.add_column(
        "tasks", sa.Column("level", sa.SmallInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "ix_tasks_open_client",
        "tasks",
        ["client_id", "kind"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_tasks_open_staff",
        "tasks",
        ["staff_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    # Whoever is known already has had her present status since the day she came.
    op.execute(
        "INSERT INTO status_spans (client_id, status, first_day, created_at) "
        "SELECT id, status, DATE(created_at), created_at FROM clients"
    )
