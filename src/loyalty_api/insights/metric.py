"""What a metric is, what it is asked, and what it answers (pure).

Numerators and denominators are whole numbers; a value is their quotient, unrounded, and null where there is nothing to
divide by. What cannot be known yet, as its window reaches behind ``through``, is null and never a low number.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.insights.periods import Period, step
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

COUNT, RATIO, PROPORTION = "count", "ratio", "proportion"
Z = 1.959963984540054  # of 95 %

WINDOW_DAYS = 56
WITHIN_DAYS = 60


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. ``periods``: whole ones, the last of which may reach behind ``through``, none may begin there.
    ``zone`` and ``cost_minor_per_100``, what 100 points cost: the program's."""

    program_id: UUID
    zone: ZoneInfo
    through: date
    period: str
    periods: Sequence[Period]
    by: str | None = None
    cost_minor_per_100: int = 0
    window_days: int = WINDOW_DAYS
    within_days: int = WITHIN_DAYS

    @property
    def first(self) -> date:
        """The first day that is asked for."""
        return self.periods[0].first

    @property
    def last(self) -> date:
        """The last day that is asked for and known of."""
        return min(self.periods[-1].last, self.through)


class Cell(NamedTuple):
    """One value: of the period that begins at ``first``, and of a group (None: those without one). ``numerator`` None:
    not to be known yet. ``n``: how many the value rests on. ``settled``: False where more may come in by itself."""

    first: date
    group: str | None
    numerator: int | None
    denominator: int | None
    n: int
    settled: bool = True


Read = Callable[[Connection, Asked], Awaitable[list[Cell]]]
Reach = Callable[[Asked, Period], Period]


def itself(_: Asked, period: Period) -> Period:
    """What happened in the period decides its value."""
    return period


def and_next(asked: Asked, period: Period) -> Period:
    """So does what happened in the next one."""
    return Period(period.first, add_days(step(period.first, asked.period, 2), -1))


def and_before(_: Asked, period: Period) -> Period:
    """So does what happened at any time before."""
    return Period(date.min, period.last)


def and_window(asked: Asked, period: Period) -> Period:
    """So does what happened in the window before it."""
    return Period(add_days(period.first, -asked.window_days), period.last)


def and_before_and_within(asked: Asked, period: Period) -> Period:
    """So does what happened at any time before, or in the days after it."""
    return Period(date.min, add_days(period.last, asked.within_days))


def as_recorded(_: Asked, period: Period) -> Period:
    """What was recorded in the period decides its value, so that nothing changes it later."""
    return Period(period.last, add_days(period.last, -1))


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the catalogue, and how it is read. ``version`` goes up when the definition changes; ``window``: what
    of time a value looks at; ``owner``: who answers for it; ``groups``: what it can be asked ``by``; ``reaches``: the
    days that decide a value, by which it is told to be restated."""

    slug: str
    label: str
    unit: str
    definition: str
    window: str
    owner: str
    kind: str
    read: Read
    version: int = 1
    groups: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    reaches: Reach = itself


def value_of(metric: Metric, cell: Cell) -> int | float | None:
    """The cell's value, unrounded."""
    if cell.numerator is None or metric.kind == COUNT:
        return cell.numerator
    return cell.numerator / cell.denominator if cell.denominator else None


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion; ``n`` above zero.

    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American
    Statistical Association 22(158), 1927, 209-212.
    """
    share, square = successes / n, Z * Z
    middle = share + square / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = (middle - half) / (1 + square / n), (middle + half) / (1 + square / n)
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def filled(cells: Sequence[Cell], asked: Asked, *, ratio: bool = False) -> list[Cell]:
    """With a cell of nothing for each period, of each group that there is, in which nothing happened."""
    found = {(cell.first, cell.group): cell for cell in cells}
    groups: list[Any] = sorted({cell.group for cell in cells}, key=lambda each: (each is None, each or ""))
    if asked.by is None:
        groups = [None]
    nothing = (0, 0 if ratio else None, 0)
    return [
        found.get((period.first, group)) or Cell(period.first, group, *nothing)
        for period in asked.periods
        for group in groups
    ]
