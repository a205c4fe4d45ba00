"""A tiny model of members' tiers: what they bought by day, and the tier that they hold; what the product must agree
with. Tiers go by the money of one month, up at once, and down to what is held in the night."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

LEVELS = {"bronze": 0, "silver": 2_000, "gold": 5_000}
DOCUMENT = {
    "window": {"months": 1},
    "downgrade": {"grace_days": 0, "steps": "full"},
    "levels": [{"code": code, "from": least} for code, least in LEVELS.items()],
}
_RANKS = [*LEVELS.values()]
CODES = [*LEVELS]


@dataclass(eq=False)
class Tier:
    """One member's tier. ``alias``: whose days count here too."""

    rank: int = 0
    days: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    alias: Tier | None = None

    def value(self, today: date) -> int:
        """The money of the month that ends with ``today``."""
        first = _month_before(today + timedelta(days=1))
        both = [self.days, *([self.alias.days] if self.alias else [])]
        return sum(value for days in both for day, value in days.items() if first <= day <= today)

    def held(self, today: date) -> int:
        return max(rank for rank, least in enumerate(_RANKS) if self.value(today) >= least)

    def count(self, amount: int, bought_on: date, today: date) -> None:
        """Money that was spent, or (below zero) came back, which lowers nothing before the night."""
        self.days[bought_on] += amount
        if amount > 0:
            self.rank = max(self.rank, self.held(today))

    def night(self, today: date) -> None:
        """At the start of ``today``."""
        if self.value(today) < _RANKS[self.rank]:
            self.rank = self.held(today)

    def merge(self, alias: Tier, today: date) -> None:
        self.alias = alias
        self.rank = max(self.rank, alias.rank, self.held(today))

    def missing(self, today: date) -> int | None:
        """To the next tier; None: it is the highest."""
        return max(0, _RANKS[self.rank + 1] - self.value(today)) if self.rank + 1 < len(_RANKS) else None


def _month_before(day: date) -> date:
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
