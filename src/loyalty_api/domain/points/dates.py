"""The dates of a lot (pure): when its points become available and when they expire.

With d the local date on which the points become available: ``days: N`` expires at the start of d + N,
``months: N`` at the start of the same day N months later, ``round_up_to: month_end`` at the start of the month
after that, ``on`` at the end of that date, the next one after d. ``inactivity_days: N``: at the start of the local
date N days after the member's latest purchase; the lot's own date is then the earliest at which this can be, and it
is N days after d where a purchase's N days were over before its points became available. Never: no date.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty_api.domain.programs.document import Expiry, PointsSettings
from loyalty_api.kernel.clock import add_days, add_months, first_of_next_month, local_date, start_of_day

# A late receipt's points live at least so long after recording (though never longer than fresh ones would).
LATE_LIFE = timedelta(days=14)


class LotDates(NamedTuple):
    """``available_at`` None: waits for the event ``waits_for``, from which on it lives by ``expiry``. ``expires_at``
    None: never by itself. ``inactivity_days``: purchases put its end off."""

    pending: bool
    available_at: datetime | None
    expires_at: datetime | None
    inactivity_days: int | None = None
    waits_for: str | None = None
    expiry: Expiry | None = None


def lot_dates(settings: PointsSettings, *, zone: ZoneInfo, occurred_at: datetime, recorded_at: datetime) -> LotDates:
    """The dates of points that are earned at ``occurred_at`` and booked at ``recorded_at``."""
    expiry = settings.expiry if isinstance(settings.expiry, Expiry) else None
    inactivity_days = expiry.inactivity_days if expiry else None
    if settings.pending.until is not None:
        return LotDates(True, None, None, inactivity_days, waits_for=settings.pending.until, expiry=expiry)
    days = settings.pending.days or 0
    available_at = start_of_day(add_days(local_date(occurred_at, zone), days), zone) if days else occurred_at
    expires_at = _ends(expiry, days, zone=zone, occurred_at=occurred_at, recorded_at=recorded_at)
    return LotDates(available_at > recorded_at and days > 0, available_at, expires_at, inactivity_days)


def dates_from(expiry: Expiry | None, *, zone: ZoneInfo, available_at: datetime, recorded_at: datetime) -> LotDates:
    """The dates of points that waited for an event, which occurred at ``available_at``."""
    expires_at = _ends(expiry, 0, zone=zone, occurred_at=available_at, recorded_at=recorded_at)
    return LotDates(False, available_at, expires_at, expiry.inactivity_days if expiry else None)


@lru_cache(maxsize=4096)
def inactive_at(inactivity_days: int, last_purchase_at: datetime, zone: ZoneInfo) -> datetime:
    """When a member who bought last at ``last_purchase_at`` has been inactive for so many days."""
    return start_of_day(add_days(local_date(last_purchase_at, zone), inactivity_days), zone)


def graced(days: int, *, zone: ZoneInfo, now: datetime) -> LotDates:
    """The dates of points that are given back when their lot has expired: the program's grace, from today."""
    return LotDates(False, now, start_of_day(add_days(local_date(now, zone), days), zone))


def _ends(
    expiry: Expiry | None, days: int, *, zone: ZoneInfo, occurred_at: datetime, recorded_at: datetime
) -> datetime | None:
    if expiry is None:
        return None
    occurred_on, recorded_on = local_date(occurred_at, zone), local_date(recorded_at, zone)
    expires_at = _expires_at(expiry, occurred_on, days, zone)  # ty: ignore[invalid-argument-type]
    if recorded_on == occurred_on:
        return expires_at
    fresh = _expires_at(expiry, recorded_on, days, zone)  # ty: ignore[invalid-argument-type]
    return max(expires_at, min(recorded_at + LATE_LIFE, fresh))


@lru_cache(maxsize=4096)  # a frozen struct is hashable, whatever the type checker makes of msgspec
def _expires_at(expiry: Expiry, occurred_on: date, days: int, zone: ZoneInfo) -> datetime:
    available_on = add_days(occurred_on, days)
    if expiry.days is not None:
        return start_of_day(add_days(available_on, expiry.days), zone)
    if expiry.months is not None:
        day = add_months(available_on, expiry.months)
        return start_of_day(first_of_next_month(day) if expiry.round_up_to else day, zone)
    if expiry.on is not None:
        day = date.fromisoformat(f"{available_on.year}-{expiry.on}")
        if day <= available_on:
            day = day.replace(year=day.year + 1)
        return start_of_day(add_days(day, 1), zone)
    assert expiry.inactivity_days is not None, "a checked expiry has one of the policies"
    since = occurred_on if expiry.inactivity_days > days else available_on
    return start_of_day(add_days(since, expiry.inactivity_days), zone)
