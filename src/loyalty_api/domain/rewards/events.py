"""What rewards and coupons tell (pure): ids, codes of rewards and pools, and amounts; never a coupon's code."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

RESERVED = "reward.reserved"
REDEEMED = "reward.redeemed"
CANCELLED = "reward.cancelled"
RUNNING_LOW = "reward.running_low"
ISSUED = "coupon.issued"
USED = "coupon.redeemed"


class RewardMoved(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A reward was reserved, redeemed or cancelled. ``why``, of a cancelled one: ``cancelled`` or ``expired``;
    ``automatic``: redeemed by itself; ``sku``: of a free product."""

    redemption_id: UUID
    reward: str
    kind: str
    points: int
    version: int
    available_after: int
    amount_minor: int | None = None
    cost_minor: int | None = None
    sku: str | None = None
    purchase_id: UUID | None = None
    expires_at: datetime | None = None
    why: str | None = None
    automatic: bool = False
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


class RunningLow(msgspec.Struct, frozen=True):
    """A tenth of a stock, or less, is left: ``reward:five-off``, or ``pool:spring``. Told once for each size."""

    stock: str
    size: int
    left: int


class CouponIssued(msgspec.Struct, frozen=True):
    """A redemption gave a code of a pool out."""

    redemption_id: UUID
    pool: str


class CouponUsed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A code of a pool was used, with a purchase or by itself."""

    use_id: UUID
    pool: str
    uses_left: int
    value_minor: int | None = None
    purchase_id: UUID | None = None
    store: str | None = None


_encoder = msgspec.json.Encoder()


def encode_event(event: RewardMoved | RunningLow | CouponIssued | CouponUsed) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
