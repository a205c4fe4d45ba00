"""The cohort matrix: of those who first bought in a month, how many bought in each month from then on."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from loyalty_api.insights.counts import AGAIN, COHORT
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import label_of, step
from loyalty_api.insights.series import Present, begin_reading, is_over
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

DEFINITION = (
    "Members by the month of their first purchase, and how many of them bought in that month and in each behind it:"
    " in that very month, not by then. Null until the month is over. The program's first cohort is left-censored: its"
    " members may have bought before anybody noted it. Source: Fader & Hardie, How to Project Customer Retention,"
    " Journal of Interactive Marketing 21(1), 2007."
)

_EARLIEST = f"SELECT min(day) FROM insight_counts WHERE program_id = $1 AND kind = '{AGAIN}'"
_SIZES = f"""
SELECT date_trunc('month', day::timestamp)::date, sum(members)::bigint FROM insight_counts
WHERE program_id = $1 AND kind = '{AGAIN}' AND span = 0 AND day >= $2 AND day <= $3 GROUP BY 1
"""
_CELLS = f"""
SELECT day, span, members FROM insight_counts WHERE program_id = $1 AND kind = '{COHORT}' AND day >= $2 AND day <= $3
"""


class Cohort(NamedTuple):
    """One row. ``cells``: as many for each cohort, from its own month on; None: not over, or not begun."""

    cohort: str
    size: int
    left_censored: bool
    cells: list[int | None]


async def read_cohorts(connection: Connection, asked: Asked, present: Present) -> list[Cohort]:
    """The cohorts of the months that are asked for, seen up to ``through``. Refuses: InsightRebuilding."""
    await begin_reading(connection, asked.program_id)
    earliest = await connection.fetchval(_EARLIEST, asked.program_id)
    if earliest is None:
        return []
    opening = earliest.replace(day=1)
    firsts = [period.first for period in asked.periods if period.first >= opening]
    named = (asked.program_id, asked.first)
    sizes = dict(await connection.fetch(_SIZES, *named, asked.last))
    cells = await connection.fetch(_CELLS, *named, asked.last)
    found = {(first, number): count for first, number, count in cells}
    width = _months_between(firsts[0], asked.through) + 1 if firsts else 0
    return [
        Cohort(
            label_of(first, "month"),
            sizes.get(first, 0),
            first == opening,
            [_cell(found, asked, present, first, number) for number in range(width)],
        )
        for first in firsts
    ]


def _cell(found: dict, asked: Asked, present: Present, first: date, number: int) -> int | None:
    month = step(first, "month", number)
    if not is_over(present, asked.through, add_days(step(month, "month"), -1)):
        return None
    return found.get((first, number), 0)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
