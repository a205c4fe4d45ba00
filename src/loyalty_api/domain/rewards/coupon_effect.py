"""What the codes of a pool do: one of the reward kinds, or a multiplier of the purchase's points."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from loyalty_api.domain.programs.check_rewards import check_effect
from loyalty_api.domain.programs.reward import Effect
from loyalty_api.kernel.refusals import FieldError

FACTOR_MAX = 1000


class CouponEffect(Effect, frozen=True, kw_only=True):
    """Exactly one of these; ``multiplier``: so many times the points of the purchase that the coupon is used with."""

    multiplier: Annotated[Decimal, Meta(description="more than 1, at most 1000, at most 6 decimals")] | None = None

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return "multiplier" if self.multiplier is not None else super().kind


def check_coupon_effect(effect: CouponEffect) -> Iterator[FieldError]:
    """Every fault of an effect whose fields are right one by one."""
    yield from check_effect("effect", effect, also=("multiplier",))
    for name in ("coupon", "pay_with_points"):
        if getattr(effect, name) is not None:
            yield FieldError(f"effect.{name}", "is no effect of a coupon")
    factor = effect.multiplier
    if factor is not None and not (1 < factor <= FACTOR_MAX and factor == round(factor, 6)):
        yield FieldError("effect.multiplier", f"must be more than 1, at most {FACTOR_MAX:,}, at most 6 decimals")
