"""How much of what is earned is ever redeemed, by months of earning whose every point has met its end (pure).

A month of earning is matured when each of its lots has reached its expiry and none of its points is left: a younger
one would show a low rate for no other reason than its youth. (Gault, Llaguno & Menard, Loyalty Rewards and Gift Card
Programs: Basic Actuarial Estimation Techniques, Casualty Actuarial Society.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from loyalty_api.kernel.clock import add_months

NOTHING_KNOWN = 1.0  # all of it will be redeemed, until a matured month says otherwise


class Flow(NamedTuple):
    """What a day did to the points of the month of earning (or week, or day) that begins at ``first``."""

    first: date
    day: date
    issued: int
    redeemed: int
    expired: int


class Cohort(NamedTuple):
    """One of them as it stands: issued = redeemed + expired + outstanding."""

    first: date
    issued: int
    redeemed: int
    expired: int
    is_matured: bool

    @property
    def outstanding(self) -> int:
        """What members still have of it."""
        return self.issued - self.redeemed - self.expired


class Aged(NamedTuple):
    """Points that are outstanding, by their age in months; ``share``: how much of such is redeemed in the end."""

    age: int
    points: int
    share: float


def cohorts_at(flows: Iterable[Flow], ends: Mapping[date, date | None], through: date) -> list[Cohort]:
    """The months as they stood at the end of ``through``. ``ends``: the day with which the last of a month's lots
    ends; None: there is no last."""
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for flow in flows:
        if flow.day <= through:
            for index, points in enumerate(flow[2:]):
                sums[flow.first][index] += points
    found = []
    for first, (issued, redeemed, expired) in sorted(sums.items()):
        end = ends.get(first)
        is_over = end is not None and end <= through and issued == redeemed + expired
        found.append(Cohort(first, issued, redeemed, expired, is_over))
    return found


def redeemed_from(flows: Iterable[Flow], matured: Iterable[date]) -> dict[int, float]:
    """Of points that are still there when their month is so many months old, the share that is redeemed in the end, by
    the months that have matured. Age 0: of all that was issued."""
    months = set(matured)
    left: dict[int, int] = defaultdict(int)
    later: dict[int, int] = defaultdict(int)
    mine: dict[date, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for flow in flows:
        if flow.first in months:
            sums = mine[flow.first][age_of(flow.first, flow.day)]
            for index, points in enumerate(flow[2:]):
                sums[index] += points
    for ages in mine.values():
        issued = sum(each[0] for each in ages.values())
        redeemed = sum(each[1] for each in ages.values())
        for age in range(max(ages) + 1):
            left[age] += issued
            later[age] += redeemed
            issued -= ages[age][1] + ages[age][2]
            redeemed -= ages[age][1]
    return {age: later[age] / points for age, points in left.items() if points > 0}


def outstanding_by_age(cohorts: Iterable[Cohort], shares: Mapping[int, float], through: date) -> list[Aged]:
    """What is outstanding at ``through``, youngest first. An age that no matured month has told of has all of it
    redeemed."""
    points: dict[int, int] = defaultdict(int)
    for cohort in cohorts:
        points[age_of(cohort.first, through)] += cohort.outstanding
    return [Aged(age, points[age], shares.get(age, NOTHING_KNOWN)) for age in sorted(points) if points[age]]


def aged_over(flows: Iterable[Flow], ends: Mapping[date, date | None], throughs: Sequence[date]) -> list[list[Aged]]:
    """What was outstanding at the end of each of these days, which ascend, with the shares as matured months told them
    by then. Each flow is looked at once, however many days are asked for."""
    waiting = sorted(flows, key=lambda flow: flow.day, reverse=True)
    months: dict[date, list[int]] = {}
    ages: dict[tuple[date, int], list[int]] = {}
    found = []
    for through in throughs:
        while waiting and waiting[-1].day <= through:
            first, day, *counts = waiting.pop()
            for sums in (
                months.setdefault(first, [0, 0, 0]),
                ages.setdefault((first, age_of(first, day)), [0, 0, 0]),
            ):
                for index, points in enumerate(counts):
                    sums[index] += points
        cohorts = cohorts_at((Flow(first, through, *sums) for first, sums in months.items()), ends, through)
        matured = {cohort.first for cohort in cohorts if cohort.is_matured}
        known = (Flow(first, add_months(first, age), *sums) for (first, age), sums in ages.items() if first in matured)
        found.append(outstanding_by_age(cohorts, redeemed_from(known, matured), through))
    return found


def age_of(month: date, day: date) -> int:
    """How many months behind ``month`` the day lies; 0 for what is recorded before its own month of earning."""
    return max(0, (day.year - month.year) * 12 + day.month - month.month)
