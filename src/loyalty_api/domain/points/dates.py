"""The dates of a lot (pure): when its points become available and when they expire.

With d the local date on which the points become available: ``days: N`` expires at the start of d + N,
``months: N`` at the start of the same day N months later, ``round_up_to: month_end`` at the start of the month
after that, ``on`` at the end of that date, the next one after d. By inactivity and never: no date on the lot.
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
    """``available_at`` None: waits for a named event. ``expires_at`` None: never by itself."""

    pending: bool
    available_at: datetime | None
    expires_at: datetime | None


def lot_dates(settings: PointsSettings, *, zone: ZoneInfo, occurred_at: datetime, recorded_at: datetime) -> LotDates:
    """The dates of points that are earned at ``occurred_at`` and booked at ``recorded_at``."""
    if settings.pending.until is not None:
        return LotDates(pending=True, available_at=None, expires_at=None)
    days = settings.pending.days or 0
    available_on = add_days(local_date(occurred_at, zone), days)
    available_at = start_of_day(available_on, zone) if days else occurred_at
    expires_at = None
    if isinstance(settings.expiry, Expiry):
        expires_at = _expires_at(settings.expiry, available_on, zone)  # ty: ignore[invalid-argument-type]
        fresh_on = add_days(local_date(recorded_at, zone), days)
        fresh = expires_at
        if fresh_on != available_on:
            fresh = _expires_at(settings.expiry, fresh_on, zone)  # ty: ignore[invalid-argument-type]
        if expires_at is not None and fresh is not None:
            expires_at = max(expires_at, min(recorded_at + LATE_LIFE, fresh))
    return LotDates(available_at > recorded_at and days > 0, available_at, expires_at)


@lru_cache(maxsize=4096)  # a frozen struct is hashable, whatever the type checker makes of msgspec
def _expires_at(expiry: Expiry, available_on: date, zone: ZoneInfo) -> datetime | None:
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
    return None
