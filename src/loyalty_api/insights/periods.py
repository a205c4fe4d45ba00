"""Days, weeks and months of a program's calendar (pure). A week begins on Monday, as in ISO 8601."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from loyalty_api.kernel.clock import add_days, add_months

PERIODS = ("month", "week", "day")


class Period(NamedTuple):
    """One of them: its first and last day."""

    first: date
    last: date


class Span(NamedTuple):
    """The same by ordinals, next to its neighbours: the first days of the one before, of it, of the one behind, and of
    the one behind that."""

    before: int
    first: int
    end: int
    following: int


@lru_cache(maxsize=8192)
def span_of(ordinal: int, period: str) -> Span:
    """The period that holds the day of an ordinal."""
    first = start_of(date.fromordinal(ordinal), period)
    starts = (step(first, period, count) for count in (-1, 0, 1, 2))
    return Span(*(start.toordinal() for start in starts))


def start_of(day: date, period: str) -> date:
    """The first day of the period that holds ``day``."""
    if period == "month":
        return day.replace(day=1)
    return add_days(day, -day.weekday()) if period == "week" else day


def step(first: date, period: str, count: int = 1) -> date:
    """The first day of the period that comes ``count`` later."""
    if period == "month":
        return add_months(first, count)
    return add_days(first, 7 * count if period == "week" else count)


def label_of(first: date, period: str) -> str:
    """``2026-03``, ``2026-W10`` or ``2026-03-02``."""
    if period == "month":
        return f"{first.year:04}-{first.month:02}"
    if period == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    return first.isoformat()


def periods_between(first: date, last: date, period: str) -> list[Period]:
    """The periods, whole, from that of one day to that of another."""
    found, start = [], start_of(first, period)
    while start <= last:
        following = step(start, period)
        found.append(Period(start, add_days(following, -1)))
        start = following
    return found
