"""When a delivery that failed is tried again (pure): after 5 s, then 15, 45 … up to 6 hours, each a fifth more or
less, so that what failed together does not come back together; for three days."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_SECONDS = 5.0
FACTOR = 3.0
PAUSE_SECONDS_MAX = 6 * 3600.0
JITTER = 0.2
TRIED = timedelta(days=3)


def pause_after(
    attempts: int, chance: float, *, asked_seconds: float | None = None, first_seconds: float = FIRST_SECONDS
) -> timedelta:
    """How long to wait after so many attempts (1: the first one failed). ``chance``: 0 to 1, where in the jitter.

    ``asked_seconds``: what the receiver's Retry-After says; it may lengthen a pause, up to the longest one.
    """
    exponent = min(attempts - 1, 50)
    seconds = min(first_seconds * FACTOR**exponent, PAUSE_SECONDS_MAX) * (1 + JITTER * (2 * chance - 1))
    if asked_seconds is not None:
        seconds = max(seconds, min(asked_seconds, PAUSE_SECONDS_MAX))
    return timedelta(seconds=seconds)


def give_up_at(first_attempt_at: datetime) -> datetime:
    """When a delivery that never succeeds has failed."""
    return first_attempt_at + TRIED
