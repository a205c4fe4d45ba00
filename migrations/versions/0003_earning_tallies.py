"""What rules remember between purchases: carried rests, caps per member, budgets; and what decisions rested on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import claim_table, grant, member_table, row_type

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
    _make_row_types()


def _make_row_types() -> None:
    """The rows that a batch of purchases writes, each table's as one argument."""
    row_type(
        "claim_row",
        program_id="uuid",
        kind="text",
        source="text",
        reference="text",
        member_id="uuid",
        record_id="uuid",
        content_hash="bytea",
    )
    row_type(
        "purchase_row",
        member_id="uuid",
        purchase_id="uuid",
        program_id="uuid",
        source="text",
        reference="text",
        occurred_at="timestamptz",
        recorded_at="timestamptz",
        currency="text",
        store="text",
        employee="text",
        channel="text",
        total_minor="bigint",
        base_minor="bigint",
        lines="json",
        coupons="json",
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
    row_type(
        "transfer_row",
        member_id="uuid",
        seq="bigint",
        program_id="uuid",
        kind="text",
        from_account="smallint",
        to_account="smallint",
        points="bigint",
        cause_kind="text",
        cause_id="uuid",
        occurred_at="timestamptz",
        recorded_at="timestamptz",
        spendable_after="bigint",
        pending_after="bigint",
        reserved_after="bigint",
        debt_after="bigint",
        hash="bytea",
    )
    row_type(
        "lot_row",
        member_id="uuid",
        lot_id="uuid",
        program_id="uuid",
        transfer_seq="bigint",
        points="bigint",
        remaining="bigint",
        pending="boolean",
        earned_at="timestamptz",
        available_at="timestamptz",
        expires_at="timestamptz",
    )
    row_type(
        "balance_row",
        member_id="uuid",
        spendable="bigint",
        pending="bigint",
        reserved="bigint",
        debt="bigint",
        lifetime_earned="bigint",
        transfer_seq="bigint",
        event_seq="bigint",
        head_hash="bytea",
        last_recorded_at="timestamptz",
        next_due_at="timestamptz",
        seen_event_seq="bigint",
    )
    row_type(
        "tier_day_row",
        member_id="uuid",
        day="date",
        program_id="uuid",
        value="bigint",
    )
    row_type(
        "tier_row",
        member_id="uuid",
        tier="text",
        since="timestamptz",
        moves="int",
        window_from="date",
        window_through="date",
        window_sum="bigint",
        counted_until="timestamptz",
    )
    row_type(
        "tier_move_row",
        member_id="uuid",
        seq="int",
        program_id="uuid",
        from_tier="text",
        to_tier="text",
        reason="text",
        value="bigint",
        effective_at="timestamptz",
        recorded_at="timestamptz",
    )
    row_type(
        "event_row",
        member_id="uuid",
        seq="bigint",
        id="uuid",
        program_id="uuid",
        type="text",
        occurred_at="timestamptz",
        recorded_at="timestamptz",
        data="json",
    )
