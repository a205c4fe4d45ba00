"""What was bought, by tier and by cohort (pure): the difference that a batch makes.

What a person buys on a day follows them through its week and its month, under the tier that they have by then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from uuid import UUID

from loyalty_api.insights.grouped_people import EVER, Grouped, Turn
from loyalty_api.insights.groups import COHORT, TIER, Sold, Sums
from loyalty_api.insights.periods import PERIODS, span_of

Amount = tuple[int, int]  # purchases and sales
Days = Mapping[UUID, Mapping[int, Amount]]  # of members, by ordinals

_NOTHING: dict[int, Amount] = {}


def rows_since(turn: Turn) -> int | None:
    """The day from which on all days of the person's members are asked for; None: only what the batch adds matters."""
    if turn.since is None or turn.since == EVER:
        return turn.since
    return min(span_of(turn.since, period).first for period in PERIODS)


def count_sales(sold: Sold, sums: Sums, turn: Turn, added: Days, rows: Days) -> None:
    """``added``: what the batch adds to the days of members; ``rows``: what they are behind it, of the days that
    ``rows_since`` asks for."""
    since = rows_since(turn)
    if since is not None:
        _take_off(sold, sums, turn, since, added, rows)
    for member in turn.now.members:
        for day, amount in _behind(member, since, added, rows):
            _count(sold, sums, turn.now, day, *amount)


def _take_off(sold: Sold, sums: Sums, turn: Turn, since: int, added: Days, rows: Days) -> None:
    for member in turn.was.members:
        mine, more = rows.get(member, _NOTHING), added.get(member, _NOTHING)
        for day in {*mine, *more}:
            if day >= since:
                (purchases, sales), (more_purchases, more_sales) = mine.get(day, (0, 0)), more.get(day, (0, 0))
                _count(sold, sums, turn.was, day, more_purchases - purchases, more_sales - sales)


def _behind(member: UUID, since: int | None, added: Days, rows: Days) -> Iterable[tuple[int, Amount]]:
    more = added.get(member, _NOTHING).items()
    if since is None:
        return more
    return [*(each for each in more if each[0] < since), *rows.get(member, _NOTHING).items()]


def _count(sold: Sold, sums: Sums, person: Grouped, day: int, purchases: int, sales: int) -> None:
    _add(sold[COHORT, day, person.cohort], purchases, sales)
    days, tiers = person.history[:2]
    place = bisect_right(days, day)
    tier = tiers[place - 1]
    if place == len(days) or days[place] >= max(span_of(day, period).end for period in PERIODS):
        _add(sold[TIER, day, tier], purchases, sales)
        return
    for period in PERIODS:
        end = span_of(day, period).end
        _add(sums[TIER, period, day, tier], purchases, sales)
        for before, turn, after in zip(tiers[place - 1 : -1], days[place:], tiers[place:], strict=True):
            if turn < end:
                _add(sums[TIER, period, turn, before], -purchases, -sales)
                _add(sums[TIER, period, turn, after], purchases, sales)


def _add(amounts: list[int], purchases: int, sales: int) -> None:
    amounts[0] += purchases
    amounts[1] += sales
