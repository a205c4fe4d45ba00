"""The answers to redemptions and to coupons (pure). No personal data in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.rewards.coupon_effect import CouponEffect
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.kernel.clock import rfc3339


class RedemptionAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the caller is told. ``amount_minor``: what it is worth at the till; ``limited_by``: why that, or the
    points, are fewer than asked; ``coupon``: the code that it gave out; ``purchase``: what it was completed with."""

    id: UUID
    status: str
    member: UUID
    reward: str
    points: int
    amount_minor: int | None = None
    limited_by: str | None = None
    expires_at: str | None = None
    coupon: str | None = None
    purchase: UUID | None = None
    balance: BalanceAnswer


class CouponAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A used coupon. ``effect``: what it does; ``amount_minor``: off this basket; ``uses_left``: of its code."""

    id: UUID
    code: str
    pool: str
    member: UUID
    uses_left: int
    effect: CouponEffect | None = None
    amount_minor: int | None = None
    limited_by: str | None = None


def balance_of(balance: Balance) -> BalanceAnswer:
    """The balance as answers tell it."""
    return BalanceAnswer(balance.available, balance.pending, balance.reserved)


def tell(redemption: Redemption, balance: BalanceAnswer, now: datetime, written: str | None) -> RedemptionAnswer:
    """The redemption as it is at ``now``; ``written``: its code as it is written."""
    status = redemption.status_at(now)
    return RedemptionAnswer(
        id=redemption.redemption_id,
        status=status,
        member=redemption.member_id,
        reward=redemption.reward,
        points=redemption.points,
        amount_minor=redemption.amount_minor,
        limited_by=redemption.limited_by,
        expires_at=rfc3339(redemption.expires_at) if status == "reserved" and redemption.expires_at else None,
        coupon=written,
        purchase=redemption.purchase_id,
        balance=balance,
    )


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_answer(answer: RedemptionAnswer | CouponAnswer) -> bytes:
    """The answer's bytes."""
    return _encoder.encode(answer)
