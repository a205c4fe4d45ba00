"""The core: programs, keys, members, the ledger, tiers, purchases and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import claim_table, grant, make_application_role, member_table, reference_table

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The core: programs, keys, members, the ledger, tiers, purchases and the outbox."""
    make_application_role()
    reference_table(
        "programs",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("newest_version", sa.Integer, nullable=False),
        sa.Column("clock_now", INSTANT),
        sa.PrimaryKeyConstraint("program_id", name="programs_pkey"),
        sa.UniqueConstraint("code"),
    )
    grant("programs", "SELECT, INSERT, UPDATE")
    reference_table(
        "program_versions",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_at", INSTANT),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "version", name="program_versions_pkey"),
    )
    grant("program_versions", "SELECT, INSERT")
    reference_table(
        "api_keys",
        sa.Column("key_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("key_id", name="api_keys_pkey"),
        sa.UniqueConstraint("key_hash"),
    )
    grant("api_keys", "SELECT, INSERT, UPDATE")
    member_table(
        "members",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="members_pkey"),
    )
    grant("members", "SELECT, INSERT, UPDATE")
    member_table(
        "member_profiles",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("given_name", sa.Text),
        sa.Column("family_name", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("birth_date", sa.Date),
        sa.Column("language", sa.Text),
        sa.Column("attributes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="member_profiles_pkey"),
    )
    for column in ("given_name", "family_name", "email"):
        prefix = sa.text(f"lower({column}) text_pattern_ops")
        op.create_index(f"member_profiles_{column}_idx", "member_profiles", ["program_id", prefix])
    grant("member_profiles", "SELECT, INSERT, UPDATE")
    member_table(
        "member_identifiers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("identifier_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("blocked_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", "identifier_id", name="member_identifiers_pkey"),
    )
    grant("member_identifiers", "SELECT, INSERT, UPDATE")
    claim_table(
        "identifier_claims",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("blocked_at", INSTANT),
        sa.PrimaryKeyConstraint("program_id", "kind", "value", name="identifier_claims_pkey"),
        by="value",
    )
    prefix = sa.text("lower(value) text_pattern_ops")
    op.create_index("identifier_claims_value_idx", "identifier_claims", ["program_id", prefix])
    grant("identifier_claims", "SELECT, INSERT, UPDATE")
    member_table(
        "balances",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("spendable", sa.BigInteger, nullable=False),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("debt", sa.BigInteger, nullable=False),
        sa.Column("lifetime_earned", sa.BigInteger, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("head_hash", sa.LargeBinary, nullable=False),
        sa.Column("last_recorded_at", INSTANT),
        sa.Column("next_due_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", name="balances_pkey"),
        sa.CheckConstraint("spendable >= 0 AND pending >= 0 AND reserved >= 0 AND debt >= 0", name="balances_parts"),
        sa.CheckConstraint("transfer_seq >= 0 AND event_seq >= 0", name="balances_seqs"),
        postgresql_with={"fillfactor": "50"},
    )
    grant("balances", "SELECT, INSERT, UPDATE")
    member_table(
        "transfers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("from_account", sa.SmallInteger, nullable=False),
        sa.Column("to_account", sa.SmallInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("cause_kind", sa.Text, nullable=False),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("spendable_after", sa.BigInteger, nullable=False),
        sa.Column("pending_after", sa.BigInteger, nullable=False),
        sa.Column("reserved_after", sa.BigInteger, nullable=False),
        sa.Column("debt_after", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "seq", name="transfers_pkey"),
        sa.CheckConstraint("from_account <> to_account", name="transfers_accounts"),
        sa.CheckConstraint("points > 0", name="transfers_points"),
        sa.CheckConstraint("seq > 0", name="transfers_seq"),
    )
    grant("transfers", "SELECT, INSERT")
    member_table(
        "lots",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("earned_at", INSTANT, nullable=False),
        sa.Column("available_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", "lot_id", name="lots_pkey"),
        sa.CheckConstraint("points > 0 AND remaining >= 0 AND remaining <= points", name="lots_remaining"),
    )
    grant("lots", "SELECT, INSERT, UPDATE")
    member_table(
        "member_tiers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("tier", sa.Text),
        sa.Column("since", INSTANT),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("window_from", sa.Date, nullable=False),
        sa.Column("window_through", sa.Date, nullable=False),
        sa.Column("window_sum", sa.BigInteger, nullable=False),
        sa.Column("counted_until", INSTANT),
        sa.PrimaryKeyConstraint("member_id", name="member_tiers_pkey"),
        postgresql_with={"fillfactor": "50"},
    )
    grant("member_tiers", "SELECT, INSERT, UPDATE")
    member_table(
        "tier_days",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", name="tier_days_pkey"),
    )
    grant("tier_days", "SELECT, INSERT, UPDATE")
    member_table(
        "tier_moves",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("from_tier", sa.Text, nullable=False),
        sa.Column("to_tier", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("effective_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "seq", name="tier_moves_pkey"),
    )
    grant("tier_moves", "SELECT, INSERT")
    claim_table(
        "reference_claims",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("record_id", sa.Uuid, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "kind", "source", "reference", name="reference_claims_pkey"),
        by="reference",
    )
    grant("reference_claims", "SELECT, INSERT")
    claim_table(
        "idempotency_keys",
        sa.Column("scope_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("subject_id", sa.Uuid),
        sa.PrimaryKeyConstraint("scope_id", "key", name="idempotency_keys_pkey"),
        by="key",
    )
    grant("idempotency_keys", "SELECT, INSERT, UPDATE")
    member_table(
        "purchases",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("store", sa.Text),
        sa.Column("employee", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("base_minor", sa.BigInteger, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("coupons", JSON, nullable=False),
        sa.Column("earnings", JSON, nullable=False),
        sa.Column("dry_runs", JSON),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("points_pending", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tier", sa.Text),
        sa.Column("transfer_seq", sa.BigInteger),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "purchase_id", name="purchases_pkey"),
        sa.CheckConstraint("total_minor >= 0 AND base_minor >= 0", name="purchases_amounts"),
        sa.CheckConstraint(
            "points_earned >= 0 AND points_pending BETWEEN 0 AND points_earned", name="purchases_points"
        ),
        sa.CheckConstraint("(points_earned = 0) = (transfer_seq IS NULL)", name="purchases_transfer"),
    )
    op.create_index("purchases_program_id_purchase_id_idx", "purchases", ["program_id", "purchase_id"])
    op.create_index(
        "purchases_dry_runs_idx", "purchases", ["program_id"], postgresql_where=sa.text("dry_runs IS NOT NULL")
    )
    grant("purchases", "SELECT, INSERT")
    member_table(
        "outbox",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("position", sa.BigInteger),
        sa.PrimaryKeyConstraint("member_id", "seq", name="outbox_pkey"),
    )
    grant("outbox", "SELECT, INSERT, UPDATE")
    grant("alembic_version", "SELECT")
