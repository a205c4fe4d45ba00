"""The catalogue of rewards as it stands for the member, and the codes that they were given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import partial
from uuid import UUID

import strawberry

from loyalty_api.domain.rewards.catalogue import Offered, offered_rewards
from loyalty_api.domain.rewards.hindrances import tell_hindrance
from loyalty_api.domain.rewards.queries import Handed, coupons_of, reserved_by
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.graphql.connections import Connection, connect, read_page
from loyalty_api.graphql.phones import OWN_ID, Request
from loyalty_api.graphql.scalars import Money, Points
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal


@strawberry.enum(description="What a reward gives.")
class RewardKind(Enum):
    """The kinds of the program document."""

    MONEY_OFF = strawberry.enum_value("money_off", description="So much off the basket.")
    PERCENT_OFF = strawberry.enum_value("percent_off", description="A part of the basket off.")
    FREE_PRODUCT = strawberry.enum_value("free_product", description="A product for nothing.")
    COUPON = strawberry.enum_value("coupon", description="A code.")
    PAY_WITH_POINTS = strawberry.enum_value("pay_with_points", description="A part of the basket paid with points.")
    DONATION = strawberry.enum_value("donation", description="A gift to somebody else.")
    CUSTOM = strawberry.enum_value("custom", description="Something of the program's own.")


@strawberry.input(description="Which rewards.")
class RewardFilter:
    """All of what is said must hold."""

    redeemable: bool | None = strawberry.field(
        default=None, description="Only those that the member may redeem now (true), or may not (false)."
    )
    max_points: Points | None = strawberry.field(default=None, description="Only those that cost at most so much.")


@strawberry.type(description="Why the member may not redeem a reward now.")
class Hindrance:
    """A refusal that redeeming would meet."""

    code: str = strawberry.field(description="The code of the refusal, such as `points.insufficient`.")
    message: str = strawberry.field(description="The same as a sentence, in the member's language.")


@strawberry.type(description="A reward of the program.")
class Reward:
    """As it stands for the member."""

    id: strawberry.ID = strawberry.field(description=OWN_ID)
    code: str = strawberry.field(description="The code of the reward, by which it is redeemed.")
    kind: RewardKind = strawberry.field(description="What it gives.")
    points: Points | None = strawberry.field(description="What it costs; null: as many points as are paid with.")
    amount: Money | None = strawberry.field(description="How much it takes off; null: it is no fixed amount.")
    percent: float | None = strawberry.field(description="How many percent it takes off; null: it is no percentage.")
    amount_max: Money | None = strawberry.field(description="How much a percentage takes off at most; null: no bound.")
    sku: str | None = strawberry.field(description="The product that it gives; null: it gives none.")
    quantity: int | None = strawberry.field(description="How many of the product; null: it gives none.")
    note: str | None = strawberry.field(
        description="What it is, or to whom a donation goes, in the program's words; null: the kind says it."
    )
    left: Points | None = strawberry.field(description="How many are left; null: without end.")
    automatic: bool = strawberry.field(description="Whether it is redeemed by itself when its price is reached.")
    may_redeem: bool = strawberry.field(description="Whether the member may redeem it now.")
    why_not: Hindrance | None = strawberry.field(description="Why not; null: the member may.")


@strawberry.type(description="A code that the member was given, to be shown at the till.")
class Coupon:
    """A code of a pool."""

    code: str = strawberry.field(description="The code as it is written.")
    reward: str = strawberry.field(description="The code of the reward that gave it.")
    redemption_id: UUID = strawberry.field(description="The redemption that gave it.")
    given_at: datetime | None = strawberry.field(description="When; null: it is being given.")
    used_up: bool = strawberry.field(description="Whether it was used as often as it may be.")


@strawberry.type(description="A reward that is set aside for the member until the till completes it.")
class SetAside:
    """A reservation."""

    redemption_id: UUID = strawberry.field(description="The redemption, which may be cancelled.")
    reward: str = strawberry.field(description="The code of the reward.")
    points: Points = strawberry.field(description="What it costs.")
    amount: Money | None = strawberry.field(description="What it is worth at the till; null: it is no amount.")
    expires_at: datetime | None = strawberry.field(description="Until when it is set aside; null: without end.")


async def member_rewards(
    request: Request, wanted: RewardFilter | None, first: int, after: str | None
) -> Connection[Reward]:
    """A page of the catalogue, in the order of the program's document."""
    page = read_page(first, after)
    offered = await member_offered(request)
    language, currency = await request.language(), (await request.program()).currency
    tell = partial(tell_hindrance, language=language, currency=currency)
    rewards = [
        _reward(request.own_id("reward", each.reward.code), each, tell) for each in offered if _wanted(each, wanted)
    ]
    codes = [each.code for each in rewards]
    if page.after is not None and page.after not in {each.reward.code for each in offered}:
        raise InvalidRequest.of(FieldError("after", "is not a cursor that this service gave out"))
    start = codes.index(page.after) + 1 if page.after in codes else 0
    return connect(rewards[start : start + page.limit + 1], page, lambda reward: reward.code)


async def member_offered(request: Request) -> list[Offered]:
    """The catalogue as it stands for the member."""
    program, now = await request.present()
    member_id = request.who.member_id
    return await request.once("rewards", lambda connection: offered_rewards(connection, program, member_id, now=now))


async def member_coupons(request: Request) -> list[Coupon]:
    """The latest codes, newest first."""
    mine = await request.everyone()
    program_id = request.who.program_id
    handed = await request.once(
        "coupons", lambda connection: coupons_of(connection, program_id=program_id, member_ids=mine)
    )
    return [_coupon(each) for each in handed]


async def member_set_aside(request: Request) -> list[SetAside]:
    """The member's reservations, newest first."""
    mine = await request.everyone()
    _, now = await request.present()
    held = await request.once("set_aside", lambda connection: reserved_by(connection, member_ids=mine, now=now))
    return [_set_aside(each) for each in held]


def _wanted(offered: Offered, wanted: RewardFilter | None) -> bool:
    if wanted is None:
        return True
    if wanted.redeemable is not None and wanted.redeemable != (offered.hindered is None):
        return False
    return wanted.max_points is None or (offered.reward.points or 0) <= wanted.max_points


def _reward(own_id: strawberry.ID, offered: Offered, tell: Callable[[Refusal], str]) -> Reward:
    reward, hindered = offered.reward, offered.hindered
    percent_off = reward.percent_off
    return Reward(
        id=own_id,
        code=reward.code,
        kind=RewardKind(reward.kind),
        points=Points(reward.points) if reward.points is not None else None,
        amount=Money(reward.money_off.amount_minor) if reward.money_off else None,
        percent=float(percent_off.percent) if percent_off else None,
        amount_max=Money(percent_off.max_minor) if percent_off and percent_off.max_minor else None,
        sku=reward.free_product.sku if reward.free_product else None,
        quantity=reward.free_product.quantity if reward.free_product else None,
        note=reward.custom.note if reward.custom else reward.donation.to if reward.donation else None,
        left=None if offered.left is None else Points(max(0, offered.left)),
        automatic=reward.auto,
        may_redeem=hindered is None,
        why_not=Hindrance(code=hindered.code, message=tell(hindered)) if hindered is not None else None,
    )


def _coupon(handed: Handed) -> Coupon:
    return Coupon(
        code=handed.written,
        reward=handed.reward,
        redemption_id=handed.redemption_id,
        given_at=handed.given_at,
        used_up=handed.used >= handed.uses,
    )


def _set_aside(held: Redemption) -> SetAside:
    return SetAside(
        redemption_id=held.redemption_id,
        reward=held.reward,
        points=Points(held.points),
        amount=Money(held.amount_minor) if held.amount_minor is not None else None,
        expires_at=held.expires_at,
    )
