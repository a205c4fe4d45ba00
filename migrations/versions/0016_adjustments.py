"""Adjustments: points that staff put right, or move between members."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table

revision = "0016"
down_revision = "0015"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One new table. Rows are decided and reversed, never removed."""
    member_table(
        "adjustments",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("adjustment_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("to_member_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", sa.Text),
        sa.Column("decision", sa.Text),
        sa.Column("transfer_seq", sa.BigInteger),
        sa.Column("reversed_at", INSTANT),
        sa.Column("reversed_by", sa.Text),
        sa.Column("reversal", sa.Text),
        sa.Column("points_reversed", sa.BigInteger),
        sa.Column("points_expired", sa.BigInteger),
        sa.PrimaryKeyConstraint("member_id", "adjustment_id", name="adjustments_pkey"),
        sa.CheckConstraint("points <> 0", name="adjustments_points"),
        sa.CheckConstraint("to_member_id IS NULL OR points > 0 AND to_member_id <> member_id", name="adjustments_move"),
        sa.CheckConstraint(
            "(status IN ('booked', 'reversed')) = (transfer_seq IS NOT NULL)", name="adjustments_transfer"
        ),
    )
    op.create_index("adjustments_program_id_idx", "adjustments", ["program_id", "adjustment_id"])
    op.create_index(
        "adjustments_to_member_id_idx",
        "adjustments",
        ["to_member_id"],
        postgresql_where=sa.text("to_member_id IS NOT NULL"),
    )
    grant("adjustments", "SELECT, INSERT, UPDATE")
