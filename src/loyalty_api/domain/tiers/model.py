"""Tables of tiers. ``value`` is what the program's measure counts (spend: minor units of the earning base)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

member_tiers = Table(
    "member_tiers",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    # Empty: never moved, so the program's first tier.
    Column("tier", Text),
    Column("since", DateTime(timezone=True)),
    Column("moves", Integer, nullable=False),
    # The sum of the day buckets from window_from to window_through, both inclusive.
    Column("window_from", Date, nullable=False),
    Column("window_through", Date, nullable=False),
    Column("window_sum", BigInteger, nullable=False),
    # The latest occurred_at that was ever counted: the effective_at of the next move.
    Column("counted_until", DateTime(timezone=True)),
    postgresql_with={"fillfactor": "50"},
)

tier_days = Table(
    "tier_days",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("member_id", "day"),
)

tier_moves = Table(
    "tier_moves",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("from_tier", Text, nullable=False),
    Column("to_tier", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("member_id", "seq"),
)

# Of whoever ever moved: when a review could find something to do. What lowers a tier but time asks for one (policy 0).
tier_reviews = Table(
    "tier_reviews",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    # By how many versions of the program due_on was reckoned; 0: it is to be reckoned.
    Column("policy", Integer, nullable=False),
    # Empty: time alone brings nothing.
    Column("due_on", Date),
    # The day whose review first found the window short of the tier that the member held by so many moves.
    Column("short_since", Date),
    Column("moves", Integer, nullable=False),
    Index("tier_reviews_due_idx", "program_id", "policy", "due_on", "member_id"),
)
