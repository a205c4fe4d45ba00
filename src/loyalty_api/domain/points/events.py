"""What the ledger tells by itself: points that became available and points that expired, one event per lot."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

MATURED = "points.matured"
EXPIRED = "points.expired"


class PointsMatured(msgspec.Struct, frozen=True):
    """``debt_paid``: how many of them paid a debt at once."""

    transfer_seq: int
    lot_id: UUID
    points: int
    debt_paid: int
    available_after: int
    expires_at: datetime | None


class PointsExpired(msgspec.Struct, frozen=True):
    """``expires_at``: when the lot's points were due; those that were reserved then expire when they are freed."""

    transfer_seq: int
    lot_id: UUID
    points: int
    available_after: int
    expires_at: datetime


_encoder = msgspec.json.Encoder()


def encode_event(event: PointsMatured | PointsExpired) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
