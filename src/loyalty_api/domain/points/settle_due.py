"""Settling whoever is due, a page of members at a time: what the next write would do for each of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.points.post import open_book
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection

PAGE = 200  # members; they stay locked until their page is written

_DUE = """
SELECT next_due_at, member_id FROM balances
WHERE program_id = $1 AND next_due_at <= $2 AND (next_due_at, member_id) > ($3, $4)
ORDER BY next_due_at, member_id LIMIT $5
"""

Place = tuple[datetime, UUID]  # where a page ended: (next_due_at, member)


async def settle_due(
    connection: Connection, program: Program, *, now: datetime, after: Place, limit: int = PAGE
) -> tuple[int, Place | None]:
    """Settles a page of those for whom something is due at ``now``, the program's present, soonest first; (transfers,
    where the next page begins)."""
    rows = await connection.fetch(_DUE, program.id, now, *after, limit)
    if not rows:
        return 0, None
    book = await open_book(connection, [row["member_id"] for row in rows], {program.id: program.zone})
    transfers = sum([settle(book, balance, now=now) for balance in book.balances.values()])
    await book.write(connection)
    return transfers, tuple(rows[-1]) if len(rows) == limit else None
