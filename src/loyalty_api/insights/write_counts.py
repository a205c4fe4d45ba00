"""The counts of a batch, written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from loyalty_api.insights.recount import Change, recount
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns

_WRITE = """
WITH written AS (
  INSERT INTO insight_counts AS t (program_id, kind, day, span, label, members)
  SELECT $1::uuid, u.* FROM unnest($2::text[], $3::date[], $4::int[], $5::text[], $6::bigint[]) AS u
  ON CONFLICT (program_id, kind, day, span, label) DO UPDATE SET members = t.members + EXCLUDED.members
  RETURNING kind, day, span, label, members
)
SELECT kind, day, span, label FROM written WHERE members = 0
"""
_EMPTIED = """
DELETE FROM insight_counts c USING unnest($2::text[], $3::date[], $4::int[], $5::text[]) AS u (kind, day, span, label)
WHERE c.program_id = $1 AND c.kind = u.kind AND c.day = u.day AND c.span = u.span AND c.label = u.label
"""


async def write_counts(connection: Connection, program_id: UUID, changes: Sequence[Change]) -> None:
    """What a batch does to the counts."""
    counts = recount(changes)
    rows = sorted((kind, date.fromordinal(day), *rest, by) for (kind, day, *rest), by in counts.items() if by)
    if not rows:
        return
    emptied = await connection.fetch(_WRITE, program_id, *columns(rows))
    if emptied:
        await connection.execute(_EMPTIED, program_id, *columns([tuple(row) for row in emptied]))
