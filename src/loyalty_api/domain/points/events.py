"""What the ledger tells by itself: points that became available, that will expire soon and that expired."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

MATURED = "points.matured"
EXPIRED = "points.expired"
NOTICE = "points.expirynotice.sent"


class PointsMatured(msgspec.Struct, frozen=True):
    """``debt_paid``: how many of them paid a debt at once."""

    transfer_seq: int
    lot_id: UUID
    points: int
    debt_paid: int
    available_after: int
    expires_at: datetime | None


class PointsExpired(msgspec.Struct, frozen=True):
    """``expires_at``: when the lot's points were due; those that were reserved then expire when they are freed.
    ``earned_at``: of the lot."""

    transfer_seq: int
    lot_id: UUID
    points: int
    available_after: int
    expires_at: datetime
    earned_at: datetime | None = None


class ExpiryNotice(msgspec.Struct, frozen=True):
    """These lots, with so many points together, expire at ``expires_at`` unless they are spent."""

    lot_ids: list[UUID]
    points: int
    expires_at: datetime


_encoder = msgspec.json.Encoder()


def encode_event(event: PointsMatured | PointsExpired | ExpiryNotice) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
