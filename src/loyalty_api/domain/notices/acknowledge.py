"""Acknowledging notices: the member has seen them, and they do not come again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.kernel.database import Connection

_KEEP = """
INSERT INTO acknowledged_notices (member_id, notice, program_id, acknowledged_at)
SELECT $1, u.notice, $2, $4 FROM unnest($3::text[]) AS u (notice) ON CONFLICT (member_id, notice) DO NOTHING
"""
_KEPT = "SELECT notice FROM acknowledged_notices WHERE member_id = $1"


async def acknowledge_notices(
    connection: Connection, *, program_id: UUID, member_id: UUID, notices: Collection[str], now: datetime
) -> None:
    """Keeps that the member has seen these; doing it again changes nothing. ``now``: the program's present."""
    await connection.execute(_KEEP, member_id, program_id, sorted(set(notices)), now)


async def acknowledged_by(connection: Connection, *, member_id: UUID) -> set[str]:
    """The ids of what the member has seen."""
    return {row["notice"] for row in await connection.fetch(_KEPT, member_id)}
