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
    """What a day did to the points of the month of earning (or week, or day) that begins at ``first``. ``ends_on``: the
    last end of the lots that it made, or gave one; ``endless``: how many more there are that never end or wait."""

    first: date
    day: date
    issued: int
    redeemed: int
    expired: int
    ends_on: date | None = None
    endless: int = 0


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


class _Sums:
    """Of a month, as far as its days were added."""

    __slots__ = ("endless", "ends_on", "points")

    def __init__(self) -> None:
        self.points = [0, 0, 0]
        self.ends_on: date | None = None
        self.endless = 0

    def add(self, flow: Flow) -> None:
        """Adds a day."""
        for index, points in enumerate(flow[2:5]):
            self.points[index] += points
        if flow.ends_on is not None:
            self.ends_on = flow.ends_on if self.ends_on is None else max(self.ends_on, flow.ends_on)
        self.endless += flow.endless

    def at(self, first: date, through: date) -> Cohort:
        """The month, if these are all days up to the end of ``through``."""
        issued, redeemed, expired = self.points
        is_over = not self.endless and self.ends_on is not None and self.ends_on <= through
        return Cohort(first, issued, redeemed, expired, is_over and issued == redeemed + expired)


def cohorts_at(flows: Iterable[Flow], through: date) -> list[Cohort]:
    """The months as they stood at the end of ``through``: a lot that was recorded later put no end off by then."""
    months: defaultdict[date, _Sums] = defaultdict(_Sums)
    for flow in flows:
        if flow.day <= through:
            months[flow.first].add(flow)
    return [sums.at(first, through) for first, sums in sorted(months.items())]


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
            for index, points in enumerate(flow[2:5]):
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


def aged_over(flows: Iterable[Flow], throughs: Sequence[date]) -> list[list[Aged]]:
    """What was outstanding at the end of each of these days, which ascend, with the shares as matured months told them
    by then. Each flow is looked at once, however many days are asked for."""
    waiting = sorted(flows, key=lambda flow: flow.day, reverse=True)
    months: defaultdict[date, _Sums] = defaultdict(_Sums)
    ages: defaultdict[tuple[date, int], _Sums] = defaultdict(_Sums)
    found = []
    for through in throughs:
        while waiting and waiting[-1].day <= through:
            flow = waiting.pop()
            months[flow.first].add(flow)
            ages[flow.first, age_of(flow.first, flow.day)].add(flow)
        cohorts = [sums.at(first, through) for first, sums in sorted(months.items())]
        matured = {cohort.first for cohort in cohorts if cohort.is_matured}
        known = (
            Flow(first, add_months(first, age), issued, redeemed, expired)
            for (first, age), sums in ages.items()
            if first in matured
            for issued, redeemed, expired in [sums.points]
        )
        found.append(outstanding_by_age(cohorts, redeemed_from(known, matured), through))
    return found


def age_of(month: date, day: date) -> int:
    """How many months behind ``month`` the day lies; 0 for what is recorded before its own month of earning."""
    return max(0, (day.year - month.year) * 12 + day.month - month.month)
