"""Points for events other than purchases: what happened, what it earned and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import grant, member_table, row_type

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One new table, which the application adds to and never changes."""
    member_table(
        "engagements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("engagement_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("employee", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("earnings", JSON, nullable=False),
        sa.Column("dry_runs", JSON),
        sa.Column("inputs", JSON),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("points_pending", sa.BigInteger, nullable=False),
        sa.Column("tier_value", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tier", sa.Text),
        sa.Column("transfer_seq", sa.BigInteger),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "engagement_id", name="engagements_pkey"),
        sa.CheckConstraint(
            "points_earned >= 0 AND points_pending BETWEEN 0 AND points_earned", name="engagements_points"
        ),
        sa.CheckConstraint("(points_earned = 0) = (transfer_seq IS NULL)", name="engagements_transfer"),
        sa.CheckConstraint("tier_value > 0", name="engagements_tier_value"),
    )
    op.create_index("engagements_program_id_engagement_id_idx", "engagements", ["program_id", "engagement_id"])
    op.create_index(
        "engagements_dry_runs_idx", "engagements", ["program_id"], postgresql_where=sa.text("dry_runs IS NOT NULL")
    )
    grant("engagements", "SELECT, INSERT")
    row_type(
        "engagement_row",
        member_id="uuid",
        engagement_id="uuid",
        program_id="uuid",
        source="text",
        reference="text",
        kind="text",
        data="json",
        occurred_at="timestamptz",
        recorded_at="timestamptz",
        store="text",
        employee="text",
        channel="text",
        earnings="json",
        dry_runs="json",
        inputs="json",
        points_earned="bigint",
        points_pending="bigint",
        tier_value="bigint",
        version="int",
        tier="text",
        transfer_seq="bigint",
        actor="text",
        answer="bytea",
    )
