"""Which tier a value holds, over which window, and what is missing to the next (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from loyalty_api.domain.programs.document import Level, Tiers
from loyalty_api.kernel.clock import add_days, add_months

Days = Sequence[tuple[date, int]]  # a member's day buckets, by day


class Next(msgspec.Struct, frozen=True):
    """The next tier and how much of the measure is missing to reach it."""

    code: str
    missing: int


class Window(NamedTuple):
    """Local days, both inclusive."""

    first: date
    last: date


def window_of(tiers: Tiers | None, today: date) -> Window:
    """The days that end with ``today``: of months [today + 1 day − N months, today], of the year, or all."""
    length = tiers.window if tiers else None
    if length == "lifetime":
        return Window(date.min, today)
    if length == "calendar_year":
        return Window(date(today.year, 1, 1), today)
    months = length.months if length else 12
    return Window(add_months(today + timedelta(days=1), -months), today)


def value_in(days: Days, window: Window) -> int:
    """What the days of a window add up to."""
    return sum(value for day, value in days if window.first <= day <= window.last)


def name_of(code: str) -> str:
    """A tier as people read it: ``extra-gold`` is Extra gold."""
    return code.replace("-", " ").replace("_", " ").capitalize()


def rank_of(levels: list[Level], code: str | None) -> int:
    """The place of a tier among the levels; a tier that no longer exists counts as the first."""
    for index, level in enumerate(levels):
        if level.code == code:
            return index
    return 0


def held_rank(levels: list[Level], value: int) -> int:
    """The place of the highest tier that ``value`` holds; reaching a threshold exactly counts."""
    for index in range(len(levels) - 1, 0, -1):
        if value >= levels[index].from_:
            return index
    return 0


def next_tier(levels: list[Level], rank: int, value: int) -> Next | None:
    """Progress to the tier above ``rank``; None at the top."""
    if rank + 1 >= len(levels):
        return None
    above = levels[rank + 1]
    return Next(above.code, max(0, above.from_ - value))


def falls_short_on(tiers: Tiers, rank: int, days: Days, today: date) -> date | None:
    """The first day after ``today`` on which the window no longer holds the tier that it holds today, if nothing more
    is counted; None: there is none."""
    length = tiers.window
    if rank == 0 or length == "lifetime":
        return None
    if length == "calendar_year":
        return date(today.year + 1, 1, 1)
    assert not isinstance(length, str), "the windows with a name are told apart above"
    window = window_of(tiers, today)
    held = value_in(days, window)
    for day, value in days:
        if not window.first <= day <= window.last:
            continue
        held -= value
        if held < tiers.levels[rank].from_:
            return _leaves_on(day, length.months)
    return None


def _leaves_on(day: date, months: int) -> date:
    """The first day whose window of so many months no longer holds ``day``."""
    leaves = add_months(day, months)
    while add_months(add_days(leaves, 1), -months) <= day:  # at the end of a month that others are longer than
        leaves = add_days(leaves, 1)
    return leaves
