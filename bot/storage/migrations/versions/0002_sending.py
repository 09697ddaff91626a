"""What sending with limits needs: a priority for each call, and a lease for the one sender."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_URGENT = "('onboarding', 'answer', 'urgent', 'set')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.drop_index("ix_outbox_state", table_name="outbox")
    op.add_column("outbox", sa.Column("priority", sa.SmallInteger(), nullable=True))
    op.execute(
        "UPDATE outbox SET priority = CASE "  # noqa: S608 - a fixed list of words
        f"WHEN kind IN {_URGENT} THEN 0 WHEN kind = 'reminder' THEN 2 ELSE 1 END"
    )
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("priority", existing_type=sa.SmallInteger(), nullable=False)
    op.create_index(
        "ix_outbox_ready", "outbox", ["state", "priority", "not_before", "id"], unique=False
    )
