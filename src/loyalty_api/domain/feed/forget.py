"""Forgetting the oldest events: those that were recorded long ago and that every subscriber has read.

In the order of the feed, so that of each member too the oldest go first. What went is counted by member, so that the
proof of the ledger stays exact: what is kept and what was forgotten add up to the facts, without a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns

BATCH = 2000

# Kinds of events that facts are counted by, and the column of each.
COUNTED = {
    "purchase.recorded": "purchases",
    "engagement.recorded": "engagements",
    "purchase.returned": "returns",
    "purchase.voided": "returns",
    "points.opened": "openings",
    "points.adjusted": "adjustments",
    "points.moved": "adjustments",
    "points.reversed": "adjustments",
}
_COLUMNS = ("purchases", "engagements", "returns", "openings", "adjustments")

_HOLD = "SELECT COALESCE(forgotten, 0) AS forgotten FROM feed_lanes WHERE program_id = $1 FOR UPDATE"
_FORGOTTEN = "SELECT forgotten FROM feed_lanes WHERE program_id = $1"
_OLDEST = """
SELECT position, recorded_at FROM outbox WHERE program_id = $1 AND position > $2 AND position < $3
ORDER BY position LIMIT $4
"""
_FORGET = "DELETE FROM outbox WHERE program_id = $1 AND position > $2 AND position <= $3 RETURNING member_id, seq, type"
_COUNT = f"""
INSERT INTO forgotten_events AS f (member_id, program_id, through, {", ".join(_COLUMNS)})
SELECT u.member_id, $1, u.through, {", ".join(f"u.{each}" for each in _COLUMNS)}
FROM unnest($2::uuid[], $3::bigint[], {", ".join(f"${n + 4}::bigint[]" for n in range(len(_COLUMNS)))})
  AS u (member_id, through, {", ".join(_COLUMNS)})
ON CONFLICT (member_id) DO UPDATE SET through = EXCLUDED.through,
  {", ".join(f"{each} = f.{each} + EXCLUDED.{each}" for each in _COLUMNS)}
"""
_MOVE = "UPDATE feed_lanes SET forgotten = $2 WHERE program_id = $1"


async def forget_events(
    connection: Connection, program_id: UUID, *, before: datetime, needed: int, limit: int = BATCH
) -> int:
    """Forgets events recorded before an instant, at most ``limit``; how many it was. In a transaction.

    ``needed``: the first position that a subscriber has still to read. An event that stands behind one that is kept is
    kept as well.
    """
    lane = await connection.fetchrow(_HOLD, program_id)
    if lane is None:
        return 0
    rows = await connection.fetch(_OLDEST, program_id, lane["forgotten"], needed, limit)
    through = None
    for row in rows:
        if row["recorded_at"] >= before:
            break
        through = row["position"]
    if through is None:
        return 0
    gone = await connection.fetch(_FORGET, program_id, lane["forgotten"], through)
    await connection.execute(_COUNT, program_id, *columns(_counts(gone)))
    await connection.execute(_MOVE, program_id, through)
    return len(gone)


async def forgotten(connection: Connection, program_id: UUID) -> int:
    """How many of the program's events, from the first on, are not kept any more."""
    return await connection.fetchval(_FORGOTTEN, program_id) or 0


def _counts(gone: Sequence[Any]) -> list[tuple[Any, ...]]:
    """By member: up to which of the member's events, and how many of each kind."""
    counts: dict[UUID, dict[str, int]] = {}
    for row in gone:
        mine = counts.setdefault(row["member_id"], dict.fromkeys(("through", *_COLUMNS), 0))
        mine["through"] = max(mine["through"], row["seq"])
        if row["type"] in COUNTED:
            mine[COUNTED[row["type"]]] += 1
    return [(member_id, *counts[member_id].values()) for member_id in sorted(counts)]
