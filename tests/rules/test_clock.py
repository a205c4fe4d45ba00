"""Calendar arithmetic: local dates, starts of days, months of any length."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.kernel.clock import (
    add_days,
    add_months,
    first_of_next_month,
    local_date,
    microseconds,
    now,
    rfc3339,
    start_of_day,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/Santiago", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe")
]


def test_the_present_is_in_utc() -> None:
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), -12, date(2023, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 5, 31), -3, date(2026, 2, 28)),
        (date(2000, 2, 29), 1200, date(2100, 2, 28)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, result: date) -> None:
    assert add_months(day, months) == result


def test_the_month_after_december_is_january() -> None:
    assert first_of_next_month(date(2026, 12, 31)) == date(2027, 1, 1)


def test_days_are_calendar_days() -> None:
    assert add_days(date(2024, 2, 28), 2) == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 21, 9, 14, 3, tzinfo=UTC), "2026-11-21T09:14:03Z"),
        (datetime(2026, 11, 21, 9, 14, 3, 500, tzinfo=UTC), "2026-11-21T09:14:03.000500Z"),
        (datetime(2026, 11, 21, 0, 30, tzinfo=BERLIN), "2026-11-20T23:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_instants_are_written_in_utc_with_microseconds_only_where_there_are_any(instant: datetime, text: str) -> None:
    assert rfc3339(instant) == text


def test_microseconds_are_exact_where_a_float_is_not() -> None:
    instant = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert microseconds(instant) == 253_402_300_799_999_999
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_days_have_23_24_or_25_hours_around_daylight_saving(day: date, hours: int) -> None:
    assert start_of_day(add_days(day, 1), BERLIN) - start_of_day(day, BERLIN) == timedelta(hours=hours)


def test_a_day_that_a_zone_skipped_starts_with_the_day_after() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no December 30th in 2011
    assert start_of_day(date(2011, 12, 30), apia) == start_of_day(date(2011, 12, 31), apia)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2037, 12, 31)))
def test_a_day_starts_with_the_first_instant_that_bears_its_date(zone: ZoneInfo, day: date) -> None:
    start = start_of_day(day, zone)
    assert local_date(start, zone) >= day
    assert local_date(start - timedelta(microseconds=1), zone) < day


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 600))
def test_months_forth_and_back_lead_to_the_same_month(day: date, months: int) -> None:
    there = add_months(day, months)
    back = add_months(there, -months)
    assert (back.year, back.month) == (day.year, day.month)
    assert back.day == min(day.day, back.day)
    assert there.day == day.day or first_of_next_month(there) == there + timedelta(days=1)
