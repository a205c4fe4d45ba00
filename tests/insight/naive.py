"""The figures of a story, worked out day by day from what was noted down: slow, plain, and not as the product does.

Days are found by the law of summer time, not by a library's tables; who is alive is found by living through each day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.insight.story import Story

DAY = timedelta(days=1)


def berlin_day(at: datetime) -> date:
    """The date in Berlin: two hours ahead between the last Sundays of March and October at 01:00 UTC, else one."""
    edges = []
    for month in (3, 10):
        last = datetime(at.year, month, 31, 1, tzinfo=UTC)
        edges.append(last - timedelta(days=(last.weekday() + 1) % 7))
    return (at + timedelta(hours=2 if edges[0] <= at < edges[1] else 1)).date()


class Naive:
    """A story's purchases that stand: (who, day, amount, store, employee), and returns in the same way."""

    def __init__(self, story: Story) -> None:
        survivor = dict(story.merged)
        self.bought: list[tuple[str, date, int, str | None, str | None]] = []
        self.returned: list[tuple[str, date, int, str | None, str | None]] = []
        for each in story.bought:
            if each.voided:
                continue
            who = survivor.get(each.whose, each.whose)
            self.bought.append((who, berlin_day(each.at), each.amount, each.store, each.employee))
            for at, amount in each.returns:
                self.returned.append((who, berlin_day(at), amount, each.store, each.employee))
        self.enrolled: dict[str, date] = {}
        for card, at in story.enrolled.items():
            who, day = survivor.get(card, card), berlin_day(at)
            self.enrolled[who] = min(day, self.enrolled.get(who, day))
        self.first: dict[str, date] = {}
        for who, day, *_ in self.bought:
            self.first[who] = min(day, self.first.get(who, day))

    def purchases(self, first: date, last: date, **of: Any) -> int:
        """How many."""
        return len(self._in(self.bought, first, last, **of))

    def sales(self, first: date, last: date, **of: Any) -> int:
        """Net of what went back in the period."""
        paid, back = (
            sum(each[2] for each in self._in(rows, first, last, **of)) for rows in (self.bought, self.returned)
        )
        return paid - back

    def buyers(self, first: date, last: date, **of: Any) -> set[str]:
        """Who bought."""
        return {each[0] for each in self._in(self.bought, first, last, **of)}

    def cohort(self, who: str) -> str:
        """The month of the first purchase."""
        return self.first[who].isoformat()[:7]

    def _in(
        self, rows: list, first: date, last: date, store: Any = ..., employee: Any = ..., cohort: Any = ...
    ) -> list:
        return [
            each
            for each in rows
            if first <= each[1] <= last
            and store in (..., each[3])
            and employee in (..., each[4])
            and (cohort is ... or self.cohort(each[0]) == cohort)
        ]

    def lives(self, through: date, window: int) -> dict[date, tuple[set[str], set[str], set[str]]]:
        """Each day from the first purchase: who lapsed on it, who was reactivated, and who is alive at its end."""
        last: dict[str, date] = {}
        found: dict[date, tuple[set[str], set[str], set[str]]] = {}
        day, alive = min(self.first.values()), set()
        while day <= through:
            buyers = self.buyers(day, day)
            reactivated = {who for who in buyers if who in last and who not in alive}
            last |= dict.fromkeys(buyers, day)
            now = {who for who, bought in last.items() if (day - bought).days < window}
            found[day] = alive - now, reactivated, now
            day, alive = day + DAY, now
        return found

    def repeats(self, first: date, last: date, through: date, within: int) -> tuple[int, int]:
        """Of those who bought first in the period and long enough ago: who bought again in time, and all of them."""
        known = [who for who, day in self.first.items() if first <= day <= last and day + within * DAY <= through]
        again = [who for who in known if self._count(who, within) > 1]
        return len(again), len(known)

    def _count(self, who: str, within: int) -> int:
        return sum(1 for each in self.bought if each[0] == who and each[1] <= self.first[who] + within * DAY)
