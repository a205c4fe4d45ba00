"""Rewards: redemptions, stock, coupon pools with their codes, and uses of coupons; points held for a redemption."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import claim_table, grant, member_table, reference_table, row_type

revision = "0007"
down_revision = "0005"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Six new tables and three row types."""
    _make_redemptions()
    _make_holds()
    _make_coupons()
    claim_table(
        "reward_stocks",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("stock", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("warned_size", sa.BigInteger),
        sa.PrimaryKeyConstraint("program_id", "stock", name="reward_stocks_pkey"),
        sa.CheckConstraint("taken >= 0", name="reward_stocks_taken"),
        by="stock",
    )
    grant("reward_stocks", "SELECT, INSERT, UPDATE")


def _make_redemptions() -> None:
    member_table(
        "redemptions",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("reward", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("limited_by", sa.Text),
        sa.Column("cost_minor", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reserved_at", INSTANT, nullable=False),
        sa.Column("redeemed_on", sa.Date, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("stocked", sa.Boolean, nullable=False),
        sa.Column("pool", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("purchase_id", sa.Uuid),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("employee", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", name="redemptions_pkey"),
        sa.CheckConstraint("points > 0 AND amount_minor >= 0", name="redemptions_amounts"),
        sa.CheckConstraint("status IN ('reserved', 'completed', 'cancelled', 'expired')", name="redemptions_status"),
        sa.CheckConstraint("(status = 'reserved') = (closed_at IS NULL)", name="redemptions_closed"),
        sa.CheckConstraint("status = 'completed' OR expires_at IS NOT NULL", name="redemptions_expires"),
        sa.CheckConstraint(
            "status = 'completed' OR (code IS NULL AND purchase_id IS NULL)", name="redemptions_completed"
        ),
    )
    op.create_index("redemptions_program_id_redemption_id_idx", "redemptions", ["program_id", "redemption_id"])
    op.create_index(
        "redemptions_reserved_idx",
        "redemptions",
        ["program_id", "expires_at"],
        postgresql_where=sa.text("status = 'reserved'"),
    )
    grant("redemptions", "SELECT, INSERT, UPDATE")
    row_type(
        "redemption_row",
        member_id="uuid",
        redemption_id="uuid",
        program_id="uuid",
        source="text",
        reference="text",
        reward="text",
        kind="text",
        version="int",
        points="bigint",
        amount_minor="bigint",
        limited_by="text",
        cost_minor="bigint",
        status="text",
        reserved_at="timestamptz",
        redeemed_on="date",
        expires_at="timestamptz",
        closed_at="timestamptz",
        stocked="boolean",
        pool="text",
        code="text",
        purchase_id="uuid",
        transfer_seq="bigint",
        store="text",
        employee="text",
        channel="text",
        actor="text",
        answer="bytea",
    )


def _make_holds() -> None:
    member_table(
        "holds",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("hold_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("closing_seq", sa.BigInteger),
        sa.PrimaryKeyConstraint("member_id", "hold_id", name="holds_pkey"),
    )
    op.create_index("holds_open_idx", "holds", ["member_id"], postgresql_where=sa.text("closing_seq IS NULL"))
    grant("holds", "SELECT, INSERT, UPDATE")


def _make_coupons() -> None:
    reference_table(
        "coupon_pools",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("effect", JSON),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "pool", name="coupon_pools_pkey"),
        sa.CheckConstraint("uses > 0 AND size > 0", name="coupon_pools_size"),
    )
    grant("coupon_pools", "SELECT, INSERT, UPDATE")
    claim_table(
        "coupon_codes",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("written", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("issued_to", sa.Uuid),
        sa.PrimaryKeyConstraint("program_id", "code", name="coupon_codes_pkey"),
        sa.CheckConstraint("used BETWEEN 0 AND uses", name="coupon_codes_used"),
        by="code",
    )
    op.create_index(
        "coupon_codes_free_idx",
        "coupon_codes",
        ["program_id", "pool", "place", "code"],
        postgresql_where=sa.text("issued_to IS NULL AND used = 0"),
    )
    grant("coupon_codes", "SELECT, INSERT, UPDATE")
    member_table(
        "coupon_uses",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("use_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("purchase_id", sa.Uuid),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("member_id", "use_id", name="coupon_uses_pkey"),
        sa.CheckConstraint("(reference IS NULL) = (purchase_id IS NOT NULL)", name="coupon_uses_cause"),
    )
    grant("coupon_uses", "SELECT, INSERT")
    row_type(
        "coupon_use_row",
        member_id="uuid",
        use_id="uuid",
        program_id="uuid",
        source="text",
        reference="text",
        code="text",
        pool="text",
        amount_minor="bigint",
        purchase_id="uuid",
        used_at="timestamptz",
        store="text",
        actor="text",
        answer="bytea",
    )
