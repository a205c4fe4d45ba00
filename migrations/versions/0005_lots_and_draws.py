"""Lots that are spent, reserved, moved and given back: which transfer drew on which lot, and what a lot waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import grant, member_table, row_type

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One new table, columns that are empty for older lots, the latest purchase of every member, four row types."""
    op.add_column("balances", sa.Column("last_purchase_at", INSTANT))
    op.add_column("lots", sa.Column("reserved", sa.BigInteger))
    op.add_column("lots", sa.Column("inactivity_days", sa.Integer))
    op.add_column("lots", sa.Column("waits_for", sa.Text))
    op.add_column("lots", sa.Column("expiry", JSON))
    op.add_column("lots", sa.Column("earned_for", sa.Uuid))
    op.add_column("lots", sa.Column("origin_member_id", sa.Uuid))
    op.add_column("lots", sa.Column("origin_lot_id", sa.Uuid))
    op.create_check_constraint("lots_reserved", "lots", "reserved BETWEEN 0 AND remaining")
    op.create_check_constraint("lots_pending", "lots", "NOT (pending AND reserved > 0)")
    member_table(
        "draws",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "transfer_seq", "lot_id", name="draws_pkey"),
        sa.CheckConstraint("points > 0", name="draws_points"),
    )
    grant("draws", "SELECT, INSERT")
    op.execute("""
        UPDATE balances b SET last_purchase_at = p.occurred_at
        FROM (SELECT member_id, max(occurred_at) AS occurred_at FROM purchases GROUP BY member_id) p
        WHERE p.member_id = b.member_id""")
    _make_row_types()


def _make_row_types() -> None:
    row_type(
        "balance_row_2",
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
        last_purchase_at="timestamptz",
        seen_event_seq="bigint",
    )
    row_type(
        "lot_row_2",
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
        reserved="bigint",
        inactivity_days="int",
        waits_for="text",
        expiry="json",
        earned_for="uuid",
        origin_member_id="uuid",
        origin_lot_id="uuid",
    )
    row_type(
        "lot_change_row",
        member_id="uuid",
        lot_id="uuid",
        remaining="bigint",
        reserved="bigint",
        pending="boolean",
        available_at="timestamptz",
        expires_at="timestamptz",
    )
    row_type("draw_row", member_id="uuid", transfer_seq="bigint", lot_id="uuid", program_id="uuid", points="bigint")
