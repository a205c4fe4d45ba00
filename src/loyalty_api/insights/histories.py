"""When members bought, as the models of ``buying.py`` and ``spending.py`` ask for it: days, each once, and the sales of
the days behind the first. What aliases bought counts for their survivors. Needs no numpy."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection


class Row(NamedTuple):
    """So many ``members`` of one history: ``repeats`` days of buying behind the first, the last of them ``last_days``
    behind it, watched for ``days``, and ``sales_minor`` of the repeats together."""

    repeats: int
    last_days: int
    days: int
    sales_minor: int
    members: int


class Bought(NamedTuple):
    """One member's history. ``sales_minor``: of the repeats."""

    member_id: UUID
    first_on: date
    last_on: date
    repeats: int
    sales_minor: int


class After(NamedTuple):
    """What ``members`` did who had bought by then: on how many days they bought since."""

    members: int
    purchases: int


# A day's sales are what was paid on it, less what came back on it.
_DAYS = """
WITH days AS (
  SELECT COALESCE(m.merged_into, m.member_id) AS member_id, d.day, sum(d.sales_minor) AS sales_minor
  FROM insight_days d JOIN insight_members m USING (member_id)
  WHERE {whose} AND d.day <= $2
  GROUP BY 1, 2 HAVING sum(d.purchases) > 0
)"""
_PEOPLE = """, people AS (
  SELECT member_id, min(day) AS first_on, max(day) AS last_on, count(*) - 1 AS repeats,
         (sum(sales_minor) - (array_agg(sales_minor ORDER BY day))[1])::bigint AS sales_minor
  FROM days GROUP BY member_id
)"""
_ROWS = f"""{_DAYS.format(whose="d.program_id = $1")}{_PEOPLE}
SELECT repeats, last_on - first_on, $2 - first_on, sales_minor, count(*)
FROM people GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_OF = f"""{_DAYS.format(whose="(m.member_id = ANY($1::uuid[]) OR m.merged_into = ANY($1::uuid[]))")}{_PEOPLE}
SELECT member_id, first_on, last_on, repeats, sales_minor FROM people
"""
_AFTER = f"""{_DAYS.format(whose="d.program_id = $1")}, known AS (
  SELECT member_id FROM days GROUP BY member_id HAVING min(day) <= $3
)
SELECT count(DISTINCT member_id), count(*) FILTER (WHERE day > $3) FROM days JOIN known USING (member_id)
"""
_FIRST = "SELECT min(first_on) FROM insight_members WHERE program_id = $1"
_BUYERS = "SELECT count(*) FROM insight_members WHERE program_id = $1 AND purchases > 0"


async def read_histories(connection: Connection, *, program_id: UUID, through: date) -> list[Row]:
    """The histories of everybody who bought by the end of ``through``, each once, in one order."""
    return [Row(*row) for row in await connection.fetch(_ROWS, program_id, through)]


async def histories_of(connection: Connection, *, member_ids: Collection[UUID], through: date) -> dict[UUID, Bought]:
    """The histories of some members, who are nobody's aliases; of those who had bought by then."""
    rows = await connection.fetch(_OF, list(member_ids), through)
    return {row["member_id"]: Bought(*row) for row in rows}


async def bought_after(connection: Connection, *, program_id: UUID, known_on: date, through: date) -> After:
    """What those who had bought by the end of ``known_on`` did from then to the end of ``through``."""
    return After(*await connection.fetchrow(_AFTER, program_id, through, known_on))


async def first_day(connection: Connection, *, program_id: UUID) -> date | None:
    """The first day on which anybody bought."""
    return await connection.fetchval(_FIRST, program_id)


async def count_buyers(connection: Connection, *, program_id: UUID) -> int:
    """How many members have bought."""
    return await connection.fetchval(_BUYERS, program_id)
