"""The people whom a batch changed, as they were before it and as they are behind it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from loyalty_api.insights.count_standing import Move
from loyalty_api.insights.fold_members import TierMove
from loyalty_api.insights.measures import PURCHASES, SALES
from loyalty_api.insights.recount import Change, changes_of, timeline_of, with_moves
from loyalty_api.insights.state import State
from loyalty_api.insights.timeline import changed, packed
from loyalty_api.kernel.database import Connection

_MOVES = """
SELECT member_id, position, effective_on, from_tier, to_tier FROM insight_tiers
WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, position
"""


def note_days(state: State, purchases: dict[UUID, dict[date, int]]) -> None:
    """Of members and days whose purchases changed, how many they are now."""
    for member_id, days in purchases.items():
        person = state.person(member_id)
        timeline = changed(timeline_of(person), {day.toordinal(): count for day, count in days.items()})
        person.first_on, person.last_on, person.bought, person.bought_twice = packed(timeline)


async def read_changes(connection: Connection, state: State, behind: int) -> list[Change]:
    """Of a batch whose rows are written, and whose events are those behind a position."""
    touched = {each.member_id for each in state.rows.get("insight_tiers", ()) if isinstance(each, TierMove)}
    touched |= {member_id for (member_id, _), counts in state.days.items() if counts[PURCHASES] or counts[SALES]}
    changes = changes_of(state.before, state.people, touched)
    moves: dict[UUID, list[Move]] = {}
    moved = [each.who for each in changes if each.who in state.people and state.people[each.who].tier_moved]
    if moved:
        for member_id, *move in await connection.fetch(_MOVES, moved):
            moves.setdefault(member_id, []).append(Move(*move))
    return with_moves(changes, moves, behind)
