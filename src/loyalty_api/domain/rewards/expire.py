"""Closing reservations that ran out, for the worker. Their points are free from their instant on, whenever this runs;
what it adds is the booking, the stock and the event."""

from __future__ import annotations

from datetime import datetime

from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.gather import open_counter
from loyalty_api.domain.rewards.redeem import write_counter
from loyalty_api.kernel.database import Connection

PAGE = 100  # members; they stay locked until their page is written

_DUE = """
SELECT member_id FROM redemptions
WHERE program_id = $1 AND status = 'reserved' AND expires_at <= $2
GROUP BY member_id ORDER BY min(expires_at), member_id LIMIT $3
"""


async def expire_due(connection: Connection, program: Program, *, now: datetime, limit: int = PAGE) -> int:
    """Closes the reservations of up to ``limit`` members that ran out by ``now``, the program's present; how many it
    closed. Safe twice: what is closed is not due."""
    members = [row["member_id"] for row in await connection.fetch(_DUE, program.id, now, limit)]
    if not members:
        return 0
    counter = await open_counter(connection, program, members, [], now=now)
    await write_counter(connection, counter, {})
    return len(counter.closed)
