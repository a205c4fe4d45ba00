"""What the coupons of a purchase do to its points (pure): those that would add nothing are not used."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.coupon_rules import rule_code
from loyalty_api.domain.earning.rules import Basket, Decision, decide
from loyalty_api.domain.purchases.answer import ListedCoupon, WhyNot
from loyalty_api.domain.rewards.coupons import Coupon


class Shown(NamedTuple):
    """A coupon as the purchase lists it, and what keeps it from being used. ``coupon`` None: it is of no pool."""

    text: str
    coupon: Coupon | None
    why_not: WhyNot | None

    @property
    def rule(self) -> str | None:
        """What it is called among the rules; None: it does not multiply."""
        return rule_code(self.coupon.code) if self.coupon is not None and self.factor is not None else None

    @property
    def factor(self) -> Decimal | None:
        """So many times the points; None: it does not multiply them."""
        return self.coupon.effect.multiplier if self.coupon is not None and self.coupon.effect is not None else None


def factors_of(shown: Sequence[Shown]) -> dict[str, Decimal]:
    """The factors of those that may be used, by what they are called among the rules."""
    return {
        each.rule: each.factor
        for each in shown
        if each.rule is not None and each.factor is not None and each.why_not is None
    }


def decide_used(compiled: Compiled, basket: Basket) -> tuple[Basket, Decision]:
    """The decision, and the basket with those coupons alone that give points in it."""
    decision = decide(compiled, basket)
    while basket.inputs.coupons:
        gave = {earning.rule for earning in decision.earnings}
        used = {rule: factor for rule, factor in basket.inputs.coupons.items() if rule in gave}
        if len(used) == len(basket.inputs.coupons):
            break
        basket = msgspec.structs.replace(basket, inputs=msgspec.structs.replace(basket.inputs, coupons=used))
        decision = decide(compiled, basket)
    return basket, decision


def settle_shown(shown: Sequence[Shown], basket: Basket) -> list[Shown]:
    """The coupons once the purchase is decided."""
    used = basket.inputs.coupons
    return [
        each._replace(why_not="no_points")
        if each.why_not is None and each.rule is not None and each.rule not in used
        else each
        for each in shown
    ]


def tell_shown(shown: Sequence[Shown], decision: Decision) -> list[ListedCoupon]:
    """What the till is told of each, once it is settled."""
    points = {earning.rule: earning.points for earning in decision.earnings}
    return [
        ListedCoupon(
            code=each.text,
            used=each.why_not is None,
            multiplier=each.factor,
            points=points[each.rule] if each.rule is not None and each.why_not is None else None,
            why_not=each.why_not,
        )
        for each in shown
    ]
