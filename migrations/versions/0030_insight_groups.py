"""Insight: what was bought, and by how many people, of each group."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.insights.group_all import GROUP_ALL
from loyalty_api.insights.groups import SUMS
from loyalty_api.kernel.schema import grant, reference_table

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Summed up for what is there already. A worker of old code waits from here on: it would leave groups out."""
    op.add_column("insight_members", sa.Column("tier_moved", sa.Boolean, nullable=False, server_default="false"))
    op.execute("-- squawk-ignore ban-drop-default\nALTER TABLE insight_members ALTER COLUMN tier_moved DROP DEFAULT")
    op.execute("UPDATE insight_members SET tier_moved = true WHERE member_id IN (SELECT member_id FROM insight_tiers)")
    op.create_index("insight_receipts_member_day_idx", "insight_receipts", ["member_id", "day"])
    reference_table(
        "insight_groups",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("grouped", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("program_id", "grouped", "period", "day", "label", name="insight_groups_pkey"),
    )
    grant("insight_groups", "SELECT, INSERT, UPDATE, DELETE")
    for statement in GROUP_ALL:
        op.execute(statement)
