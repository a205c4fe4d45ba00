"""The viewer: the member of the token, from whom everything starts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loyalty_api.graphql.activity import Activity, member_activity
from loyalty_api.graphql.advice import Advice, member_advice
from loyalty_api.graphql.card import Card, member_card
from loyalty_api.graphql.connections import AFTER, FIRST, Connection
from loyalty_api.graphql.limits import PAGE_DEFAULT
from loyalty_api.graphql.notices import Notice, member_notices
from loyalty_api.graphql.phones import OWN_ID, Request
from loyalty_api.graphql.points import MemberPoints, member_points
from loyalty_api.graphql.profile import Profile, member_profile
from loyalty_api.graphql.rewards import (
    Coupon,
    Reward,
    RewardFilter,
    SetAside,
    member_coupons,
    member_rewards,
    member_set_aside,
)
from loyalty_api.graphql.tiers import Tier, member_tier

Info = strawberry.Info[Request, None]
First = Annotated[int, strawberry.argument(description=FIRST)]
THEREAFTER = "The member after it, so that whatever is shown of them moves with the same answer."
After = Annotated[str | None, strawberry.argument(description=AFTER)]


@strawberry.type(description="The program that the member is in.")
class Program:
    """What a phone needs to write points and money."""

    code: str = strawberry.field(description="The program's code.")
    name: str = strawberry.field(description="The program as people know it.")
    points_name: str = strawberry.field(description="What its points are called.")
    currency: str = strawberry.field(description="Its currency, as ISO 4217 writes it.")
    time_zone: str = strawberry.field(description="The zone of its calendar.")


@strawberry.type(description="The member who is asking. Nobody else can be named.")
class Viewer:
    """Resolved field by field; what two fields need is read once."""

    @strawberry.field(description=OWN_ID)
    def id(self, info: Info) -> strawberry.ID:
        """Of whoever is asking."""
        return info.context.own_id("viewer")

    @strawberry.field(description="The member's number.")
    async def number(self, info: Info) -> str:
        """As on the card."""
        return (await info.context.member()).number

    @strawberry.field(description="What is known of the member.")
    async def profile(self, info: Info) -> Profile:
        """Personal data."""
        return await member_profile(info.context)

    @strawberry.field(description="The program that the member is in.")
    async def program(self, info: Info) -> Program:
        """As of now."""
        program, now = await info.context.present()
        document = program.version_at(now).document
        return Program(
            code=program.code,
            name=document.name or program.code,
            points_name=document.points.name,
            currency=program.currency,
            time_zone=str(program.zone),
        )

    @strawberry.field(description="The member's points now.")
    async def points(self, info: Info) -> MemberPoints:
        """By state."""
        return await member_points(info.context)

    @strawberry.field(description="The tier that the member holds; null: the program has none.")
    async def tier(self, info: Info) -> Tier | None:
        """With the way to the next."""
        return await member_tier(info.context)

    @strawberry.field(description="What happened to the member's points, newest first.")
    async def activity(self, info: Info, first: First = PAGE_DEFAULT, after: After = None) -> Connection[Activity]:
        """A page."""
        return await member_activity(info.context, first, after)

    @strawberry.field(description="The rewards of the program, as they stand for the member.")
    async def rewards(
        self,
        info: Info,
        filter: Annotated[RewardFilter | None, strawberry.argument(description="Which; null: all.")] = None,
        first: First = PAGE_DEFAULT,
        after: After = None,
    ) -> Connection[Reward]:
        """A page."""
        return await member_rewards(info.context, filter, first, after)

    @strawberry.field(description="The rewards that are set aside for the member, newest first.")
    async def set_aside(self, info: Info) -> list[SetAside]:
        """What the till may complete."""
        return await member_set_aside(info.context)

    @strawberry.field(description="The latest codes that the member was given, newest first.")
    async def coupons(self, info: Info) -> list[Coupon]:
        """At most 100."""
        return await member_coupons(info.context)

    @strawberry.field(description="What the member should know now, the most urgent first.")
    async def advice(self, info: Info) -> list[Advice]:
        """What they lose soon, and what they could have for less."""
        return await member_advice(info.context)

    @strawberry.field(description="What the member is pointed to and has not acknowledged, the most urgent first.")
    async def notices(self, info: Info) -> list[Notice]:
        """Of the present."""
        return await member_notices(info.context)

    @strawberry.field(description="What the member shows at the till.")
    async def card(self, info: Info) -> Card:
        """The member's number, drawn."""
        return await member_card(info.context)


def thereafter() -> Viewer:
    """The member as they are once something was done: what is asked of them now is read anew."""
    return Viewer()
