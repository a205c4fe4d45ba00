"""How far each program's events have their places, how far subscribers within the product have read, and which events
were forgotten."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text, Uuid

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

# How far a subscriber has read that works in this database.
feed_cursors = Table(
    "feed_cursors",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("subscriber", Text, primary_key=True),
    # The last position that it has read.
    Column("position", BigInteger, nullable=False),
    # Up to where it is reading for the second time; NULL: it is not.
    Column("again_to", BigInteger),
)
