"""The outbox: every fact leaves an event row in its own transaction; delivery reads the rows later.

A row belongs to one member and carries the member's own sequence, so that order survives any delivery.
``position`` stays empty until a relay stamps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.database import Connection, metadata
from loyalty_api.kernel.facts import Fact
from loyalty_api.kernel.together import Change, RowType, change_together

outbox = Table(
    "outbox",
    metadata,
    Column("member_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("program_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("data", JSON, nullable=False),
    Column("position", BigInteger),
    PrimaryKeyConstraint("member_id", "seq"),
    Index("outbox_waiting_idx", "program_id", "member_id", "seq", postgresql_where=text("position IS NULL")),
    Index("outbox_position_idx", "program_id", "position", postgresql_where=text("position IS NOT NULL")),
)


class Event(NamedTuple):
    """One fact that happened; ``data`` is JSON without names, e-mails or free text."""

    member_id: UUID
    seq: int
    id: UUID
    program_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    data: bytes


EVENT_ROW = RowType("event_row", Event._fields)
_INSERT = EVENT_ROW.insert_into("outbox")


def events_change(events: Sequence[Event]) -> list[Change]:
    """The change that writes the events beside their facts, and tells of them."""
    told = [Fact(event.member_id, event.type) for event in events]
    return [Change(_INSERT, (events,), tells=told)] if events else []


async def append_events(connection: Connection, events: Sequence[Event]) -> None:
    """Writes the events of this transaction."""
    await change_together(connection, events_change(events))
