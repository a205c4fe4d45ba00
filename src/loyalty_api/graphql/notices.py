"""What the member is pointed to."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import partial

import strawberry

from loyalty_api.domain.notices.acknowledge import acknowledged_by
from loyalty_api.domain.notices.notice import Known, notices_of
from loyalty_api.domain.notices.notice import Notice as Told
from loyalty_api.domain.rewards.queries import latest_redemptions
from loyalty_api.domain.tiers.queries import latest_move
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import member_points
from loyalty_api.graphql.rewards import member_offered
from loyalty_api.graphql.scalars import Points


@strawberry.enum(description="What a notice is about.")
class NoticeKind(Enum):
    """The kinds of notices."""

    EXPIRING = strawberry.enum_value("expiring", description="Points that expire soon.")
    TIER = strawberry.enum_value("tier", description="The tier has moved.")
    REWARD = strawberry.enum_value("reward", description="A reward that the points reach.")


@strawberry.type(description="Something that the member is pointed to until they have seen it.")
class Notice:
    """One of the present."""

    id: strawberry.ID = strawberry.field(description="Names the fact behind it; opaque.")
    kind: NoticeKind = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="The same as a sentence, in the member's language.")
    at: datetime | None = strawberry.field(
        description="When the points expire, or the tier moved; null: it is about a reward."
    )
    points: Points | None = strawberry.field(
        description="How many expire, or what the reward costs; null: it is about a tier."
    )
    tier: str | None = strawberry.field(description="The code of the tier; null: it is about something else.")
    reward: str | None = strawberry.field(description="The code of the reward; null: it is about something else.")


async def member_notices(request: Request) -> list[Notice]:
    """The notices, most urgent first."""
    return [_notice(each) for each in await present_notices(request)]


async def present_notices(request: Request) -> list[Told]:
    """The same, as the domain has them."""
    program, now = await request.present()
    member_id = request.who.member_id
    redeemed = await request.once(
        "redeemed",
        partial(latest_redemptions, program_id=program.id, member_ids=await request.everyone(), limit=1),
    )
    known = Known(
        expiring=(await member_points(request)).soon,
        move=await request.once("move", partial(latest_move, member_id=member_id)),
        offered=await member_offered(request),
        redemption_id=redeemed[0].redemption_id if redeemed else None,
        acknowledged=await request.once("acknowledged", partial(acknowledged_by, member_id=member_id)),
    )
    return notices_of(program, known, now=now, language=await request.language())


def _notice(told: Told) -> Notice:
    return Notice(
        id=strawberry.ID(told.id),
        kind=NoticeKind(told.kind),
        text=told.text,
        at=told.at,
        points=Points(told.points) if told.points is not None else None,
        tier=told.tier,
        reward=told.reward,
    )
