"""How far a webhook has read the feed. One worker at a time holds a cursor, for as long as it keeps renewing the hold.

A worker that lost its hold (it slept, or its clock is wrong) is told when it next moves the cursor, in the very
transaction that would have written what it did; so two of them may tell an event twice, but none is ever left out.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.feed.queries import Place
from loyalty_api.kernel.database import Connection

_OPEN = """
INSERT INTO webhook_cursors (program_id, webhook_id, position, part) VALUES ($1, $2, $3, $4)
"""
_HOLD = """
UPDATE webhook_cursors SET held_by = $3, held_until = $5
WHERE program_id = $1 AND webhook_id = $2 AND (held_until IS NULL OR held_until <= $4 OR held_by = $3)
RETURNING position, part
"""
_MOVE = """
UPDATE webhook_cursors SET position = $4, part = $5, held_until = $6
WHERE program_id = $1 AND webhook_id = $2 AND held_by = $3
"""
_HOLD_ON = "UPDATE webhook_cursors SET held_until = $2 WHERE held_by = $1"
_LET_GO = """
UPDATE webhook_cursors SET held_by = NULL, held_until = NULL WHERE program_id = $1 AND webhook_id = $2 AND held_by = $3
"""
_CLOSE = "DELETE FROM webhook_cursors WHERE program_id = $1 AND webhook_id = $2"


class HoldLost(Exception):
    """Another worker reads by this cursor now, or it was closed."""


async def open_cursor(connection: Connection, *, program_id: UUID, webhook_id: UUID, place: Place) -> None:
    """The webhook starts at ``place``."""
    await connection.execute(_OPEN, program_id, webhook_id, *place)


async def hold_cursor(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, holder: UUID, now: datetime, until: datetime
) -> Place | None:
    """Where to read on; None while another worker holds the cursor. ``now`` and ``until``: real time."""
    row = await connection.fetchrow(_HOLD, program_id, webhook_id, holder, now, until)
    return Place(*row) if row else None


async def hold_on(connection: Connection, *, holder: UUID, until: datetime) -> None:
    """Every cursor that the worker holds, in one statement, however many webhooks there are."""
    await connection.execute(_HOLD_ON, holder, until)


async def move_cursor(
    connection: Connection, *, program_id: UUID, webhook_id: UUID, holder: UUID, place: Place, until: datetime
) -> None:
    """Everything before ``place`` is done with. Raises HoldLost."""
    moved = await connection.execute(_MOVE, program_id, webhook_id, holder, *place, until)
    if moved != "UPDATE 1":
        raise HoldLost


async def let_go_of_cursor(connection: Connection, *, program_id: UUID, webhook_id: UUID, holder: UUID) -> None:
    """Another worker may read on at once."""
    await connection.execute(_LET_GO, program_id, webhook_id, holder)


async def close_cursor(connection: Connection, *, program_id: UUID, webhook_id: UUID) -> None:
    """The webhook is gone; no event is kept for it any more."""
    await connection.execute(_CLOSE, program_id, webhook_id)
