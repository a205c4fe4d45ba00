"""The dates of a lot that is brought in (pure): given ones are kept, missing ones follow the program."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty_api.domain.openings.command import Opening
from loyalty_api.domain.points.dates import LotDates, dates_from, lot_dates
from loyalty_api.domain.programs.document import Expiry, PointsSettings


def opening_dates(opening: Opening, settings: PointsSettings, *, zone: ZoneInfo, recorded_at: datetime) -> LotDates:
    """Without ``available_at`` a program's pending days count from ``earned_at``; points that others would have to
    wait for an event with are available, since no purchase of ours can be named. What expires by the program lives
    at least as long after ``recorded_at`` as a late receipt's points do."""
    expiry = settings.expiry if isinstance(settings.expiry, Expiry) else None
    if opening.available_at is None and settings.pending.until is None:
        dates = lot_dates(settings, zone=zone, occurred_at=opening.earned_at, recorded_at=recorded_at)
    else:
        available_at = opening.available_at or opening.earned_at
        dates = dates_from(expiry, zone=zone, available_at=available_at, recorded_at=recorded_at)
        dates = dates._replace(pending=available_at > recorded_at)
    if opening.expires_at is not None:
        dates = dates._replace(expires_at=opening.expires_at, inactivity_days=None)
    return dates
