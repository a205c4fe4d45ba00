"""The nightly run: who is due, which notices of expiry were given, and through which night each program was run."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table, reference_table

revision = "0011"
down_revision = "0007"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, and an index of the members for whom something will be due."""
    op.create_index(
        "balances_next_due_at_idx",
        "balances",
        ["program_id", "next_due_at", "member_id"],
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    member_table(
        "expiry_notices",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("noticed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "lot_id", "expires_at", name="expiry_notices_pkey"),
    )
    grant("expiry_notices", "SELECT, INSERT")
    reference_table(
        "program_nights",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("through", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="program_nights_pkey"),
    )
    grant("program_nights", "SELECT, INSERT, UPDATE")
