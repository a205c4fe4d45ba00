"""The sums of groups of a batch, written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from loyalty_api.insights.group_places import Entries, Visit, Visits, stay_of
from loyalty_api.insights.group_sales import Amount, Days, rows_since
from loyalty_api.insights.grouped_people import Turn, turn_of
from loyalty_api.insights.groups import SUMS
from loyalty_api.insights.recount import Change
from loyalty_api.insights.regroup import added_of, entries_of, regroup
from loyalty_api.insights.state import State
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns

# Of each member by key, whatever the planner takes the tables to be.
_DAYS = """
SELECT u.member_id, d.* FROM unnest($1::uuid[], $2::date[]) AS u (member_id, since) CROSS JOIN LATERAL (
  SELECT day, purchases, sales_minor FROM insight_days WHERE member_id = u.member_id AND day >= u.since
) AS d WHERE d.purchases <> 0 OR d.sales_minor <> 0
"""
_VISITS = """
SELECT u.member_id, r.* FROM unnest($1::uuid[], $2::date[], $3::date[]) AS u (member_id, first, ending)
CROSS JOIN LATERAL (
  SELECT day, store, employee FROM insight_receipts
  WHERE member_id = u.member_id AND day >= u.first AND day < u.ending AND entry_id = purchase_id AND NOT voided
) AS r
"""
_KEY = "program_id", "grouped", "period", "day", "label"
_ADDED = ", ".join(f"{name} = t.{name} + EXCLUDED.{name}" for name in SUMS)
_PLACES = ", ".join(f"${number}::bigint[]" for number in range(6, 6 + len(SUMS)))
_WRITE = f"""
WITH written AS (
  INSERT INTO insight_groups AS t ({", ".join((*_KEY, *SUMS))})
  SELECT $1::uuid, u.* FROM unnest($2::text[], $3::text[], $4::date[], $5::text[], {_PLACES}) AS u
  ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {_ADDED}
  RETURNING *
)
SELECT grouped, period, day, label FROM written WHERE {" AND ".join(f"{name} = 0" for name in SUMS)}
"""
_EMPTIED = """
DELETE FROM insight_groups g
USING unnest($2::text[], $3::text[], $4::date[], $5::text[]) AS u (grouped, period, day, label)
WHERE g.program_id = $1 AND g.grouped = u.grouped AND g.period = u.period AND g.day = u.day AND g.label = u.label
"""


async def write_groups(connection: Connection, state: State, changes: Sequence[Change]) -> None:
    """What a batch, whose rows are written, does to the sums of groups."""
    turns, entries = [turn_of(each) for each in changes], entries_of(state)
    rows, visits = await _read_days(connection, turns), await _read_visits(connection, turns, entries)
    changed = regroup(turns, added=added_of(state), rows=rows, entries=entries, visits=visits)
    if not changed:
        return
    written = [(*row[:2], date.fromordinal(row[2]), row[3], *sums) for row, sums in changed]
    emptied = await connection.fetch(_WRITE, state.program_id, *columns(written))
    if emptied:
        await connection.execute(_EMPTIED, state.program_id, *columns([tuple(row) for row in emptied]))


async def _read_days(connection: Connection, turns: Sequence[Turn]) -> Days:
    wanted = {
        member: date.fromordinal(since)
        for turn in turns
        if (since := rows_since(turn)) is not None
        for member in {*turn.was.members, *turn.now.members}
    }
    rows: dict[UUID, dict[int, Amount]] = {}
    if wanted:
        for member_id, day, *amount in await connection.fetch(_DAYS, [*wanted], [*wanted.values()]):
            rows.setdefault(member_id, {})[day.toordinal()] = amount[0], amount[1]
    return rows


async def _read_visits(connection: Connection, turns: Sequence[Turn], entries: Entries) -> Visits:
    wanted = {
        member: stay
        for turn in turns
        if (stay := stay_of(turn, entries)) is not None
        for member in {*turn.was.members, *turn.now.members}
    }
    visits: dict[UUID, list[Visit]] = {member: [] for member in wanted}
    if wanted:
        days = ([date.fromordinal(each) for each in part] for part in zip(*wanted.values(), strict=True))
        for member_id, day, store, employee in await connection.fetch(_VISITS, [*wanted], *days):
            visits[member_id].append(Visit(day.toordinal(), store or "", employee or ""))
    return visits
