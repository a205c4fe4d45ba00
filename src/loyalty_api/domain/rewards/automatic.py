"""Automatic rewards: redeemed by themselves, as often as the available points reach their price.

Whatever makes points available calls this in its own transaction, so that each is given once and at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.rewards.counter import Counter, Order
from loyalty_api.domain.rewards.price import price
from loyalty_api.domain.rewards.rules import hindrance
from loyalty_api.kernel.clock import local_date

AT_ONCE_MAX = 1000  # by one write; what is left over is redeemed by the next
ITSELF = "automatic"


def automatic_rewards(version: Version) -> list[Reward]:
    """The rewards that are redeemed by themselves, in the order of the document."""
    return [reward for reward in version.document.rewards if reward.auto]


def is_reached(rewards: Sequence[Reward], available: int) -> bool:
    """Whether so many points reach the price of one of the automatic rewards."""
    return any(reward.points is not None and available >= reward.points for reward in rewards)


def redeem_automatic(counter: Counter, balance: Balance, program: Program, *, tier: str | None, now: datetime) -> int:
    """Redeems what the member's available points reach at ``now``, the program's present; how many times.

    The member is locked and settled. ``tier``: held now. A reward that the member may not have, or of which none is
    left, is passed over.
    """
    version, day, times = program.version_at(now), local_date(now, program.zone), 0
    for reward in automatic_rewards(version):
        while times < AT_ONCE_MAX and is_reached([reward], balance.available):
            if hindrance(reward, counter.seen(reward, balance, day=day, now=now, tier=tier)) is not None:
                break
            order = Order(
                reward=reward,
                price=price(reward, asked=None, available=balance.available, total_minor=None),
                version=version.number,
                day=day,
                now=now,
                until=None,
                actor=ITSELF,
            )
            counter.redeem(balance, order)
            times += 1
    return times
