"""The feed: places of events in the order in which subscribers read them."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, reference_table

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """A lane per program, what waits for a place, and what has one. Old code goes on: it writes rows without places."""
    reference_table(
        "feed_lanes",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="feed_lanes_pkey"),
    )
    grant("feed_lanes", "SELECT, INSERT, UPDATE")
    op.create_index(
        "outbox_waiting_idx",
        "outbox",
        ["program_id", "member_id", "seq"],
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "outbox_position_idx",
        "outbox",
        ["program_id", "position"],
        postgresql_where=sa.text("position IS NOT NULL"),
    )
