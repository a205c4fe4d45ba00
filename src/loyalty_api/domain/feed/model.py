"""How far each program's events have their places."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Uuid

from loyalty_api.kernel.database import metadata

# One lane per program; whoever stamps holds its row.
feed_lanes = Table(
    "feed_lanes",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    # The last place that was given.
    Column("position", BigInteger, nullable=False),
)
