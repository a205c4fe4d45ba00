"""Quoting: what a basket would earn at this moment and why, and why other rules would give nothing."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.earning.rules import Earning
from loyalty_api.domain.earning.unfired import Unfired, unfired
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.advise import advise
from loyalty_api.domain.purchases.answer import Advice, ListedCoupon, TierAnswer
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.gather import gather
from loyalty_api.domain.purchases.multiply import tell_shown
from loyalty_api.domain.purchases.receipt import make_tier
from loyalty_api.domain.rewards.catalogue import offered_rewards
from loyalty_api.kernel.database import Connection


class QuotedPoints(msgspec.Struct, frozen=True):
    """Points that would be earned, by which rule, and why the others would give nothing."""

    earned: int
    pending: int
    earnings: list[Earning]
    not_fired: list[Unfired]


class QuotedReward(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reward, whether the member may redeem it with the points of now, and why not."""

    reward: str
    may_redeem: bool
    why_not: str | None = None


class Quote(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the purchase would be answered; ``tier`` is the one after it. ``coupons``: those it lists; none is used."""

    points: QuotedPoints
    tier: TierAnswer | None
    rewards: list[QuotedReward]
    advice: list[Advice]
    coupons: list[ListedCoupon] = []


async def quote_purchase(connection: Connection, catalogue: Catalogue, command: RecordPurchase) -> Quote:
    """The quote of a purchase that is not recorded; the same decision as if it were. Writes and locks nothing.

    Refuses: MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased, WrongCurrency,
    InTheFuture, TooLate, BeforeEnrolment, UnknownRedemption, OutOfRange, InvalidRequest (the identifier cannot be
    read).
    """
    await catalogue.load(connection, [command.program_id])
    desk = await gather(connection, catalogue, [command], spending=False)
    decided = desk.decide(command, desk.presented[0])
    decision = decided.decision
    points = QuotedPoints(
        decision.points,
        decided.pending,
        decision.earnings,
        unfired(decided.compiled, decided.basket, decision),
    )
    program = desk.programs[command.program_id]
    now = program.present(command.received_at)
    offered = await offered_rewards(connection, program, decided.balance.member_id, now=now)
    rewards = [
        QuotedReward(each.reward.code, each.hindered is None, each.hindered.detail if each.hindered else None)
        for each in offered
    ]
    advice = await advise(
        connection, program, command.purchase, member_id=decided.balance.member_id, offered=offered, now=now
    )
    coupons = tell_shown(decided.coupons, decision)
    return Quote(points, make_tier(decided), rewards, advice, coupons)
