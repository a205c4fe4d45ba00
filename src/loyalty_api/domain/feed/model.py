"""How far each program's events have their places, and how far each subscriber has read them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, PrimaryKeyConstraint, Table, Text, Uuid

from loyalty_api.kernel.database import metadata

# One lane per program; whoever stamps holds its row.
feed_lanes = Table(
    "feed_lanes",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    # The last place that was given.
    Column("position", BigInteger, nullable=False),
)

# Whoever reads on by itself, as ``webhook:<id>``; what it has still to read is not forgotten.
feed_cursors = Table(
    "feed_cursors",
    metadata,
    Column("program_id", Uuid, nullable=False),
    Column("subscriber", Text, nullable=False),
    # The first event that is still to be read.
    Column("position", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
    # Which worker reads, and until when nobody else may.
    Column("held_by", Uuid),
    Column("held_until", DateTime(timezone=True)),
    PrimaryKeyConstraint("program_id", "subscriber"),
)
