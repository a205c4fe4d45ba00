"""How far each subscriber has read, where it keeps that beside what it makes of the events, in one transaction.

Whoever reads on holds the subscriber's row until the commit: two that do so at once wait for each other, and whatever
one has made of an event, the other finds the event read. So each event counts exactly once.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from loyalty_api.kernel.database import Connection

_BEHIND = """
SELECT l.program_id FROM feed_lanes l
LEFT JOIN feed_cursors c ON c.program_id = l.program_id AND c.subscriber = $1
WHERE l.position > COALESCE(c.position, 0) ORDER BY l.program_id
"""
_OPEN = """
INSERT INTO feed_cursors (program_id, subscriber, position) VALUES ($1, $2, 0)
ON CONFLICT (program_id, subscriber) DO NOTHING
"""
_HOLD = "SELECT position FROM feed_cursors WHERE program_id = $1 AND subscriber = $2 FOR UPDATE"
_KEEP = """
UPDATE feed_cursors SET position = $3, again_to = CASE WHEN again_to > $3 THEN again_to END
WHERE program_id = $1 AND subscriber = $2
"""
_AGAIN = """
UPDATE feed_cursors c SET position = 0, again_to = NULLIF(l.position, 0) FROM feed_lanes l
WHERE c.program_id = $1 AND c.subscriber = $2 AND l.program_id = $1
"""
_UNREAD = """
SELECT position FROM feed_cursors WHERE program_id = $1 AND subscriber = ANY($2::text[]) ORDER BY subscriber FOR SHARE
"""
_READING_AGAIN = "SELECT position, again_to FROM feed_cursors WHERE program_id = $1 AND subscriber = $2"


async def programs_behind(connection: Connection, subscriber: str) -> list[UUID]:
    """The programs with events that the subscriber has yet to read."""
    return [row["program_id"] for row in await connection.fetch(_BEHIND, subscriber)]


async def first_unread(connection: Connection, program_id: UUID, subscribers: Collection[str]) -> int:
    """The first position that one of these has still to read, also where it has yet to begin. Until the end of the
    transaction they read no further, and nobody sends them back."""
    rows = await connection.fetch(_UNREAD, program_id, list(subscribers))
    return 1 if len(rows) < len(subscribers) else 1 + min(row["position"] for row in rows)


async def hold_cursor(connection: Connection, *, program_id: UUID, subscriber: str) -> int:
    """The last position that the subscriber has read, 0 before the first; held until the end of the transaction."""
    position = await connection.fetchval(_HOLD, program_id, subscriber)
    if position is None:
        await connection.execute(_OPEN, program_id, subscriber)
        position = await connection.fetchval(_HOLD, program_id, subscriber)
    return position


async def move_cursor(connection: Connection, *, program_id: UUID, subscriber: str, position: int) -> None:
    """The subscriber, whose cursor is held, has read up to here."""
    await connection.execute(_KEEP, program_id, subscriber, position)


async def read_again(connection: Connection, *, program_id: UUID, subscriber: str) -> None:
    """Sends the subscriber, whose cursor is held, back to the beginning."""
    await connection.execute(_AGAIN, program_id, subscriber)


async def reading_again(connection: Connection, *, program_id: UUID, subscriber: str) -> tuple[int, int] | None:
    """(read, of so many), while the subscriber reads again what it had read before; else None."""
    row = await connection.fetchrow(_READING_AGAIN, program_id, subscriber)
    return None if row is None or row["again_to"] is None else (row["position"], row["again_to"])
