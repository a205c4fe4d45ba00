"""Who comes back from one period to the next.

For every period: active = retained from the one before + new + returned.
"""

from __future__ import annotations

from typing import Any

from loyalty_api.insights.counted import NOBODY, read_buyers
from loyalty_api.insights.grouped import read_sums
from loyalty_api.insights.metric import (
    COUNT,
    PROPORTION,
    Asked,
    Cell,
    Metric,
    and_before,
    and_next,
    filled,
)
from loyalty_api.insights.periods import step
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

SOURCE = "Source: Reinartz & Kumar, Journal of Marketing 64(4), 2000; Fader & Hardie, Journal of Interactive Marketing"
SOURCE += " 23(1), 2009."
GROUPS = ("tier", "cohort")


async def _retained(connection: Connection, asked: Asked) -> list[tuple[Any, ...]]:
    """(first, group, retained, active); retained None where the next period is not over."""
    if asked.by is None:
        last = min(add_days(step(asked.periods[-1].first, asked.period, 2), -1), asked.through)
        counts = await read_buyers(connection, asked, last)
        following = {first: step(first, asked.period) for first in counts}
        rows = [(first, None, counts.get(following[first], NOBODY).kept, counts[first].active) for first in counts]
    else:
        sums = await read_sums(connection, asked)
        rows = [(each.first, each.group, each.retained, each.active) for each in sums if each.active]
    return [
        (first, group, retained if _next_is_over(asked, first) else None, active)
        for first, group, retained, active in rows
    ]


def _next_is_over(asked: Asked, first: Any) -> bool:
    return step(first, asked.period, 2) <= add_days(asked.through, 1)


async def read_retention(connection: Connection, asked: Asked) -> list[Cell]:
    """Of those who bought in a period, those who bought in the next."""
    rows = await _retained(connection, asked)
    return _known(asked, [Cell(first, group, retained, active, active) for first, group, retained, active in rows])


async def read_churn(connection: Connection, asked: Asked) -> list[Cell]:
    """Of those who bought in a period, those who did not in the next."""
    rows = await _retained(connection, asked)
    lost = [(first, group, None if kept is None else active - kept, active) for first, group, kept, active in rows]
    return _known(asked, [Cell(first, group, gone, active, active) for first, group, gone, active in lost])


def _known(asked: Asked, cells: list[Cell]) -> list[Cell]:
    """Nothing is known of periods without anybody either, until the next is over."""
    return [
        cell if _next_is_over(asked, cell.first) else cell._replace(numerator=None)
        for cell in filled(cells, asked, ratio=True)
    ]


async def read_new(connection: Connection, asked: Asked) -> list[Cell]:
    """Who bought for the first time."""
    if asked.by is None:
        counts = (await read_buyers(connection, asked)).items()
        return filled([Cell(first, None, each.new, None, each.new) for first, each in counts], asked)
    sums = await read_sums(connection, asked)
    return filled([Cell(each.first, each.group, each.new, None, each.new) for each in sums if each.new], asked)


async def read_returned(connection: Connection, asked: Asked) -> list[Cell]:
    """Who bought, had not in the period before, but earlier."""
    if asked.by is None:
        counts = (await read_buyers(connection, asked)).items()
        return filled([Cell(first, None, each.returned, None, each.returned) for first, each in counts], asked)
    sums = [each for each in await read_sums(connection, asked) if each.returned]
    return filled([Cell(each.first, each.group, each.returned, None, each.returned) for each in sums], asked)


METRICS = [
    Metric(
        slug="retention",
        label="Retention",
        unit="share",
        definition="Of the members active in the period, those active in the next one too; null until that is over. "
        + SOURCE,
        window="the period and the next",
        owner="marketing",
        kind=PROPORTION,
        read=read_retention,
        groups=GROUPS,
        reaches=and_next,
    ),
    Metric(
        slug="churn",
        label="Churn",
        unit="share",
        definition="1 - retention: of the members active in the period, those not active in the next one; null until"
        " that is over. Not for ever: some of them return. " + SOURCE,
        window="the period and the next",
        owner="marketing",
        kind=PROPORTION,
        read=read_churn,
        groups=GROUPS,
        reaches=and_next,
    ),
    Metric(
        slug="new_members",
        label="New members",
        unit="members",
        definition="Members whose first purchase, that was not voided, was in the period. First seen is not first"
        " made: of a program's first period they are all who bought.",
        window="the period",
        owner="marketing",
        kind=COUNT,
        read=read_new,
        groups=GROUPS,
        reaches=and_before,
    ),
    Metric(
        slug="returned_members",
        label="Returned members",
        unit="members",
        definition="Members active in the period, not active in the one before, and active earlier: active = retained"
        " + new + returned.",
        window="the period and all before",
        owner="marketing",
        kind=COUNT,
        read=read_returned,
        groups=GROUPS,
        reaches=and_before,
    ),
]
