"""Notices that members have seen."""

import sqlalchemy as sa

from loyalty_api.kernel.schema import grant, member_table

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """A table that old code does not know."""
    member_table(
        "acknowledged_notices",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "notice", name="acknowledged_notices_pkey"),
    )
    grant("acknowledged_notices", "SELECT, INSERT")
