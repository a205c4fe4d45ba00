"""Recency, frequency and monetary value: members by three scores from 1 to 5, 5 the best."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.insights.series import begin_reading
from loyalty_api.kernel.clock import add_days, first_of_next_month
from loyalty_api.kernel.database import Connection

SCORINGS = ("ties", "quintiles")
LOOK_BACK_DAYS = 365
DIMENSIONS = ("r", "f", "m")
DEFINITION = (
    "Of members with a purchase in the look-back, which ends with through: r, days since the last one; f, purchases; m,"
    " sales less returns in it. Scored from 1 to 5, 5 the best, each by itself. ties: 1 + 5 * (rank - 1) div n, where"
    " those alike share the lowest rank; quintiles: fifths as equal as can be, those alike in the order of their ids."
    " Source: Hughes, Strategic Database Marketing, 1994; Bult & Wansbeek, Marketing Science 14(4), 1995."
)

_SCORES = {
    "ties": "1 + 5 * (rank() OVER (ORDER BY {order}) - 1) / count(*) OVER ()",
    "quintiles": "ntile(5) OVER (ORDER BY {order}, who)",
}
_ORDER = {"r": "r DESC", "f": "f", "m": "m"}
# Whole months together, and the days at both ends. Whoever bought behind the last day, of them the days are asked.
_SCORED = """
WITH sums AS MATERIALIZED (
    SELECT member_id, sum(purchases)::bigint AS f, sum(sales_minor)::bigint AS m
    FROM (
      SELECT member_id, purchases, sales_minor FROM insight_months
      WHERE program_id = $1 AND month >= $4::date AND month < $5::date
      UNION ALL SELECT member_id, purchases, sales_minor FROM insight_days
      WHERE program_id = $1 AND day >= $2::date AND day <= $3::date AND day < $4::date
      UNION ALL SELECT member_id, purchases, sales_minor FROM insight_days
      WHERE program_id = $1 AND day >= GREATEST($4::date, $5::date) AND day <= $3::date
    ) AS parts GROUP BY 1
),
bought AS (
    SELECT COALESCE(m.merged_into, m.member_id) AS who, $3::date - max(
             CASE WHEN last_on <= $3::date THEN last_on ELSE (
               SELECT max(day) FROM insight_days d WHERE d.member_id = m.member_id AND purchases > 0 AND day <= $3::date
             ) END) AS r,
           sum(s.f)::bigint AS f, sum(s.m)::bigint AS m
    FROM sums s JOIN insight_members m USING (member_id) GROUP BY 1 HAVING sum(s.f) > 0
),
scored AS MATERIALIZED (SELECT r, f, m, {scores} FROM bought)
"""
# One look at the days gives the cells and each dimension's cut-offs; a bit is set for what is not grouped by.
_GRID = (
    _SCORED
    + """
SELECT GROUPING(r_score, f_score, m_score), r_score, f_score, m_score, count(*), min(r), max(r), min(f), max(f),
       min(m), max(m)
FROM scored GROUP BY GROUPING SETS ((r_score, f_score, m_score), (r_score), (f_score), (m_score)) ORDER BY 1, 2, 3, 4
"""
)
_CELL, _CUT = 0b000, {"r": 0b011, "f": 0b101, "m": 0b110}


class CutOff(NamedTuple):
    """What a score stands for: from the least to the most of those who have it, and how many they are."""

    score: int
    least: int
    most: int
    members: int


class Rfm(NamedTuple):
    """The cut-offs of each dimension, and (r, f, m, members) of every cell that has any."""

    cut_offs: dict[str, list[CutOff]]
    cells: list[tuple[int, int, int, int]]


async def read_rfm(
    connection: Connection, *, program_id: UUID, through: date, scoring: str, look_back_days: int
) -> Rfm:
    """The grid as of ``through``, worked out. Refuses: InsightRebuilding."""
    await begin_reading(connection, program_id)
    first = add_days(through, 1 - look_back_days)
    opening = first if first.day == 1 else first_of_next_month(first)
    days: tuple[Any, ...] = (program_id, first, through, opening, through.replace(day=1))
    scores = ", ".join(f"({_SCORES[scoring].format(order=_ORDER[name])})::int AS {name}_score" for name in DIMENSIONS)
    rows = [tuple(row) for row in await connection.fetch(_GRID.format(scores=scores), *days)]
    cut_offs = {
        name: [
            CutOff(row[1 + place], row[5 + 2 * place], row[6 + 2 * place], row[4])
            for row in rows
            if row[0] == _CUT[name]
        ]
        for place, name in enumerate(DIMENSIONS)
    }
    return Rfm(cut_offs, [row[1:5] for row in rows if row[0] == _CELL])
