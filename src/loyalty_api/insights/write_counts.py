"""The counts of a batch, written."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from loyalty_api.insights.count_standing import Move
from loyalty_api.insights.counts import Counts
from loyalty_api.insights.fold_members import TierMove
from loyalty_api.insights.recount import changes_of, recount, timeline_of
from loyalty_api.insights.state import State
from loyalty_api.insights.timeline import changed, packed
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns

_MOVES = """
SELECT member_id, position, effective_on, from_tier, to_tier FROM insight_tiers
WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, position
"""
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


def note_days(state: State, purchases: dict[UUID, dict[date, int]]) -> None:
    """Of members and days whose purchases changed, how many they are now."""
    for member_id, days in purchases.items():
        person = state.person(member_id)
        timeline = changed(timeline_of(person), {day.toordinal(): count for day, count in days.items()})
        person.first_on, person.last_on, person.bought, person.bought_twice = packed(timeline)


async def write_counts(connection: Connection, state: State, behind: int) -> None:
    """What the batch, whose rows are written and whose events are those behind a position, does to the counts."""
    moved = {each.member_id for each in state.rows.get("insight_tiers", ()) if isinstance(each, TierMove)}
    changes = changes_of(state.before, state.people, moved)
    moves: dict[UUID, list[Move]] = {}
    if changes.restanding:
        for member_id, *move in await connection.fetch(_MOVES, list(changes.restanding)):
            moves.setdefault(member_id, []).append(Move(*move))
    await _add(connection, state.program_id, recount(changes, moves, behind))


async def _add(connection: Connection, program_id: UUID, counts: Counts) -> None:
    rows = sorted((kind, date.fromordinal(day), *rest, by) for (kind, day, *rest), by in counts.items() if by)
    if not rows:
        return
    emptied = await connection.fetch(_WRITE, program_id, *columns(rows))
    if emptied:
        await connection.execute(_EMPTIED, program_id, *columns([tuple(row) for row in emptied]))
