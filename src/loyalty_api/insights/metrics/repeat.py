"""Who buys a second time."""

from __future__ import annotations

from loyalty_api.insights.counts import SECOND
from loyalty_api.insights.metric import PROPORTION, Asked, Cell, Metric, and_before_and_within, filled
from loyalty_api.insights.periods import step
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

_REPEATED = f"""
SELECT date_trunc('{{period}}', day::timestamp)::date,
       COALESCE(sum(members) FILTER (WHERE span BETWEEN 0 AND $3), 0)::bigint, sum(members)::bigint
FROM insight_counts
WHERE program_id = $1 AND kind = '{SECOND}' AND day >= $4::date AND day <= $5::date AND day + $3::int <= $2::date
GROUP BY 1
"""


async def read_repeat_rate(connection: Connection, asked: Asked) -> list[Cell]:
    """Of those who bought first in a period, those who bought again soon."""
    sql = _REPEATED.format(period=asked.period)
    days = asked.within_days, asked.first, asked.last
    rows = await connection.fetch(sql, asked.program_id, asked.through, *days)
    found = filled([Cell(first, None, again, buyers, buyers) for first, again, buyers in rows], asked, ratio=True)
    return [cell._replace(settled=_is_over(asked, cell)) for cell in found]


def _is_over(asked: Asked, cell: Cell) -> bool:
    """Whether the window of everybody is over who bought first in the period."""
    last = add_days(step(cell.first, asked.period), -1)
    return add_days(last, asked.within_days) <= asked.through


METRICS = [
    Metric(
        slug="repeat_rate",
        label="Repeat-purchase rate",
        unit="share",
        definition="Of the members whose first purchase was in the period and at least within_days before the end of"
        " through, those with two purchases or more from that day to within_days behind it, on the same day too. Not"
        " complete until all of the period are that old. Source: Farris, Bendle, Pfeifer & Reibstein, Marketing"
        " Metrics, 2010 (repeat rate).",
        window="within_days from the first purchase",
        owner="marketing",
        kind=PROPORTION,
        read=read_repeat_rate,
        parameters=("within_days",),
        reaches=and_before_and_within,
    ),
]
