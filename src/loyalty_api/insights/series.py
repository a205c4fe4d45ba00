"""A metric over time: its cells read, and told with what they rest on."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.insights.metric import PROPORTION, Asked, Cell, Metric, value_of, wilson
from loyalty_api.insights.periods import Period, label_of
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.kernel.clock import add_days, end_of_day, start_of_day
from loyalty_api.kernel.database import Connection

_RESTATED = """
SELECT day, restated_at FROM insight_program_days
WHERE program_id = $1 AND restated_at IS NOT NULL AND day >= $2::date AND day <= $3::date
"""
# A loop inside a loop is never right for these, and what the planner guesses of fresh tables may choose one. Nor is a
# plan that was made for any span of days: it takes each for a short one.
_PLANNED = """
SELECT set_config('enable_nestloop', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)
"""


class Point(NamedTuple):
    """One value as it is told. ``complete``: the period is over, and so is all that decides the value."""

    period: str
    group: str | None
    numerator: int | None
    denominator: int | None
    value: int | float | None
    n: int
    low: float | None
    high: float | None
    complete: bool
    restated: bool


class Present(msgspec.Struct, frozen=True):
    """The program's present and its zone."""

    now: datetime
    zone: ZoneInfo


async def read_series(connection: Connection, metric: Metric, asked: Asked, present: Present) -> list[Point]:
    """The metric's points, by period and group. Refuses: InsightRebuilding."""
    await begin_reading(connection, asked.program_id)
    cells = await metric.read(connection, asked)
    restated = await _restated(connection, metric, asked, present)
    told = {
        period.first: _Told(
            label_of(period.first, asked.period),
            is_over(present, asked.through, period.last),
            period.first in restated,
        )
        for period in asked.periods
    }
    return [_point(metric, cell, told[cell.first]) for cell in cells]


async def begin_reading(connection: Connection, program_id: UUID) -> None:
    """Makes the transaction ready for the large joins of figures. Refuses (InsightRebuilding) while they are worked out
    anew."""
    await connection.execute(_PLANNED)
    await check_rebuilt(connection, program_id=program_id)


def is_over(present: Present, through: date, last: date) -> bool:
    """Whether a period that ends with ``last`` is over, by ``through`` and by the program's present."""
    return last <= through and end_of_day(last, present.zone) <= present.now


class _Told(NamedTuple):
    """What is told of a period, whatever the group."""

    label: str
    over: bool
    restated: bool


def _point(metric: Metric, cell: Cell, told: _Told) -> Point:
    _, group, numerator, denominator, n, settled = cell
    low = high = None
    if metric.kind == PROPORTION and denominator and numerator is not None:
        low, high = wilson(numerator, denominator)
    value = value_of(metric, cell)
    complete = settled and told.over
    return Point(told.label, group, numerator, denominator, value, n, low, high, complete, told.restated)


async def _restated(connection: Connection, metric: Metric, asked: Asked, present: Present) -> set[date]:
    """The periods, by their first days, of which something that decides them was recorded behind their end."""
    reaches = {period: metric.reaches(asked, period) for period in asked.periods}
    days = min(each.first for each in reaches.values()), max(each.last for each in reaches.values())
    marks = await connection.fetch(_RESTATED, asked.program_id, *days)
    return {
        period.first
        for period, reach in reaches.items()
        if _restates(reach, start_of_day(add_days(period.last, 1), present.zone), marks)
    }


def _restates(reach: Period, end: datetime, marks: list) -> bool:
    return any(reach.first <= day <= reach.last and at >= end for day, at in marks)
