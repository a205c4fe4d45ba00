"""Closing reservations that ran out, for the worker. Their points are free from their instant on, whenever this runs;
what it adds is the booking, the stock and the event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.rewards.gather import open_counter
from loyalty_api.domain.rewards.redeem import write_counter
from loyalty_api.kernel.database import Connection

_DUE = """
SELECT r.program_id, r.member_id
FROM programs p JOIN redemptions r USING (program_id)
WHERE r.status = 'reserved' AND r.expires_at <= COALESCE(p.clock_now, $1) AND ($2::uuid IS NULL OR p.program_id = $2)
GROUP BY r.program_id, r.member_id
ORDER BY min(r.expires_at), r.member_id LIMIT $3
"""


async def expire_due(
    connection: Connection, catalogue: Catalogue, *, now: datetime, limit: int, program_id: UUID | None = None
) -> int:
    """Closes the reservations of up to ``limit`` members that ran out by ``now`` (the real present; a program's test
    clock goes before it), of one program or of all; how many it closed. Safe twice: what is closed is not due.
    """
    members: dict[UUID, list[UUID]] = {}
    for row in await connection.fetch(_DUE, now, program_id, limit):
        members.setdefault(row["program_id"], []).append(row["member_id"])
    closed = 0
    for program, mine in members.items():
        found = await catalogue.one(connection, program)
        counter = await open_counter(connection, found, mine, [], now=found.present(now))
        await write_counter(connection, counter, {})
        closed += len(counter.closed)
    return closed
