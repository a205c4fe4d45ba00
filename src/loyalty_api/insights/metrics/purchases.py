"""Purchases, sales, and what an average of them is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from loyalty_api.insights.counted import NOBODY, read_buyers
from loyalty_api.insights.grouped import Sum, read_sums
from loyalty_api.insights.metric import COUNT, RATIO, Asked, Cell, Metric, filled
from loyalty_api.kernel.database import Connection

GROUPS = ("tier", "store", "cohort", "employee")

_ALL = """
SELECT date_trunc('{period}', day::timestamp)::date, NULL::text, sum(purchases)::bigint, sum(sales_minor)::bigint, 0
FROM insight_program_days WHERE program_id = $1 AND day >= $2::date AND day <= $3::date GROUP BY 1
"""


class _Sum(NamedTuple):
    """What was bought in a period, and by how many: ``active`` is 0 where nobody asked."""

    first: date
    group: None
    purchases: int
    sales_minor: int
    active: int


async def _sums(connection: Connection, asked: Asked, *, buyers: bool = False) -> Sequence[_Sum | Sum]:
    if asked.by is not None:
        sums = await read_sums(connection, asked)
        return [each for each in sums if each.receipts or each.purchases or each.sales_minor]
    sql = _ALL.format(period=asked.period)
    sums = [_Sum(*row) for row in await connection.fetch(sql, asked.program_id, asked.first, asked.last)]
    if not buyers:
        return sums
    counts = await read_buyers(connection, asked)
    return [each._replace(active=counts.get(each.first, NOBODY).active) for each in sums]


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
    cells = [Cell(each.first, each.group, each.purchases, each.active, each.active) for each in sums]
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
