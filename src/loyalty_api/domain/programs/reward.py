"""Rewards as the document writes them: what a member gets for points."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from loyalty_api.domain.programs.parts import Code, Day, Label, Minor, Part, Points, PositiveDays, Text

Percent = Annotated[Decimal, Meta(description="more than 0, at most 100, at most 6 decimals")]
Share = Annotated[Decimal, Meta(description="more than 0, at most 1, at most 6 decimals")]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Cost = Annotated[int, Meta(ge=0, le=10**12)]

EFFECTS = ("money_off", "percent_off", "free_product", "coupon", "pay_with_points", "donation", "custom")


class MoneyOff(Part):
    """So much off the basket."""

    amount_minor: Minor


class PercentOff(Part):
    """A part of the basket off, at most ``max_minor``."""

    percent: Percent
    max_minor: Minor | None = None


class FreeProduct(Part):
    """So many of a product for nothing."""

    sku: Label
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1


class CouponFrom(Part):
    """A code from a pool."""

    pool: Code


class PayWithPoints(Part):
    """A part of the basket is paid with points: ``points`` are worth ``minor``.

    ``min``: the least points at a time; ``step``: points are taken in multiples of it; ``max_share``: of the basket.
    """

    points: Points = 1
    minor: Minor = 1
    min: Points = 1
    step: Points = 1
    max_share: Share = Decimal(1)


class Donation(Part):
    """Something is given to somebody in need."""

    to: Text


class Custom(Part):
    """Anything else, told in words."""

    note: Text


class Valid(Part):
    """The first and the last day, both inclusive, in the program's zone."""

    from_: Day | None = msgspec.field(name="from", default=None)
    until: Day | None = None


class MemberLimit(Part):
    """How often one member may have it in so many local days, today among them; without ``days``: in all."""

    limit: Count
    days: PositiveDays | None = None


class Effect(Part):
    """What a reward or a coupon does; exactly one of these."""

    money_off: MoneyOff | None = None
    percent_off: PercentOff | None = None
    free_product: FreeProduct | None = None
    coupon: CouponFrom | None = None
    pay_with_points: PayWithPoints | None = None
    donation: Donation | None = None
    custom: Custom | None = None

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(name for name in EFFECTS if getattr(self, name) is not None)


class Reward(Effect, kw_only=True):
    """What members may have for ``points``; exactly one of the kinds.

    ``stock``: how many there are in all. ``auto``: redeemed by itself, as often as the available points reach the
    price. ``cost_minor``: what one costs the program. ``tiers`` (none named: all): who may have it.
    """

    code: Code
    points: Points | None = None
    stock: Count | None = None
    valid: Valid = Valid()
    tiers: list[Code] = []
    per_member: MemberLimit | None = None
    cost_minor: Cost | None = None
    auto: bool = False
