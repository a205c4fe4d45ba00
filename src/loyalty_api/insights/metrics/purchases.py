"""Purchases, sales, and what an average of them is."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from loyalty_api.insights.activity import PEOPLE, activity, end_of, group_of
from loyalty_api.insights.counted import NOBODY, read_buyers
from loyalty_api.insights.metric import COUNT, RATIO, Asked, Cell, Metric, filled
from loyalty_api.kernel.database import Connection

GROUPS = ("tier", "store", "cohort", "employee")

_ALL = """
SELECT date_trunc('{period}', day::timestamp)::date, NULL::text, sum(purchases)::bigint, sum(sales_minor)::bigint, 0
FROM insight_program_days WHERE program_id = $1 AND day >= $2::date AND day <= $3::date GROUP BY 1
"""
_BY_PLACE = """
SELECT date_trunc('{period}', r.day::timestamp)::date, r.{by}, count(*) FILTER (WHERE r.entry_id = r.purchase_id),
       sum(r.amount_minor)::bigint,
       count(DISTINCT COALESCE(m.merged_into, r.member_id)) FILTER (WHERE r.entry_id = r.purchase_id)
FROM insight_receipts r JOIN insight_members m USING (member_id)
WHERE r.program_id = $1 AND r.day >= $2::date AND r.day <= $3::date AND NOT r.voided
GROUP BY 1, 2
"""
_BY_PERSON = """
SELECT first, grouped, sum(purchases)::bigint, sum(sales_minor)::bigint, count(*) FILTER (WHERE purchases > 0)
FROM (SELECT a.*, {group} AS grouped FROM ({activity}) AS a JOIN ({people}) AS p USING (who)
      WHERE a.purchases <> 0 OR a.sales_minor <> 0) AS a
GROUP BY 1, 2
"""


class _Sum(NamedTuple):
    """What was bought in a period, by a group, and by how many; ``buyers`` is 0 where nobody asked."""

    first: date
    group: str | None
    purchases: int
    sales_minor: int
    buyers: int


async def _sums(connection: Connection, asked: Asked, *, buyers: bool = False) -> list[_Sum]:
    if asked.by in ("store", "employee"):
        sql = _BY_PLACE.format(period=asked.period, by=asked.by)
    elif asked.by is not None:
        group = group_of(asked.by, who="a.who", day=end_of("a.first", asked.period))
        sql = _BY_PERSON.format(group=group, activity=activity(asked.period), people=PEOPLE)
    else:
        sql = _ALL.format(period=asked.period)
    sums = [_Sum(*row) for row in await connection.fetch(sql, asked.program_id, asked.first, asked.last)]
    if asked.by is not None or not buyers:
        return sums
    counts = await read_buyers(connection, asked)
    return [each._replace(buyers=counts.get(each.first, NOBODY).active) for each in sums]


async def read_purchases(connection: Connection, asked: Asked) -> list[Cell]:
    """How many there were."""
    sums = await _sums(connection, asked)
    return filled([Cell(each.first, each.group, each.purchases, None, each.purchases) for each in sums], asked)


async def read_sales(connection: Connection, asked: Asked) -> list[Cell]:
    """What they came to, less what went back."""
    sums = await _sums(connection, asked)
    return filled([Cell(each.first, each.group, each.sales_minor, None, each.purchases) for each in sums], asked)


async def read_average(connection: Connection, asked: Asked) -> list[Cell]:
    """Sales per purchase."""
    sums = await _sums(connection, asked)
    cells = [Cell(each.first, each.group, each.sales_minor, each.purchases, each.purchases) for each in sums]
    return filled(cells, asked, ratio=True)


async def read_frequency(connection: Connection, asked: Asked) -> list[Cell]:
    """Purchases per buyer."""
    sums = await _sums(connection, asked, buyers=True)
    cells = [Cell(each.first, each.group, each.purchases, each.buyers, each.buyers) for each in sums]
    return filled(cells, asked, ratio=True)


METRICS = [
    Metric(
        slug="purchases",
        label="Purchases",
        unit="purchases",
        definition="Purchases of members in the period, by when they happened. A purchase that was returned stays one;"
        " one that was voided never was; one that was moved counts for the member whose it is now.",
        window="the period",
        owner="sales",
        kind=COUNT,
        read=read_purchases,
        groups=GROUPS,
    ),
    Metric(
        slug="sales",
        label="Sales",
        unit="minor units",
        definition="What members paid for purchases in the period, less what was returned in the period, whenever that"
        " was bought. n: purchases.",
        window="the period",
        owner="sales",
        kind=COUNT,
        read=read_sales,
        groups=GROUPS,
    ),
    Metric(
        slug="average_transaction_value",
        label="Average transaction value",
        unit="minor units per purchase",
        definition="Sales / purchases of the period. Source: Farris, Bendle, Pfeifer & Reibstein, Marketing Metrics,"
        " 2010.",
        window="the period",
        owner="sales",
        kind=RATIO,
        read=read_average,
        groups=GROUPS,
    ),
    Metric(
        slug="frequency",
        label="Purchase frequency",
        unit="purchases per active member",
        definition="Purchases / members with at least one, in the period; by store or employee: with at least one"
        " there. Source: Farris, Bendle, Pfeifer & Reibstein, Marketing Metrics, 2010.",
        window="the period",
        owner="marketing",
        kind=RATIO,
        read=read_frequency,
        groups=GROUPS,
    ),
]
