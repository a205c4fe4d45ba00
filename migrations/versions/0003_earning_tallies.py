"""What rules remember between purchases: carried rests, caps per member, budgets; and what decisions rested on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import claim_table, grant, member_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Three tables, a check for statements that make several changes, two columns that are empty for older rows."""
    member_table(
        "earning_carries",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rest_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "rule", name="earning_carries_pkey"),
    )
    grant("earning_carries", "SELECT, INSERT, UPDATE")
    member_table(
        "earning_days",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "rule", "day", name="earning_days_pkey"),
    )
    grant("earning_days", "SELECT, INSERT, UPDATE")
    claim_table(
        "budget_slices",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("slice", sa.SmallInteger, nullable=False),
        sa.Column("budget", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.BigInteger, nullable=False),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "rule", "slice", name="budget_slices_pkey"),
        sa.CheckConstraint("spent BETWEEN 0 AND granted", name="budget_slices_spent"),
        by="rule",
    )
    grant("budget_slices", "SELECT, INSERT, UPDATE")
    op.execute("""
        CREATE FUNCTION expect_rows(touched bigint, expected bigint) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            IF touched <> expected THEN
                RAISE EXCEPTION 'another transaction was first' USING ERRCODE = '40001';
            END IF;
            RETURN true;
        END $$""")
    op.add_column("purchases", sa.Column("inputs", JSON))
    op.add_column("purchases", sa.Column("tier_value", sa.BigInteger))
