"""Whether a member may have a reward (pure): its days, its tiers, what is left of it, how often they had it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from loyalty_api.domain.programs.reward import MemberLimit, Reward
from loyalty_api.domain.rewards.hindrances import hindered
from loyalty_api.domain.rewards.price import lacking, steps_of
from loyalty_api.domain.rewards.refusals import (
    RewardLimitReached,
    RewardNotForTier,
    RewardNotValid,
    RewardOutOfStock,
)
from loyalty_api.kernel.refusals import Refusal


class Seen(NamedTuple):
    """What is known when a reward is asked for. ``day``: today in the program's zone; ``left``: of its stock and of
    its pool, whichever is less, None: without end; ``had``: how often the member had it, within its limit's days."""

    day: date
    tier: str | None
    left: int | None
    had: int


def hindrance(reward: Reward, seen: Seen) -> Refusal | None:
    """What keeps the member from the reward, whatever the points; None: nothing does."""
    valid, today = reward.valid, seen.day.isoformat()
    if valid.from_ is not None and today < valid.from_:
        return hindered(RewardNotValid, "from", reward=reward.code, day=valid.from_)
    if valid.until is not None and today > valid.until:
        return hindered(RewardNotValid, "until", reward=reward.code, day=valid.until)
    if reward.tiers and seen.tier not in reward.tiers:
        return hindered(RewardNotForTier, "tier", reward=reward.code, tiers=reward.tiers, tier=seen.tier)
    if seen.left is not None and seen.left <= 0:
        return hindered(RewardOutOfStock, "stock", reward=reward.code)
    limit = reward.per_member
    if limit is not None and seen.had >= limit.limit:
        phrase = "limit.days" if limit.days else "limit"
        return hindered(RewardLimitReached, phrase, reward=reward.code, times=limit.limit, days=limit.days)
    return None


def why_not(reward: Reward, seen: Seen, available: int) -> Refusal | None:
    """What keeps the member from the reward, the points among it; None: nothing does."""
    found = hindrance(reward, seen)
    if found is not None:
        return found
    pay = reward.pay_with_points
    least = steps_of(pay)[1] if pay is not None else reward.points or 0
    return lacking(least, available) if available < least else None


def first_day(limit: MemberLimit, today: date) -> date:
    """The first of the local days that a member's limit looks at."""
    return today - timedelta(days=limit.days - 1) if limit.days else date.min
