"""How rewards and coupons are refused. A refusal is not remembered: the same reference may succeed later."""

from __future__ import annotations

from loyalty_api.kernel.refusals import InvalidRequest, Kind, Refusal


class RewardNotFound(Refusal):
    """The program has no such reward."""

    kind = Kind.MISSING
    code = "reward.not_found"
    title = "No such reward"


class RewardNotValid(Refusal):
    """It is not one of the days on which the reward may be had."""

    kind = Kind.CONFLICT
    code = "reward.not_valid"
    title = "The reward may not be had today"


class RewardNotForTier(Refusal):
    """The reward is for other tiers than the member's."""

    kind = Kind.CONFLICT
    code = "reward.not_for_tier"
    title = "The reward is for another tier"


class RewardOutOfStock(Refusal):
    """All pieces are taken, or all codes of the pool."""

    kind = Kind.CONFLICT
    code = "reward.out_of_stock"
    title = "None is left"


class RewardLimitReached(Refusal):
    """The member had the reward as often as one member may."""

    kind = Kind.CONFLICT
    code = "reward.limit_reached"
    title = "The member had it often enough"


class BelowMinimum(InvalidRequest):
    """Fewer points than may be paid with at a time."""

    code = "redemption.below_minimum"
    title = "Too few points"


class NothingAllowed(Refusal):
    """Of what was asked, the limits of the reward allow nothing on this basket."""

    kind = Kind.CONFLICT
    code = "redemption.nothing_allowed"
    title = "Nothing may be paid with points here"


class RedemptionReferenceReused(Refusal):
    """The reference stands for another redemption: other content, or another member."""

    kind = Kind.CONFLICT
    code = "redemption.reference_reused"
    title = "This reference was used for another redemption"


class RedemptionNotFound(Refusal):
    """The program has no such redemption."""

    kind = Kind.MISSING
    code = "redemption.not_found"
    title = "No such redemption"


class RedemptionCompleted(Refusal):
    """The redemption is completed; what was spent is given back by returning the purchase."""

    kind = Kind.CONFLICT
    code = "redemption.completed"
    title = "The redemption is completed"


class RedemptionCancelled(Refusal):
    """The redemption was cancelled; its points are the member's again."""

    kind = Kind.CONFLICT
    code = "redemption.cancelled"
    title = "The redemption was cancelled"


class RedemptionExpired(Refusal):
    """The reservation ran out; its points are the member's again."""

    kind = Kind.CONFLICT
    code = "redemption.expired"
    title = "The reservation ran out"


class CouponNotFound(Refusal):
    """No pool of the program has such a code."""

    kind = Kind.MISSING
    code = "coupon.not_found"
    title = "No such coupon"


class CouponUsedUp(Refusal):
    """The code was used as often as it may be."""

    kind = Kind.CONFLICT
    code = "coupon.used_up"
    title = "The coupon is used up"


class CouponOfPurchases(Refusal):
    """The coupon multiplies the points of a purchase, and is used by being listed with one."""

    kind = Kind.CONFLICT
    code = "coupon.of_purchases"
    title = "The coupon is used with a purchase"


class CouponReferenceReused(Refusal):
    """The reference stands for another use of a coupon: other content, or another member."""

    kind = Kind.CONFLICT
    code = "coupon.reference_reused"
    title = "This reference was used for another coupon"


class PoolNotFound(Refusal):
    """The program has no such pool of codes."""

    kind = Kind.MISSING
    code = "coupon.pool_not_found"
    title = "No such pool"


class PoolExists(Refusal):
    """There is a pool with this code, of other uses or with another effect."""

    kind = Kind.CONFLICT
    code = "coupon.pool_exists"
    title = "There is such a pool"


class CodeTaken(InvalidRequest):
    """A code is in a pool of the program already."""

    code = "coupon.code_taken"
    title = "The code is taken"
