"""What rules remember between purchases: rests of steps and points given, by member; and what budgets have left."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

earning_carries = Table(
    "earning_carries",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("rule", Text, nullable=False),
    Column("program_id", Uuid, nullable=False),
    # Minor units of a step that is not whole yet.
    Column("rest_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("member_id", "rule"),
)

# Points that a rule with a cap per member gave, by the local date on which they were recorded.
earning_days = Table(
    "earning_days",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("rule", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("points", BigInteger, nullable=False),
    PrimaryKeyConstraint("member_id", "rule", "day"),
)

# A budget in slices, so that no counter queues every till. Slice 0 is what is not let to any writer.
budget_slices = Table(
    "budget_slices",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("rule", Text, nullable=False),
    Column("slice", SmallInteger, nullable=False),
    # The whole budget that the slice was cut from.
    Column("budget", BigInteger, nullable=False),
    Column("granted", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    PrimaryKeyConstraint("program_id", "rule", "slice"),
    CheckConstraint("spent BETWEEN 0 AND granted", name="budget_slices_spent"),
)
