"""The events of adjustments (pure): ids and numbers, no reasons, which may name people."""

from __future__ import annotations

from uuid import UUID

import msgspec

ADJUSTED = "points.adjusted"
MOVED = "points.moved"
REVERSED = "points.reversed"


class PointsAdjusted(msgspec.Struct, frozen=True):
    """``points`` above zero were given, below zero taken. ``approved_by``: the second who decided, if one had to."""

    adjustment_id: UUID
    transfer_seq: int
    points: int
    available_after: int
    asked_by: str
    approved_by: str | None


class PointsMoved(msgspec.Struct, frozen=True):
    """Told to both members."""

    adjustment_id: UUID
    from_member_id: UUID
    to_member_id: UUID
    points: int
    available_after: int
    asked_by: str
    approved_by: str | None


class PointsReversed(msgspec.Struct, frozen=True):
    """``points`` of the adjustment were taken back, or given back where it had taken them; ``expired`` ones of those
    that it gave were gone already. ``change``: what the member has more, or less, by it."""

    adjustment_id: UUID
    points: int
    expired: int
    available_after: int
    actor: str
    change: int = 0


_encoder = msgspec.json.Encoder()


def encode_event(event: PointsAdjusted | PointsMoved | PointsReversed) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
