"""How far each program's events have their places, and which were forgotten."""

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
    # The last place whose event was forgotten; none yet: NULL.
    Column("forgotten", BigInteger),
)

# Of a member, up to which the events were forgotten, and how many of those that facts are counted by.
forgotten_events = Table(
    "forgotten_events",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("program_id", Uuid, nullable=False),
    Column("through", BigInteger, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    Column("engagements", BigInteger, nullable=False),
    Column("returns", BigInteger, nullable=False),
    Column("openings", BigInteger, nullable=False),
    Column("adjustments", BigInteger, nullable=False),
)
