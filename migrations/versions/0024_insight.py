"""Insight: how far subscribers have read, and what the events add up to."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table, reference_table

revision = "0024"
down_revision = "0022"

INSTANT = sa.DateTime(timezone=True)
KEPT_ANEW = "SELECT, INSERT, UPDATE, DELETE"  # all of it can be made again from the events


def counts(*names: str) -> list[sa.Column]:
    """Columns that are never empty."""
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def measures() -> list[sa.Column]:
    """What is counted of each day."""
    points = ("issued", "opened", "earned", "redeemed", "given_back", "taken_back", "expired", "adjusted")
    return counts("purchases", "sales_minor", "returned_minor", *(f"points_{each}" for each in points))


def member_and_program(*key: sa.Column) -> list[sa.Column]:
    """Whose the row is, what else its key has, and the program."""
    member, program = (sa.Column(name, sa.Uuid, nullable=False) for name in ("member_id", "program_id"))
    return [member, *key, program]


def upgrade() -> None:
    """Tables of their own, which nothing but the worker writes to. Old code goes on: it counts nothing."""
    reference_table(
        "feed_cursors",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("again_to", sa.BigInteger),
        sa.PrimaryKeyConstraint("program_id", "subscriber", name="feed_cursors_pkey"),
    )
    grant("feed_cursors", "SELECT, INSERT, UPDATE")
    of_members()
    of_days()
    of_tiers_and_lots()
    for table in ("members", "receipts", "days", "months", "program_days", "tiers", "notices", "expiries"):
        grant(f"insight_{table}", KEPT_ANEW)


def of_members() -> None:
    """Members and what they bought."""
    member_table(
        "insight_members",
        *member_and_program(),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("merged_into", sa.Uuid),
        sa.Column("enrolled_on", sa.Date),
        sa.Column("enrolled_store", sa.Text),
        sa.Column("enrolled_tier", sa.Text),
        sa.Column("closed_on", sa.Date),
        sa.Column("first_on", sa.Date),
        sa.Column("last_on", sa.Date),
        *counts("purchases", "sales_minor"),
        sa.PrimaryKeyConstraint("member_id", name="insight_members_pkey"),
    )
    op.create_index("insight_members_program_id_idx", "insight_members", ["program_id"])
    member_table(
        "insight_receipts",
        *member_and_program(
            sa.Column("purchase_id", sa.Uuid, nullable=False), sa.Column("entry_id", sa.Uuid, nullable=False)
        ),
        sa.Column("day", sa.Date, nullable=False),
        *counts("amount_minor", "points_issued"),
        sa.Column("store", sa.Text),
        sa.Column("employee", sa.Text),
        sa.Column("voided", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "purchase_id", "entry_id", name="insight_receipts_pkey"),
    )
    op.create_index("insight_receipts_day_idx", "insight_receipts", ["program_id", "day"])


def of_days() -> None:
    """Days and months of members, and days of programs."""
    member_table(
        "insight_days",
        *member_and_program(sa.Column("day", sa.Date, nullable=False)),
        *measures(),
        sa.PrimaryKeyConstraint("member_id", "day", name="insight_days_pkey"),
    )
    op.create_index("insight_days_day_idx", "insight_days", ["program_id", "day"])
    member_table(
        "insight_months",
        *member_and_program(sa.Column("month", sa.Date, nullable=False)),
        *counts("purchases", "sales_minor"),
        sa.PrimaryKeyConstraint("member_id", "month", name="insight_months_pkey"),
    )
    op.create_index("insight_months_month_idx", "insight_months", ["program_id", "month"])
    reference_table(
        "insight_program_days",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        *measures(),
        sa.Column("restated_at", INSTANT),
        sa.PrimaryKeyConstraint("program_id", "day", name="insight_program_days_pkey"),
    )


def of_tiers_and_lots() -> None:
    """Moves of tiers, notices of expiry, and what expired."""
    member_table(
        "insight_tiers",
        *member_and_program(sa.Column("position", sa.BigInteger, nullable=False)),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("from_tier", sa.Text, nullable=False),
        sa.Column("to_tier", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "position", name="insight_tiers_pkey"),
    )
    op.create_index("insight_tiers_program_id_idx", "insight_tiers", ["program_id", "effective_on"])
    member_table(
        "insight_notices",
        *member_and_program(
            sa.Column("lot_id", sa.Uuid, nullable=False), sa.Column("expires_at", INSTANT, nullable=False)
        ),
        sa.Column("noticed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "lot_id", "expires_at", name="insight_notices_pkey"),
    )
    member_table(
        "insight_expiries",
        *member_and_program(sa.Column("position", sa.BigInteger, nullable=False)),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        *counts("points"),
        sa.Column("earned_on", sa.Date),
        sa.Column("expired_on", sa.Date, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "position", name="insight_expiries_pkey"),
    )
    op.create_index("insight_expiries_program_id_idx", "insight_expiries", ["program_id", "expired_on"])
