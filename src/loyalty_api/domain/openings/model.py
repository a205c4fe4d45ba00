"""The openings table: one row per lot that was brought in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from loyalty_api.kernel.database import metadata

openings = Table(
    "openings",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("opening_id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("earned_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("transfer_seq", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    # The first answer, to the byte.
    Column("answer", LargeBinary, nullable=False),
    PrimaryKeyConstraint("member_id", "opening_id"),
    CheckConstraint("points > 0", name="openings_points"),
)
