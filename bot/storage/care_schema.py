"""The tables of the rhythm of the work: who is in care, the month, goals, companies, prompts.

Days are wall-clock days of the organisation; instants are aware UTC.
"""

import sqlalchemy as sa

from bot.domain.contacts import AttemptKind, Channel, Theme
from bot.domain.employers import EmployerChannel, PlacementKind, PlacementOutcome
from bot.domain.people import ClientStatus, HoldReason, Role
from bot.domain.periods import Exclusion, MissedReason, PeriodState
from bot.domain.plans import DropReason, GoalCategory, GoalState, GoalView, Instrument, PlanKind
from bot.storage import schema
from bot.storage.columns import BigId, Word, id_column, instant, metadata, ref

__all__ = ["metadata", "schema"]


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date, nullable=nullable)


def _one_open(table: str, column: str, *, where: str) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(
        f"uq_{table}_one_{column}",
        column,
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


absences = sa.Table(
    "absences",
    metadata,
    id_column(),
    ref("staff_id", "staff"),
    _day("first_day"),
    _day("last_day"),
    ref("backup_id", "staff", nullable=True),
    instant("created_at"),
    sa.Index("ix_absences_staff_id", "staff_id", "first_day"),
    sa.Index("ix_absences_backup_id", "backup_id", "last_day"),
)

backups = sa.Table(
    "backups",
    metadata,
    sa.Column(
        "staff_id",
        BigId,
        sa.ForeignKey("staff.id"),
        primary_key=True,
        autoincrement=False,
    ),
    ref("backup_id", "staff"),
)

involvements = sa.Table(
    "involvements",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    ref("staff_id", "staff"),
    instant("created_at"),
    sa.UniqueConstraint("client_id", "staff_id"),
    sa.Index("ix_involvements_staff_id", "staff_id"),
)

status_spans = sa.Table(
    "status_spans",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    sa.Column("status", Word(ClientStatus), nullable=False),
    _day("first_day"),
    _day("end_day", nullable=True),
    sa.Column("reason", Word(HoldReason)),
    _day("review_on", nullable=True),
    ref("staff_id", "staff", nullable=True),
    instant("created_at"),
    sa.Index("ix_status_spans_client_id", "client_id", "first_day"),
    _one_open("status_spans", "client_id", where="end_day IS NULL"),
)

contact_moments = sa.Table(
    "contact_moments",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    _day("day"),
    sa.Column("channel", Word(Channel), nullable=False),
    sa.Column("role", Word(Role), nullable=False),
    ref("staff_id", "staff"),
    sa.Column("theme", Word(Theme)),
    sa.Column("counts", sa.Boolean, nullable=False),
    instant("recorded_at"),
    instant("withdrawn_at", nullable=True),
    ref("withdrawn_by", "staff", nullable=True),
    sa.Index("ix_contact_moments_client_id", "client_id", "day"),
    # Two people who record the same talk at once leave one.
    sa.Index(
        "uq_contact_moments_client_id_day",
        "client_id",
        "day",
        unique=True,
        sqlite_where=sa.text("counts AND withdrawn_at IS NULL"),
        postgresql_where=sa.text("counts AND withdrawn_at IS NULL"),
    ),
)

contact_attempts = sa.Table(
    "contact_attempts",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    _day("day"),
    sa.Column("kind", Word(AttemptKind), nullable=False),
    ref("staff_id", "staff"),
    ref("appointment_id", "appointments", nullable=True),
    instant("recorded_at"),
    sa.UniqueConstraint("appointment_id"),
    sa.UniqueConstraint("client_id", "day", "kind", "staff_id"),
)

contact_periods = sa.Table(
    "contact_periods",
    metadata,
    sa.Column(
        "client_id",
        BigId,
        sa.ForeignKey("clients.id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("state", Word(PeriodState), nullable=False),
    sa.Column("active_days", sa.Integer, nullable=False),
    _day("target", nullable=True),
    _day("satisfied_on", nullable=True),
    sa.Column("exclusion", Word(Exclusion)),
    sa.Column("missed_reason", Word(MissedReason)),
    instant("changed_at"),
    instant("frozen_at", nullable=True),
    # The overdue list of everybody is read from this alone.
    sa.Index("ix_contact_periods_month", "month", "state", "target", "client_id"),
    sa.Index("ix_contact_periods_frozen", "frozen_at", "month"),
)

check_ins = sa.Table(
    "check_ins",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    sa.Column("month", sa.String(7), nullable=False),
    instant("asked_at"),
    _day("silent_from"),
    sa.Column("slots", sa.JSON, nullable=False),
    sa.Column("answer", sa.String(20)),
    sa.Column("slot", sa.Integer),
    sa.Column("how", Word(Channel)),
    instant("answered_at", nullable=True),
    instant("closed_at", nullable=True),
    sa.UniqueConstraint("client_id", "month"),
)

prompts = sa.Table(
    "prompts",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("object", sa.String(60), nullable=False),
    sa.Column("rung", sa.String(20), nullable=False),
    sa.Column("hearer", sa.String(40), nullable=False),
    ref("client_id", "clients", nullable=True),
    ref("staff_id", "staff", nullable=True),
    _day("day"),
    instant("created_at"),
    sa.UniqueConstraint("kind", "object", "rung", "hearer"),
    sa.Index("ix_prompts_client_id", "client_id"),
)

days_done = sa.Table(
    "days_done",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    _day("day"),
    instant("at"),
)

plans = sa.Table(
    "plans",
    metadata,
    id_column(),
    ref("client_id", "clients"),
    sa.Column("kind", Word(PlanKind), nullable=False),
    sa.Column("route", sa.String(40), nullable=False),
    _day("starts_on"),
    sa.Column("lengths", sa.JSON, nullable=False),
    sa.Column("shifts", sa.JSON, nullable=False),
    _day("ended_on", nullable=True),
    ref("staff_id", "staff"),
    instant("created_at"),
    _one_open("plans", "client_id", where="ended_on IS NULL"),
)

goals = sa.Table(
    "goals",
    metadata,
    id_column(),
    ref("plan_id", "plans"),
    sa.Column("block", sa.Integer, nullable=False),
    ref("message_id", "messages"),
    sa.Column("text", sa.String(120), nullable=False),
    sa.Column("category", Word(GoalCategory), nullable=False),
    sa.Column("instrument", Word(Instrument)),
    sa.Column("state", Word(GoalState), nullable=False),
    sa.Column("drop_reason", Word(DropReason)),
    ref("carried_from", "goals", nullable=True),
    sa.Column("carried_count", sa.Integer, nullable=False),
    sa.Column("view", Word(GoalView)),
    instant("viewed_at", nullable=True),
    instant("created_at"),
    instant("changed_at"),
    sa.UniqueConstraint("carried_from"),
    sa.Index("ix_goals_plan_id", "plan_id", "block"),
    sa.Index("ix_goals_message_id", "message_id"),
)

goal_reviews = sa.Table(
    "goal_reviews",
    metadata,
    id_column(),
    ref("plan_id", "plans"),
    sa.Column("block", sa.Integer, nullable=False),
    _day("held_on"),
    sa.Column("with_client", sa.Boolean, nullable=False),
    ref("staff_id", "staff"),
    instant("recorded_at"),
    sa.UniqueConstraint("plan_id", "block"),
)

milestones = sa.Table(
    "milestones",
    metadata,
    id_column(),
    ref("plan_id", "plans"),
    sa.Column("key", sa.String(20), nullable=False),
    _day("held_on"),
    sa.Column("outcome", sa.String(20)),
    ref("staff_id", "staff"),
    instant("recorded_at"),
    sa.UniqueConstraint("plan_id", "key"),
)

employers = sa.Table(
    "employers",
    metadata,
    id_column(),
    sa.Column("code", sa.String(40), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("sector", sa.String(40), nullable=False),
    ref("manager_id", "staff"),
    instant("created_at"),
    sa.Index("ix_employers_manager_id", "manager_id"),
)

placements = sa.Table(
    "placements",
    metadata,
    id_column(),
    ref("employer_id", "employers"),
    ref("client_id", "clients"),
    sa.Column("kind", Word(PlacementKind), nullable=False),
    _day("first_day"),
    _day("last_day", nullable=True),
    sa.Column("hours", sa.Integer),
    instant("created_at"),
    sa.UniqueConstraint("employer_id", "client_id", "kind", "first_day"),
    sa.Index("ix_placements_client_id", "client_id"),
)

employer_contacts = sa.Table(
    "employer_contacts",
    metadata,
    id_column(),
    ref("employer_id", "employers"),
    _day("day"),
    sa.Column("channel", Word(EmployerChannel), nullable=False),
    ref("staff_id", "staff"),
    instant("recorded_at"),
    sa.UniqueConstraint("employer_id", "day"),
)

placement_notes = sa.Table(
    "placement_notes",
    metadata,
    id_column(),
    ref("contact_id", "employer_contacts"),
    ref("placement_id", "placements"),
    sa.Column("outcome", Word(PlacementOutcome), nullable=False),
    sa.UniqueConstraint("contact_id", "placement_id"),
)

employer_periods = sa.Table(
    "employer_periods",
    metadata,
    sa.Column(
        "employer_id",
        BigId,
        sa.ForeignKey("employers.id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("state", Word(PeriodState), nullable=False),
    _day("target", nullable=True),
    _day("satisfied_on", nullable=True),
    instant("changed_at"),
    instant("frozen_at", nullable=True),
)

pictures = sa.Table(
    "pictures",
    metadata,
    id_column(),
    sa.Column("content", sa.LargeBinary, nullable=False),
    instant("created_at"),
)
