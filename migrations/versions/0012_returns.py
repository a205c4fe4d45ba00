"""Returns of purchases, by line or by amount, and voids: what went back and what it did to points, tier and rests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import grant, member_table

revision = "0012"
down_revision = "0011"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table with the returns of members' purchases."""
    member_table(
        "returns",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("return_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("points_due", sa.BigInteger, nullable=False),
        sa.Column("points_taken", sa.BigInteger, nullable=False),
        sa.Column("points_expired", sa.BigInteger, nullable=False),
        sa.Column("points_given", sa.BigInteger, nullable=False),
        sa.Column("given", JSON, nullable=False),
        sa.Column("by_rule", JSON, nullable=False),
        sa.Column("rests", JSON, nullable=False),
        sa.Column("carry_change", JSON, nullable=False),
        sa.Column("tier_value", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "return_id", name="returns_pkey"),
        sa.CheckConstraint("amount_minor >= 0 AND points_due >= 0 AND points_given >= 0", name="returns_amounts"),
        sa.CheckConstraint("points_expired BETWEEN 0 AND points_taken", name="returns_expired"),
        sa.CheckConstraint("points_taken BETWEEN 0 AND points_due", name="returns_taken"),
    )
    op.create_index("returns_member_id_purchase_id_idx", "returns", ["member_id", "purchase_id"])
    op.create_index("returns_program_id_return_id_idx", "returns", ["program_id", "return_id"])
    grant("returns", "SELECT, INSERT")
