"""The cohort matrix: of those who first bought in a month, how many bought in each month from then on."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from loyalty_api.insights.activity import PEOPLE, activity
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

_EARLIEST = "SELECT min(first_on) FROM insight_members WHERE program_id = $1"
_SIZES = """
SELECT date_trunc('month', p.first_on::timestamp)::date, count(*)
FROM ({people}) AS p WHERE p.first_on >= $2::date AND p.first_on <= $3::date GROUP BY 1
"""
_CELLS = """
SELECT date_trunc('month', p.first_on::timestamp)::date, a.first, count(*)
FROM ({activity}) AS a JOIN ({people}) AS p USING (who)
WHERE a.purchases > 0 AND p.first_on >= $2::date AND p.first_on < $4::date GROUP BY 1, 2
"""


class Cohort(NamedTuple):
    """One row. ``cells``: as many for each cohort, from its own month on; None: not over, or not begun."""

    cohort: str
    size: int
    left_censored: bool
    cells: list[int | None]


async def read_cohorts(connection: Connection, asked: Asked, present: Present) -> list[Cohort]:
    """The cohorts of the months that are asked for, seen up to ``through``. Refuses: InsightRebuilding."""
    await begin_reading(connection, asked)
    earliest = await connection.fetchval(_EARLIEST, asked.program_id)
    if earliest is None:
        return []
    opening = earliest.replace(day=1)
    firsts = [period.first for period in asked.periods if period.first >= opening]
    named = (asked.program_id, asked.first)
    sizes = dict(await connection.fetch(_SIZES.format(people=PEOPLE), *named, asked.last))
    sql = _CELLS.format(activity=activity("month"), people=PEOPLE)
    behind = step(asked.periods[-1].first, "month")
    found = {
        (first, month): count for first, month, count in await connection.fetch(sql, *named, asked.through, behind)
    }
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
    return found.get((first, month), 0)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
