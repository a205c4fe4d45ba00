"""Giving events their places: once, in each member's order, and behind every place that anybody has read.

A subscriber remembers how far it read, so no place may ever appear before that. Whoever stamps holds the program's
lane until the commit: places become visible in their order, however long a transaction took that wrote an event with
a smaller id; it is simply stamped when it is there. Two that stamp wait for each other.
"""

from __future__ import annotations

from uuid import UUID

from loyalty_api.kernel.database import Connection

BATCH = 2000

_WAITING = """
SELECT p.program_id FROM programs p
WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.program_id = p.program_id AND o.position IS NULL)
"""
_OPEN = "INSERT INTO feed_lanes (program_id, position) VALUES ($1, 0) ON CONFLICT (program_id) DO NOTHING"
_HOLD = "SELECT position FROM feed_lanes WHERE program_id = $1 FOR UPDATE"
# A statement of its own behind the lock, so that it sees what the one before has stamped. It sees a member's events
# up to some event and none after a gap, as they are written behind the member's lock.
_NEXT = """
SELECT member_id, seq FROM outbox WHERE program_id = $1 AND position IS NULL ORDER BY member_id, seq LIMIT $2
"""
_STAMP = """
UPDATE outbox o SET position = u.position
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS u (member_id, seq, position)
WHERE o.member_id = u.member_id AND o.seq = u.seq
"""
_MOVE = "UPDATE feed_lanes SET position = $2 WHERE program_id = $1"


async def programs_waiting(connection: Connection) -> list[UUID]:
    """The programs with events that have no place yet."""
    return [row["program_id"] for row in await connection.fetch(_WAITING)]


async def stamp_events(connection: Connection, program_id: UUID, *, limit: int = BATCH) -> int:
    """Gives places to as many of the program's events as ``limit``; how many it was."""
    last = await connection.fetchval(_HOLD, program_id)
    if last is None:
        await connection.execute(_OPEN, program_id)
        last = await connection.fetchval(_HOLD, program_id)
    rows = await connection.fetch(_NEXT, program_id, limit)
    if not rows:
        return 0
    places = list(range(last + 1, last + 1 + len(rows)))
    await connection.execute(_STAMP, [row["member_id"] for row in rows], [row["seq"] for row in rows], places)
    await connection.execute(_MOVE, program_id, places[-1])
    return len(rows)
