"""The nightly review of tiers: for whom it could find something to do, and when."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A row for whoever ever moved; those who did so before are reviewed in the next night."""
    member_table(
        "tier_reviews",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("policy", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("short_since", sa.Date),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="tier_reviews_pkey"),
    )
    op.execute(
        "INSERT INTO tier_reviews (member_id, program_id, policy, moves)"
        " SELECT member_id, program_id, 0, 0 FROM member_tiers WHERE moves > 0"
    )
    op.create_index("tier_reviews_due_idx", "tier_reviews", ["program_id", "policy", "due_on", "member_id"])
    grant("tier_reviews", "SELECT, INSERT, UPDATE")
