"""Tiers: which value holds which tier, over which window."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.programs.document import Level, Tiers, Window
from loyalty_api.domain.tiers.rules import Next, held_rank, next_tier, rank_of, window_of

LEVELS = [Level("bronze", 0), Level("silver", 50_000), Level("gold", 150_000)]


def tiers(months: int = 12) -> Tiers:
    return Tiers(levels=LEVELS, window=Window(months=months))


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "bronze"), (49_999, "bronze"), (50_000, "silver"), (149_999, "silver"), (150_000, "gold"), (10**18, "gold")],
)
def test_reaching_a_threshold_exactly_holds_the_tier(value: int, code: str) -> None:
    assert LEVELS[held_rank(LEVELS, value)].code == code


def test_a_value_below_zero_still_holds_the_first_tier() -> None:
    assert held_rank(LEVELS, -1) == 0


@pytest.mark.parametrize(
    ("rank", "value", "following"),
    [
        (0, 0, Next("silver", 50_000)),
        (0, 49_999, Next("silver", 1)),
        (1, 60_000, Next("gold", 90_000)),
        (1, 20_000, Next("gold", 130_000)),  # held from before; what counts now is less
        (0, 60_000, Next("silver", 0)),
        (2, 0, None),
    ],
)
def test_progress_says_what_is_missing_and_never_less_than_nothing(
    rank: int, value: int, following: Next | None
) -> None:
    assert next_tier(LEVELS, rank, value) == following


def test_a_tier_that_no_longer_exists_counts_as_the_first() -> None:
    assert rank_of(LEVELS, "platinum") == 0
    assert rank_of(LEVELS, None) == 0
    assert rank_of(LEVELS, "gold") == 2


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 3, 2), 12, date(2025, 3, 3)),
        (date(2026, 12, 31), 12, date(2026, 1, 1)),
        (date(2024, 2, 28), 12, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 3, 1)),
        (date(2026, 3, 30), 1, date(2026, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 3, 1)),
    ],
)
def test_the_window_is_so_many_months_that_end_with_today(today: date, months: int, first: date) -> None:
    assert window_of(tiers(months), today) == (first, today)


def test_without_tiers_the_window_is_a_year() -> None:
    assert window_of(None, date(2026, 12, 31)) == (date(2026, 1, 1), date(2026, 12, 31))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)), st.integers(1, 120))
def test_from_one_day_to_the_next_a_window_only_moves_forward(today: date, months: int) -> None:
    window, following = window_of(tiers(months), today), window_of(tiers(months), today + timedelta(days=1))
    assert window.first <= following.first
    assert window.first <= today
