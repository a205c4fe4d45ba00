"""The only place that asks the machine what time it is, and the calendar arithmetic on top.

Instants are aware datetimes in UTC; dates are local dates of a zone. A day starts at its first instant:
where daylight saving skips midnight that is the first minute after the gap.
"""

from __future__ import annotations

import calendar
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING_OF_TIME = datetime(1, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds of a clock that never steps back, for measuring durations."""
    return time.monotonic()


def in_utc(name: str, instant: datetime) -> datetime:
    """The instant in its one writing. Raises ValueError, which names the field, where UTC has no such year."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"`{name}` is outside of the calendar") from None


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the wall calendar of ``zone`` at ``instant``."""
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC."""
    # fold=0: a repeated midnight means its first pass, a skipped one the instant of the jump.
    return datetime(day.year, day.month, day.day, tzinfo=zone, fold=0).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last whole second of ``day`` in ``zone``, in UTC."""
    return start_of_day(day + timedelta(days=1), zone) - timedelta(seconds=1)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def first_of_next_month(day: date) -> date:
    """The first day of the month after ``day``."""
    return add_months(day.replace(day=1), 1)


def add_days(day: date, days: int) -> date:
    """``day`` plus a number of calendar days."""
    return day + timedelta(days=days)


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC: ``2026-11-21T09:14:03Z``, with microseconds only where there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970, exact (``timestamp()`` is a float)."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
