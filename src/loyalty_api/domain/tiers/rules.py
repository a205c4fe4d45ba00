"""Which tier a value holds, over which window, and what is missing to the next (pure)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from loyalty_api.domain.programs.document import Level, Tiers
from loyalty_api.kernel.clock import add_months


class Next(msgspec.Struct, frozen=True):
    """The next tier and how much of the measure is missing to reach it."""

    code: str
    missing: int


class Window(NamedTuple):
    """Local days, both inclusive."""

    first: date
    last: date


def window_of(tiers: Tiers | None, today: date) -> Window:
    """The months that end with ``today``: [today + 1 day − N months, today]."""
    months = tiers.window.months if tiers else 12
    return Window(add_months(today + timedelta(days=1), -months), today)


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
