"""When points become available and when they expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.points.dates import LATE_LIFE, LotDates, dates_from, lot_dates
from loyalty_api.domain.programs.document import Expiry, Pending, PointsSettings

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def dates_of(
    earned: str,
    *,
    recorded: str | None = None,
    pending: Pending | None = None,
    zone: ZoneInfo = BERLIN,
    **expiry: object,
) -> LotDates:
    settings = PointsSettings(
        pending=pending or Pending(days=0),
        expiry=Expiry(**expiry) if expiry else "never",  # type: ignore[arg-type]
    )
    return lot_dates(settings, zone=zone, occurred_at=at(earned), recorded_at=at(recorded or earned))


NOON = "2026-03-02T12:00+01:00"


def test_points_of_a_program_without_expiry_never_expire() -> None:
    assert dates_of(NOON) == LotDates(False, at(NOON), None)


@pytest.mark.parametrize(
    ("occurred", "pending_days", "expires"),
    [
        (NOON, 0, "2026-04-01T00:00+02:00"),
        (NOON, 29, "2026-04-01T00:00+02:00"),
        (NOON, 30, "2026-05-01T00:00+02:00"),  # else they would be over before they are available
        ("2026-01-30T23:30+00:00", 0, "2026-03-02T00:00+01:00"),  # in Berlin it is the 31st already
    ],
)
def test_points_that_expire_by_inactivity_carry_the_earliest_instant_at_which_they_can(
    occurred: str, pending_days: int, expires: str
) -> None:
    dates = dates_of(occurred, pending=Pending(days=pending_days), inactivity_days=30)
    assert (dates.expires_at, dates.inactivity_days) == (at(expires), 30)


@pytest.mark.parametrize(
    ("earned", "expiry", "expires"),
    [
        # days: the start of the local date d + N
        (NOON, {"days": 1}, "2026-03-03T00:00+01:00"),
        (NOON, {"days": 30}, "2026-04-01T00:00+02:00"),
        ("2026-03-02T23:59:59+01:00", {"days": 1}, "2026-03-03T00:00+01:00"),
        ("2026-03-02T23:30+00:00", {"days": 1}, "2026-03-04T00:00+01:00"),  # in Berlin it is the 3rd already
        ("2024-02-28T12:00+01:00", {"days": 1}, "2024-02-29T00:00+01:00"),
        # months: the start of the same day, or of the last day of a shorter month
        (NOON, {"months": 12}, "2027-03-02T00:00+01:00"),
        ("2026-01-31T12:00+01:00", {"months": 1}, "2026-02-28T00:00+01:00"),
        ("2024-01-31T12:00+01:00", {"months": 1}, "2024-02-29T00:00+01:00"),
        ("2024-02-29T12:00+01:00", {"months": 12}, "2025-02-28T00:00+01:00"),
        ("2024-02-29T12:00+01:00", {"months": 48}, "2028-02-29T00:00+01:00"),
        ("2026-10-31T12:00+01:00", {"months": 120}, "2036-10-31T00:00+01:00"),
        ("2026-08-31T12:00+02:00", {"months": 6}, "2027-02-28T00:00+01:00"),
        # rounded up: the start of the month after
        (NOON, {"months": 12, "round_up_to": "month_end"}, "2027-04-01T00:00+02:00"),
        ("2026-11-30T12:00+01:00", {"months": 1, "round_up_to": "month_end"}, "2027-01-01T00:00+01:00"),
        ("2026-01-31T12:00+01:00", {"months": 1, "round_up_to": "month_end"}, "2026-03-01T00:00+01:00"),
        ("2026-03-01T00:00+01:00", {"months": 1, "round_up_to": "month_end"}, "2026-05-01T00:00+02:00"),
        # on a date: the end of it, the next one after d
        (NOON, {"on": "12-31"}, "2027-01-01T00:00+01:00"),
        ("2026-12-30T12:00+01:00", {"on": "12-31"}, "2027-01-01T00:00+01:00"),
        ("2026-12-31T12:00+01:00", {"on": "12-31"}, "2028-01-01T00:00+01:00"),
        ("2026-03-01T12:00+01:00", {"on": "02-28"}, "2027-03-01T00:00+01:00"),
        ("2024-02-01T12:00+01:00", {"on": "02-28"}, "2024-02-29T00:00+01:00"),
        ("2026-06-30T12:00+02:00", {"on": "06-30"}, "2027-07-01T00:00+02:00"),
    ],
)
def test_every_policy_ends_at_the_start_of_a_local_day(earned: str, expiry: dict, expires: str) -> None:
    assert dates_of(earned, **expiry).expires_at == at(expires)


@pytest.mark.parametrize(
    ("earned", "expires"),
    [
        ("2026-03-28T12:00+01:00", "2026-03-29T00:00+01:00"),  # the night in which an hour is skipped begins in winter
        ("2026-03-29T12:00+02:00", "2026-03-30T00:00+02:00"),  # and its day ends after 23 hours
        ("2026-10-24T12:00+02:00", "2026-10-25T00:00+02:00"),
        ("2026-10-25T12:00+01:00", "2026-10-26T00:00+01:00"),  # after 25 hours
        ("2026-10-25T02:30+02:00", "2026-10-26T00:00+01:00"),  # the first 02:30 of that night
        ("2026-10-25T02:30+01:00", "2026-10-26T00:00+01:00"),  # the second
    ],
)
def test_a_day_ends_at_local_midnight_in_both_nights_of_daylight_saving(earned: str, expires: str) -> None:
    assert dates_of(earned, days=1).expires_at == at(expires)


def test_where_daylight_saving_skips_midnight_the_day_starts_after_the_gap() -> None:
    santiago = ZoneInfo("America/Santiago")  # 2026-09-06: 00:00 → 01:00
    expires = dates_of("2026-09-05T12:00-04:00", zone=santiago, days=1).expires_at
    assert expires == at("2026-09-06T01:00-03:00")


def test_where_daylight_saving_repeats_midnight_the_day_starts_at_the_first() -> None:
    havana = ZoneInfo("America/Havana")  # 2026-11-01: 01:00 → 00:00
    expires = dates_of("2026-10-31T12:00-04:00", zone=havana, days=1).expires_at
    assert expires == at("2026-11-01T00:00-04:00")


def test_pending_days_end_at_the_start_of_a_local_day_and_validity_counts_from_there() -> None:
    dates = dates_of(NOON, pending=Pending(days=14), days=30)
    assert dates == LotDates(True, at("2026-03-16T00:00+01:00"), at("2026-04-15T00:00+02:00"))


def test_pending_months_count_from_the_day_on_which_points_become_available() -> None:
    dates = dates_of("2026-01-17T12:00+01:00", pending=Pending(days=14), months=1)
    assert dates.expires_at == at("2026-02-28T00:00+01:00")  # available on January 31st


def test_points_pending_until_an_event_have_no_dates_yet() -> None:
    dates = dates_of(NOON, pending=Pending(until="purchase.shipped"), days=30)
    assert dates == LotDates(True, None, None, waits_for="purchase.shipped", expiry=Expiry(days=30))


def test_validity_counts_from_the_event_that_points_waited_for() -> None:
    shipped = at("2026-03-09T18:00+01:00")
    dates = dates_from(Expiry(days=30), zone=BERLIN, available_at=shipped, recorded_at=shipped)
    assert dates == LotDates(False, shipped, at("2026-04-08T00:00+02:00"))
    assert dates_from(None, zone=BERLIN, available_at=shipped, recorded_at=shipped).expires_at is None


def test_a_late_receipt_ages_from_when_it_occurred() -> None:
    dates = dates_of(NOON, recorded="2026-03-20T12:00+01:00", days=60)
    assert dates == LotDates(False, at(NOON), at("2026-05-01T00:00+02:00"))


def test_a_late_receipt_whose_pending_days_are_over_is_available_at_once() -> None:
    dates = dates_of(NOON, recorded="2026-03-20T12:00+01:00", pending=Pending(days=14))
    assert (dates.pending, dates.available_at) == (False, at("2026-03-16T00:00+01:00"))


def test_a_late_receipt_whose_points_would_have_expired_lives_fourteen_days_after_recording() -> None:
    dates = dates_of(NOON, recorded="2026-12-01T12:00+01:00", days=60)
    assert dates.expires_at == at("2026-12-15T12:00+01:00")


def test_a_late_receipt_never_lives_longer_than_a_fresh_one() -> None:
    dates = dates_of(NOON, recorded="2026-12-01T12:00+01:00", days=5)
    assert dates.expires_at == at("2026-12-06T00:00+01:00")


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))
POLICIES = st.one_of(
    st.integers(1, 3660).map(lambda days: Expiry(days=days)),
    st.integers(1, 120).map(lambda months: Expiry(months=months)),
    st.integers(1, 120).map(lambda months: Expiry(months=months, round_up_to="month_end")),
    st.integers(1, 3660).map(lambda days: Expiry(inactivity_days=days)),
    st.dates(datetime(2001, 1, 1).date(), datetime(2001, 12, 31).date()).map(lambda day: Expiry(on=f"{day:%m-%d}")),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Pacific/Kiritimati", "Asia/Kolkata"]).map(
    ZoneInfo
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(POLICIES, ZONES, INSTANTS, st.integers(0, 3660 * 24), st.integers(0, 60))
def test_points_always_outlive_their_recording_and_late_ones_as_long_as_promised(
    policy: Expiry, zone: ZoneInfo, occurred_at: datetime, hours_late: int, pending_days: int
) -> None:
    recorded_at = occurred_at + timedelta(hours=hours_late)
    points = PointsSettings(expiry=policy, pending=Pending(days=pending_days))
    dates = lot_dates(points, zone=zone, occurred_at=occurred_at, recorded_at=recorded_at)
    fresh = lot_dates(points, zone=zone, occurred_at=recorded_at, recorded_at=recorded_at)
    assert dates.available_at is not None
    assert dates.expires_at is not None
    assert fresh.expires_at is not None
    assert recorded_at < dates.expires_at <= fresh.expires_at
    assert dates.available_at < dates.expires_at
    assert dates.expires_at >= min(recorded_at + LATE_LIFE, fresh.expires_at)
    assert dates.pending == (pending_days > 0 and dates.available_at > recorded_at)
