"""What is kept of the events. Rows keep the member that they were told of; who reads follows ``merged_into``."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.insights.groups import SUMS
from loyalty_api.insights.measures import MEASURES
from loyalty_api.kernel.database import metadata


def _measures() -> list[Column]:
    return [Column(name, BigInteger, nullable=False) for name in MEASURES]


# Where everybody stands by now.
insight_members = Table(
    "insight_members",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),  # active, suspended, closed or erased
    Column("merged_into", Uuid),  # the survivor, while this one is an alias
    Column("enrolled_on", Date),
    Column("enrolled_store", Text),
    Column("enrolled_tier", Text),  # what everybody began with then
    Column("closed_on", Date),
    Column("first_on", Date),  # of purchases that stand
    Column("last_on", Date),
    Column("purchases", BigInteger, nullable=False),
    Column("sales_minor", BigInteger, nullable=False),
    # The days of purchases that stand, from the first on, and those of two or more: see ``timeline.py``.
    Column("bought", LargeBinary, nullable=False),
    Column("bought_twice", LargeBinary, nullable=False),
    Column("tier_moved", Boolean, nullable=False),  # ever
    Index("insight_members_program_id_idx", "program_id"),
    Index("insight_members_merged_into_idx", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
)

# One row per purchase, whose entry is its own id, and one per return of it, below zero.
insight_receipts = Table(
    "insight_receipts",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("entry_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("points_issued", BigInteger, nullable=False),
    Column("store", Text),  # of the purchase, also of a return
    Column("employee", Text),
    Column("voided", Boolean, nullable=False),
    PrimaryKeyConstraint("member_id", "purchase_id", "entry_id"),
    Index("insight_receipts_day_idx", "program_id", "day"),
    Index("insight_receipts_member_day_idx", "member_id", "day"),
)

insight_days = Table(
    "insight_days",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("program_id", Uuid, nullable=False),
    *_measures(),
    PrimaryKeyConstraint("member_id", "day"),
    Index("insight_days_day_idx", "program_id", "day"),
)

# The days of a month together; ``month``: its first.
insight_months = Table(
    "insight_months",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("month", Date, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    Column("sales_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("member_id", "month"),
    Index("insight_months_month_idx", "program_id", "month"),
)

# The days of all members together. Nobody waits for a row: whoever projects holds the program's cursor.
insight_program_days = Table(
    "insight_program_days",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    *_measures(),
    # When something of the day was last recorded behind its end; NULL: never.
    Column("restated_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("program_id", "day"),
)

# How many people did what when, as ``counts.py`` has it; what is nought is not there.
insight_counts = Table(
    "insight_counts",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("span", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("members", BigInteger, nullable=False),
    PrimaryKeyConstraint("program_id", "kind", "day", "span", "label"),
)

# What was bought, and by how many people, of each group, as ``groups.py`` has it; what is nought is not there.
insight_groups = Table(
    "insight_groups",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("grouped", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("label", Text, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    PrimaryKeyConstraint("program_id", "grouped", "period", "day", "label"),
)

# Moves of tiers, in the order of their positions in the feed.
insight_tiers = Table(
    "insight_tiers",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("from_tier", Text, nullable=False),
    Column("to_tier", Text, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("member_id", "position"),
    Index("insight_tiers_program_id_idx", "program_id", "effective_on"),
)

# Lots whose members were told that they would expire at ``expires_at``; ``noticed_on``: when they were first.
insight_notices = Table(
    "insight_notices",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("lot_id", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("noticed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("member_id", "lot_id", "expires_at"),
)

# Points that expired, of which lot, and when that was earned (NULL: told before events said so) and due.
insight_expiries = Table(
    "insight_expiries",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("lot_id", Uuid, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("earned_on", Date),
    Column("expired_on", Date, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("member_id", "position"),
    Index("insight_expiries_program_id_idx", "program_id", "expired_on"),
)

# What a program's members were worth at the end of ``through``, as ``worth.py`` has it; the newest is gone by.
insight_fits = Table(
    "insight_fits",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("through", Date, nullable=False),
    Column("definition", Integer, nullable=False),
    Column("fitted_at", DateTime(timezone=True), nullable=False),
    Column("worth", JSON, nullable=False),
    PrimaryKeyConstraint("program_id", "through"),
)

# The grids of recency, frequency and monetary value of programs that are large, as ``grids.py`` has it.
insight_grids = Table(
    "insight_grids",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("scoring", Text, nullable=False),
    Column("through", Date, nullable=False),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("grid", JSON, nullable=False),
    PrimaryKeyConstraint("program_id", "scoring"),
)

KEPT = (
    *(insight_members, insight_receipts, insight_days, insight_months, insight_program_days, insight_tiers),
    *(insight_notices, insight_expiries, insight_counts, insight_groups, insight_grids),
)
