"""The answer to a purchase, encoded once and kept for ever beside the record. No personal data in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import Advice, BalanceAnswer, EarnedPoints, TierAnswer

WhyNot = Literal["unknown", "used_up", "kept", "twice", "no_points"]


class ListedCoupon(msgspec.Struct, frozen=True, omit_defaults=True):
    """A coupon as the purchase lists it. ``points``: what its ``multiplier`` added.

    Not used, and as good as before: ``unknown`` (of no pool), ``used_up``, ``kept`` (for a redemption), ``twice``
    (listed before, and it multiplies once), ``no_points`` (there was nothing to multiply, or a rule lets no other).
    """

    code: str
    used: bool
    multiplier: Decimal | None = None
    points: int | None = None
    why_not: WhyNot | None = None


class PurchaseAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the till is told. ``coupons``: those that the purchase lists."""

    id: UUID
    status: str
    points: EarnedPoints
    balance: BalanceAnswer
    tier: TierAnswer | None
    advice: list[Advice]
    coupons: list[ListedCoupon] = []


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_answer(answer: PurchaseAnswer) -> bytes:
    """The answer's bytes."""
    return _encoder.encode(answer)
