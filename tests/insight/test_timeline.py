"""Days of buying as bits, and what they count for, against plain sets of days."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from loyalty_api.insights.count_buying import count_away, count_buying
from loyalty_api.insights.counts import AGAIN, AWAY, COHORT, LAPSED, NOT_YET, REACTIVATED, SECOND, Counts
from loyalty_api.insights.metric import WINDOW_DAYS
from loyalty_api.insights.timeline import NEVER, Timeline, changed, packed, together, unpacked

FIRST = date(2027, 9, 20).toordinal()


def bought(days: Counter[int]) -> Timeline:
    return changed(NEVER, days) if days else NEVER


def some(chance: random.Random) -> Counter[int]:
    return Counter(FIRST + chance.randrange(200) for _ in range(chance.choice((0, 1, 2, 5, 30))))


def counted(days: Counter[int]) -> Counter[tuple[str, int, int, str]]:
    """What somebody counts for who bought so often on these days, from the definitions."""
    found: Counter[tuple[str, int, int, str]] = Counter()
    ordered = sorted(days)
    for number, day in enumerate(ordered):
        found[AGAIN, day, day - ordered[number - 1] if number else 0, ""] += 1
    if ordered:
        purchases = sorted(days.elements())
        found[SECOND, ordered[0], purchases[1] - purchases[0] if len(purchases) > 1 else NOT_YET, ""] += 1
        first = date.fromordinal(ordered[0]).replace(day=1)
        cohort = first.isoformat()[:7]
        for day, following in zip(ordered, [*ordered[1:], None], strict=True):
            if following is None or following - day > WINDOW_DAYS:
                found[LAPSED, day + WINDOW_DAYS, WINDOW_DAYS, cohort] += 1
            if following is not None and following - day > WINDOW_DAYS:
                found[REACTIVATED, following, WINDOW_DAYS, cohort] += 1
        for month in {date.fromordinal(day).replace(day=1) for day in ordered}:
            months = 12 * (month.year - first.year) + month.month - first.month
            found[COHORT, first.toordinal(), months, ""] += 1
    return found


@pytest.mark.parametrize("seed", range(40))
def test_whatever_changes_the_counts_change_by_the_difference(seed: int) -> None:
    chance = random.Random(seed)
    was, now = some(chance), some(chance)
    if seed % 2:
        now = was + Counter({FIRST + chance.randrange(-40, 240): chance.choice((1, 2))})
    counts: Counts = defaultdict(int)
    count_buying(counts, bought(was), bought(now))
    expected = counted(now)
    expected.subtract(counted(was))
    assert {key: by for key, by in counts.items() if by} == {key: by for key, by in expected.items() if by}


@pytest.mark.parametrize("seed", range(20))
def test_several_members_are_one_and_come_back_from_their_rows_as_they_were(seed: int) -> None:
    chance = random.Random(seed)
    each = [some(chance) for _ in range(3)]
    rows = [packed(bought(days)) for days in each]
    whole = together(unpacked(first, *bits) for first, _, *bits in rows)
    assert packed(whole) == packed(bought(sum(each, Counter())))
    assert [(first, last) for first, last, *_ in rows] == [
        (date.fromordinal(min(days)), date.fromordinal(max(days))) if days else (None, None) for days in each
    ]


@pytest.mark.parametrize("seed", range(20))
def test_who_bought_last_on_a_day_is_away_by_another_where_they_are_no_members(seed: int) -> None:
    chance = random.Random(seed)
    days = some(chance)
    enrolled = chance.choice((None, FIRST - 1, FIRST + chance.randrange(220)))
    closed = chance.choice((None, FIRST + chance.randrange(220)))
    counts: Counts = defaultdict(int)
    count_away(counts, bought(days), enrolled, closed, 1)
    for end in range(FIRST - 5, FIRST + 230):
        last = max((day for day in days if day <= end), default=None)
        here = enrolled is not None and enrolled <= end and (closed is None or end < closed)
        for since in (FIRST, end - 30, end):
            away = last is not None and last >= since and not here
            told = sum(by for (kind, day, span, _), by in counts.items() if day >= since and day + span <= end)
            assert told == away, (end, since)
    assert {kind for kind, *_ in counts} <= {AWAY}


def test_a_day_of_which_nothing_is_left_is_gone_and_so_is_everything_with_the_last() -> None:
    day = date.fromordinal(FIRST)
    later = day + timedelta(days=9)
    both = changed(NEVER, {FIRST: 1, FIRST + 9: 2})
    assert packed(both)[:2] == (day, later)
    assert packed(changed(both, {FIRST: 0})) == (later, later, b"\x01", b"\x01")
    assert packed(changed(both, {FIRST: 0, FIRST + 9: 0})) == (None, None, b"", b"")
