"""The event of an engagement, without what the caller sent in ``data``: that may be free text."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.tiers.events import TierMoved

TYPE = "engagement.recorded"


class EngagementRecorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ids, codes and points; no names, e-mails or free text."""

    engagement_id: UUID
    kind: str
    earnings: msgspec.Raw
    points_earned: int
    points_pending: int
    transfer_seq: int | None
    available_after: int
    version: int
    store: str | None = None
    employee: str | None = None
    channel: str | None = None
    tier_moved: TierMoved | None = None


_encoder = msgspec.json.Encoder()


def encode_event(event: EngagementRecorded) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
