"""What is told of an opening balance: the answer and the event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer

TYPE = "points.opened"


class OpeningAnswer(msgspec.Struct, frozen=True):
    """The lot as it is kept. ``expires_at`` null: never by itself; with expiry by inactivity, purchases put it off."""

    id: UUID
    status: str
    points: int
    pending: int
    earned_at: str
    available_at: str
    expires_at: str | None
    balance: BalanceAnswer


class PointsOpened(msgspec.Struct, frozen=True):
    """The data of the event."""

    opening_id: UUID
    transfer_seq: int
    points: int
    points_pending: int
    available_after: int
    expires_at: datetime | None
    actor: str


_encoder = msgspec.json.Encoder()


def encode(told: OpeningAnswer | PointsOpened) -> bytes:
    """The bytes."""
    return _encoder.encode(told)
