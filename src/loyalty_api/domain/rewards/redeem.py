"""Redeeming a reward: at once, or reserved to be completed or cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import Claim, Key, claims_change
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.rewards.command import Command, Redeem
from loyalty_api.domain.rewards.counter import Counter, Order
from loyalty_api.domain.rewards.coupons import Coupons
from loyalty_api.domain.rewards.gather import check_currency, find_again, find_asking, open_counter, tier_now
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.domain.rewards.price import price
from loyalty_api.domain.rewards.refusals import RedemptionReferenceReused, RewardNotFound
from loyalty_api.domain.rewards.rules import hindrance
from loyalty_api.domain.rewards.store import Redemption, first_answers
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.kernel.together import change_together


async def redeem_reward(connection: Connection, catalogue: Catalogue, command: Command) -> Answered:
    """The answer, fresh or the first one told again. Points, stock, the member's limit and a code in one transaction.

    Refuses: MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased,
    RedemptionReferenceReused, RewardNotFound, RewardNotValid, RewardNotForTier, RewardOutOfStock,
    RewardLimitReached, InsufficientPoints, BelowMinimum, NothingAllowed, InvalidRequest (points or the basket are
    missing, or of another currency).
    """
    asked = command.asked
    assert isinstance(asked, Redeem), "the command redeems a reward"
    program = await catalogue.one(connection, command.program_id)
    now = program.present(command.received_at)
    key = Key(program.id, "redemption", asked.source, asked.reference)
    asking = await find_asking(connection, program, command, key)
    if asking.claim is not None:
        return await _again(connection, asking.claim, asking.known_as, command)
    version = program.version_at(now)
    reward = find_reward(version.document, asked)
    check_currency(asked, program)

    counter = await open_counter(connection, program, [asking.member_id], [reward], now=now)
    asking = await find_again(connection, program, command, key, counter)
    if asking.claim is not None:
        return await _again(connection, asking.claim, asking.known_as, command)
    redemption = await _take(connection, counter, program, command, reward, asking.member_id, now)
    await choose_codes(connection, counter)
    balance = counter.book.balances[asking.member_id]
    redemption.answer = counter.answer_of(redemption, balance, now)
    claim = Claim(asking.member_id, redemption.redemption_id, command.content_hash)
    await write_counter(connection, counter, {key: claim})
    return Answered(redemption.answer, replayed=False)


async def write_counter(
    connection: Connection, counter: Counter, claims: dict[Key, Claim], coupons: Coupons | None = None
) -> None:
    """Writes what was decided at the counter, in one statement."""
    used = coupons.changes() if coupons is not None else ()
    await change_together(connection, [*claims_change(claims), *counter.book.changes(), *counter.changes(), *used])


def find_reward(document: Document, asked: Redeem) -> Reward:
    """The reward that is asked for; points without a reward are paid with by the first reward that is about that.

    Refuses: RewardNotFound, InvalidRequest.
    """
    found = next((each for each in document.rewards if each.code == asked.reward), None)
    if asked.reward is None:
        found = next((each for each in document.rewards if each.pay_with_points is not None), None)
    if found is None:
        said = f"called {asked.reward}" if asked.reward else "by which points are paid with"
        raise RewardNotFound(f"The program has no reward {said}.")
    if asked.points is not None and found.pay_with_points is None:
        raise InvalidRequest.of(FieldError("points", f"does not go with {found.code}, which has a price of its own"))
    return found


async def _take(
    connection: Connection,
    counter: Counter,
    program: Program,
    command: Command,
    reward: Reward,
    member_id: UUID,
    now: datetime,
) -> Redemption:
    asked, version = command.asked, program.version_at(now)
    assert isinstance(asked, Redeem), "the command redeems a reward"
    balance, day = counter.book.balances[member_id], local_date(now, program.zone)
    tier = await tier_now(connection, program, member_id, now) if reward.tiers else None
    hindered = hindrance(reward, counter.seen(reward, balance, day=day, now=now, tier=tier))
    if hindered is not None:
        raise hindered
    total_minor = asked.purchase_preview.total_minor if asked.purchase_preview else None
    until = now + timedelta(minutes=version.document.redemptions.reserve_minutes)
    order = Order(
        reward=reward,
        price=price(reward, asked=asked.points, available=balance.available, total_minor=total_minor),
        version=version.number,
        day=day,
        now=now,
        until=None if asked.complete else until,
        actor=command.actor,
        source=asked.source,
        reference=asked.reference,
        store=command.store,
        employee=asked.employee,
        channel=asked.channel,
    )
    return counter.redeem(balance, order)


async def _again(connection: Connection, claim: Claim, members: Collection[UUID], command: Command) -> Answered:
    claim.check(members, command.content_hash, reused=RedemptionReferenceReused, what="a redemption")
    answers = await first_answers(connection, [(claim.member_id, claim.record_id)])
    return Answered(answers[claim.record_id], replayed=True)
