"""What a redemption takes and gives (pure): whole points, whole minor units, never more than any limit allows."""

from __future__ import annotations

from math import gcd, lcm
from typing import NamedTuple

from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.programs.reward import Effect, PayWithPoints, Reward
from loyalty_api.domain.rewards.hindrances import hindered
from loyalty_api.domain.rewards.refusals import BelowMinimum, NothingAllowed
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal

BALANCE, SHARE, STEP, BASKET, MOST = "balance", "max_share", "step", "basket", "max_minor"


class Price(NamedTuple):
    """Points that are taken, what they are worth at the till (None: that cannot be told), and what limited either."""

    points: int
    amount_minor: int | None
    limited_by: str | None = None


def price(reward: Reward, *, asked: int | None, available: int, total_minor: int | None) -> Price:
    """The price of a reward for a member with so many points available. ``asked``: points to pay with;
    ``total_minor``: of the basket, None: not told.

    Refuses: InsufficientPoints, BelowMinimum, NothingAllowed, InvalidRequest (``asked`` or the basket is missing).
    """
    if reward.pay_with_points is not None:
        if asked is None:
            raise InvalidRequest.of(FieldError("points", "is missing: how many to pay with"))
        return price_paying(reward.pay_with_points, asked=asked, available=available, total_minor=total_minor)
    assert reward.points is not None, "a checked reward has a price"
    if available < reward.points:
        raise lacking(reward.points, available)
    amount_minor, limited_by = worth(reward, total_minor)
    return Price(reward.points, amount_minor, limited_by)


def price_paying(pay: PayWithPoints, *, asked: int, available: int, total_minor: int | None) -> Price:
    """As many of the asked points as the limits allow: the balance, the share of the basket, whole steps.

    Refuses: InsufficientPoints, BelowMinimum, NothingAllowed, InvalidRequest.
    """
    step, least = steps_of(pay)
    if asked < least:
        raise BelowMinimum.of(FieldError("points", f"must be at least {least:,}"))
    if total_minor is None and pay.max_share < 1:
        share = f"{pay.max_share * 100:f}".rstrip("0").rstrip(".")
        wanted = f"is missing: at most {share} % of the basket may be paid with points"
        raise InvalidRequest.of(FieldError("purchase_preview", wanted))
    points, limited_by = asked, None
    if available < points:
        points, limited_by = max(0, available), BALANCE
    if total_minor is not None:
        room = share_of(pay, total_minor) * pay.points // pay.minor
        if room < points:
            points, limited_by = room, SHARE
    whole = points - points % step
    if whole < least:
        if available < least:
            raise lacking(least, available)
        raise NothingAllowed(f"At least {least:,} points are paid with at a time; this basket allows {whole:,}.")
    if whole < points and limited_by is None:
        limited_by = STEP
    return Price(whole, whole * pay.minor // pay.points, limited_by)


def steps_of(pay: PayWithPoints) -> tuple[int, int]:
    """The points that are taken at a time, so that they buy whole minor units, and the fewest that may be."""
    step = lcm(pay.step, pay.points // gcd(pay.points, pay.minor))
    return step, -(-pay.min // step) * step


def share_of(pay: PayWithPoints, total_minor: int) -> int:
    """The most minor units of a basket that may be paid with points."""
    return int(pay.max_share * total_minor)


def worth(effect: Effect, total_minor: int | None) -> tuple[int | None, str | None]:
    """The money off a basket of so much (None: not told), and what limited it; None: it is not money, or not known.

    A percentage is rounded down.
    """
    if effect.money_off is not None:
        amount_minor = effect.money_off.amount_minor
        if total_minor is not None and total_minor < amount_minor:
            return total_minor, BASKET
        return amount_minor, None
    if effect.percent_off is not None and total_minor is not None:
        amount_minor, most = int(effect.percent_off.percent * total_minor / 100), effect.percent_off.max_minor
        return (most, MOST) if most is not None and most < amount_minor else (amount_minor, None)
    return None, None


def lacking(points: int, available: int) -> Refusal:
    """InsufficientPoints, of a member who has too few."""
    return hindered(InsufficientPoints, "points", asked=points, available=max(0, available))
