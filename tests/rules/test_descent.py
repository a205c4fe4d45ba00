"""How tiers go down, and what keeps them: tried against going through the days one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.programs.document import Downgrade, Level, Tiers, Window
from loyalty_api.domain.tiers.descent import Keeps, Reviewed, keeps, review
from loyalty_api.domain.tiers.rules import falls_short_on, value_in, window_of

LEVELS = [Level("bronze", 0), Level("silver", 100), Level("gold", 300)]
BRONZE, SILVER, GOLD = 0, 1, 2
ONE_DAY = timedelta(days=1)


def tiers(window: Any = None, **downgrade: Any) -> Tiers:
    return Tiers(levels=LEVELS, window=window or Window(months=12), downgrade=Downgrade(**downgrade))


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("window", "first"),
    [("calendar_year", date(2026, 1, 1)), ("lifetime", date.min), (Window(months=2), date(2026, 1, 3))],
)
def test_each_window_ends_with_today(window: Any, first: date) -> None:
    assert window_of(tiers(window), day("2026-03-02")) == (first, day("2026-03-02"))


@pytest.mark.parametrize(
    ("bought", "months", "short"),
    [
        ("2026-03-02", 12, "2027-03-02"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-28", 12, "2025-02-28"),
        ("2023-02-28", 12, "2024-02-29"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-02-28", 1, "2026-03-31"),  # the last day of a short month stays as long as any of a long one
    ],
)
def test_a_day_leaves_the_window_of_months_at_its_end(bought: str, months: int, short: str) -> None:
    days = [(day(bought), 100)]
    assert falls_short_on(tiers(Window(months=months)), SILVER, days, day(bought)) == day(short)


def test_the_first_tier_and_a_lifetimes_never_fall_short() -> None:
    days = [(day("2026-03-02"), 100)]
    assert falls_short_on(tiers(), BRONZE, days, day("2026-03-02")) is None
    assert falls_short_on(tiers("lifetime"), SILVER, days, day("2026-03-02")) is None
    assert keeps(tiers("lifetime"), SILVER, days, today=day("2026-03-02"), short_since=None) == Keeps(None, 0)
    assert keeps(tiers(), BRONZE, days, today=day("2026-03-02"), short_since=None) is None


def test_a_calendar_year_begins_at_nothing() -> None:
    days = [(day("2026-03-02"), 150)]
    policy = tiers("calendar_year", grace_days=59)
    assert falls_short_on(policy, SILVER, days, day("2026-12-31")) == day("2027-01-01")
    assert keeps(policy, SILVER, days, today=day("2026-12-31"), short_since=None) == Keeps(day("2027-02-28"), 100)


@pytest.mark.parametrize(
    ("downgrade", "found"),
    [
        ({"steps": "one"}, Reviewed(SILVER, date(2027, 3, 2), date(2027, 3, 3))),
        ({"steps": "full"}, Reviewed(BRONZE, None, None)),
        ({"steps": "full", "grace_days": 1}, Reviewed(GOLD, date(2027, 3, 2), date(2027, 3, 3))),
    ],
)
def test_a_review_lowers_as_the_policy_has_it(downgrade: dict[str, Any], found: Reviewed) -> None:
    days = [(day("2026-03-02"), 300)]
    assert review(tiers(**downgrade), GOLD, days, today=day("2027-03-02"), short_since=None) == found


def test_a_full_descent_ends_at_the_tier_that_is_still_held() -> None:
    days = [(day("2026-03-02"), 250), (day("2026-06-01"), 100)]
    found = review(tiers(steps="full"), GOLD, days, today=day("2027-03-02"), short_since=None)
    assert found == Reviewed(SILVER, None, day("2027-06-01"))


def test_grace_ends_when_the_window_holds_the_tier_again() -> None:
    days = [(day("2026-03-02"), 100), (day("2027-03-05"), 100)]
    policy = tiers(grace_days=30)
    short = review(policy, SILVER, days[:1], today=day("2027-03-02"), short_since=None)
    assert short == Reviewed(SILVER, day("2027-03-02"), day("2027-03-03"))
    again = review(policy, SILVER, days, today=day("2027-03-06"), short_since=short.short_since)
    assert again == Reviewed(SILVER, None, day("2028-03-05"))


any_window = st.one_of(st.builds(Window, months=st.integers(1, 3)), st.sampled_from(["calendar_year", "lifetime"]))
any_policy = st.builds(
    lambda window, grace, steps: tiers(window, grace_days=grace, steps=steps),
    any_window,
    st.integers(0, 20),
    st.sampled_from(["one", "full"]),
)
any_days = st.lists(
    st.tuples(st.dates(day("2023-11-20"), day("2024-03-10")), st.integers(1, 200)), max_size=6, unique_by=lambda d: d[0]
).map(sorted)


def nightly(policy: Tiers, days: list[tuple[date, int]], last: date) -> dict[date, int]:
    """The rank on each day, by a review each night and every purchase lifting at once; nothing is foreseen."""
    rank, since, ranks = 0, None, {}
    today = day("2023-11-01")
    while today <= last:
        known = [each for each in days if each[0] < today]
        found = review(policy, rank, known, today=today, short_since=since)
        rank, since = found.rank, found.short_since
        value = value_in([each for each in days if each[0] <= today], window_of(policy, today))
        reached = max(index for index, level in enumerate(LEVELS) if index == 0 or value >= level.from_)
        if reached > rank:
            rank, since = reached, None
        ranks[today] = rank
        today += ONE_DAY
    return ranks


@settings(max_examples=150, deadline=None, derandomize=True)
@given(any_policy, any_days)
def test_reviews_on_the_due_days_alone_come_to_the_same_as_a_review_every_night(policy: Tiers, days: list) -> None:
    ranks = nightly(policy, days, day("2024-07-31"))
    rank, since, due = 0, None, None
    for today in ranks:
        known = [each for each in days if each[0] < today]
        if due is not None and due <= today:
            found = review(policy, rank, known, today=today, short_since=since)
            rank, since, due = found.rank, found.short_since, found.due_on
            assert due is None or due > today
        value = value_in([each for each in days if each[0] <= today], window_of(policy, today))
        reached = max(index for index, level in enumerate(LEVELS) if index == 0 or value >= level.from_)
        if reached > rank:
            rank, since, due = reached, None, today + ONE_DAY
        assert rank == ranks[today], today


@settings(max_examples=150, deadline=None, derandomize=True)
@given(any_policy, any_days, st.dates(day("2023-12-01"), day("2024-03-10")))
def test_a_tier_is_kept_until_the_day_that_was_told_and_longer_by_what_was_missing(
    policy: Tiers, days: list, today: date
) -> None:
    days = [each for each in days if each[0] <= today]
    end = day("2025-06-30")
    rank, since = 0, None
    ranks = nightly(policy, days, end)
    rank = ranks[today]
    value = value_in(days, window_of(policy, today))
    if rank and value < LEVELS[rank].from_:
        return  # in its grace, which only a review knows: the stories try it
    told = keeps(policy, rank, days, today=today, short_since=since)
    if rank == 0:
        assert told is None
        return
    assert told is not None
    if told.until is None:
        assert all(ranks[each] >= rank for each in ranks if each > today)
        return
    assert all(ranks[each] >= rank for each in ranks if today < each <= told.until)
    lost = told.until + ONE_DAY
    assert lost > end or ranks[lost] < rank
    if told.until <= end - ONE_DAY and told.until > today:
        enough = nightly(policy, sorted([*days, (told.until, told.missing)]), lost)
        few = nightly(policy, sorted([*days, (told.until, told.missing - 1)]), lost)
        if all(each[0] != told.until for each in days):
            assert (enough[lost] >= rank, few[lost] >= rank) == (True, False)
