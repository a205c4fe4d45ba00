"""The event of a purchase: one fat row, which the relay expands into the events that subscribers know."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.tiers.events import TierMoved

TYPE = "purchase.recorded"
RETURNED = "purchase.returned"
VOIDED = "purchase.voided"
MOVED = "purchase.moved"


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


class PurchaseReturned(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went back of a purchase. ``lines``: the part of each, by its place from 0. ``points_expired`` of those taken
    were gone already."""

    return_id: UUID
    purchase_id: UUID
    amount_minor: int
    currency: str
    lines: msgspec.Raw
    points_taken: int
    points_given: int
    transfer_seqs: list[int]
    available_after: int
    points_expired: int = 0


class PurchaseMoved(msgspec.Struct, frozen=True):
    """Told to the member whose it is now, beside ``purchase.recorded``; the other is told ``purchase.voided``."""

    purchase_id: UUID
    member_id: UUID
    from_purchase_id: UUID
    from_member_id: UUID
    actor: str


_encoder = msgspec.json.Encoder()


def encode_event(event: PurchaseRecorded | PurchaseReturned | PurchaseMoved) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
