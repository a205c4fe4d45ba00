"""Webhooks: whom events are sent to, how far each has read the feed, and what became of each delivery. And what of
old events is left when they are forgotten."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import claim_table, grant, member_table, reference_table

revision = "0025"
down_revision = "0024"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Four new tables and an empty column. Old code knows none of them, and proves no ledger whose events were
    forgotten."""
    reference_table(
        "webhook_cursors",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("webhook_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False),
        sa.Column("held_by", sa.Uuid),
        sa.Column("held_until", INSTANT),
        sa.PrimaryKeyConstraint("program_id", "webhook_id", name="webhook_cursors_pkey"),
    )
    grant("webhook_cursors", "SELECT, INSERT, UPDATE, DELETE")
    reference_table(
        "webhooks",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("webhook_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text)),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("failing_since", INSTANT),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "webhook_id", name="webhooks_pkey"),
    )
    grant("webhooks", "SELECT, INSERT, UPDATE, DELETE")
    claim_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid, nullable=False),
        sa.Column("delivery_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("attempted_at", INSTANT),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("give_up_at", INSTANT),
        sa.Column("status", sa.BigInteger),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("response", sa.Text),
        sa.Column("replay_of", sa.Uuid),
        sa.PrimaryKeyConstraint("webhook_id", "delivery_id", name="webhook_deliveries_pkey"),
        by="webhook_id",
    )
    op.create_index(
        "webhook_deliveries_open_idx",
        "webhook_deliveries",
        ["webhook_id", "delivery_id"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    grant("webhook_deliveries", "SELECT, INSERT, UPDATE, DELETE")
    op.add_column("feed_lanes", sa.Column("forgotten", sa.BigInteger))
    grant("outbox", "DELETE")
    counts = ("purchases", "engagements", "returns", "openings", "adjustments")
    member_table(
        "forgotten_events",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("through", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("member_id", name="forgotten_events_pkey"),
    )
    grant("forgotten_events", "SELECT, INSERT, UPDATE")
