"""The event of a purchase: one fat row, which the relay expands into the events that subscribers know."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.tiers.events import TierMoved

TYPE = "purchase.recorded"


class PurchaseRecorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ids, codes and amounts; no names, e-mails or free text."""

    purchase_id: UUID
    amount_minor: int
    base_minor: int
    currency: str
    lines: msgspec.Raw
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


def encode_event(event: PurchaseRecorded) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
