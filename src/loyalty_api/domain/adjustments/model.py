"""The adjustments table: what was asked, who decided, what became of it. Reasons can be erased."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from loyalty_api.kernel.database import metadata

adjustments = Table(
    "adjustments",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("adjustment_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    # Who gets the points; empty: they are given or taken by the program.
    Column("to_member_id", Uuid),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    # Above zero: given (or moved to the other); below zero: taken.
    Column("points", BigInteger, nullable=False),
    Column("reason", Text),
    # booked, awaiting_approval, rejected or reversed
    Column("status", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("asked_by", Text, nullable=False),
    # The first answer, to the byte.
    Column("answer", LargeBinary, nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    # Why it was rejected.
    Column("decision", Text),
    # The first transfer of the member; empty: nothing is booked.
    Column("transfer_seq", BigInteger),
    Column("reversed_at", DateTime(timezone=True)),
    Column("reversed_by", Text),
    # Why it was reversed.
    Column("reversal", Text),
    # Of its points: those that reversing it moved, and those that had expired by then.
    Column("points_reversed", BigInteger),
    Column("points_expired", BigInteger),
    PrimaryKeyConstraint("member_id", "adjustment_id"),
    CheckConstraint("points <> 0", name="adjustments_points"),
    CheckConstraint("to_member_id IS NULL OR points > 0 AND to_member_id <> member_id", name="adjustments_move"),
    CheckConstraint("(status IN ('booked', 'reversed')) = (transfer_seq IS NOT NULL)", name="adjustments_transfer"),
    # Reading one by its id and listing a program's, newest first.
    Index("adjustments_program_id_idx", "program_id", "adjustment_id"),
    Index("adjustments_to_member_id_idx", "to_member_id", postgresql_where=text("to_member_id IS NOT NULL")),
)
