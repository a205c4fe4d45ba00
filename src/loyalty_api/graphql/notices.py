"""What the member is pointed to, and that they have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from loyalty_api.domain.claims.once import KeyReused
from loyalty_api.domain.notices.acknowledge import acknowledge_notices, acknowledged_by
from loyalty_api.domain.notices.notice import Known, notices_of
from loyalty_api.domain.notices.notice import Notice as Told
from loyalty_api.domain.rewards.queries import latest_redemptions
from loyalty_api.domain.tiers.queries import latest_move
from loyalty_api.graphql.once import write_once
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import member_points
from loyalty_api.graphql.refused import IdReused, InputInvalid, tell_refusal
from loyalty_api.graphql.rewards import member_offered
from loyalty_api.graphql.scalars import Points
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

ACKNOWLEDGED_MAX = 50  # at once


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


@strawberry.type(description="What is left to be seen.")
class Acknowledged:
    """What the mutation did."""

    notices: list[Notice] = strawberry.field(description="The notices that are not acknowledged.")


AcknowledgeResult = Annotated[
    Acknowledged | InputInvalid | IdReused,
    strawberry.union("AcknowledgeAdviceResult", description="What is left to be seen, or what is wrong."),
]


async def member_notices(request: Request) -> list[Notice]:
    """The notices, most urgent first."""
    return [_notice(each) for each in await _present(request)]


async def acknowledge(request: Request, key: UUID, notices: Sequence[str]) -> Any:
    """Keeps which of the present notices the member has seen; those that are gone meanwhile are passed over."""
    try:
        if len(notices) > ACKNOWLEDGED_MAX:
            raise InvalidRequest.of(FieldError("notices", f"are more than {ACKNOWLEDGED_MAX}"))
        _, now = await request.present()
        seen = {each.id for each in await _present(request)} & set(notices)
        who = request.who
        named: dict[str, Any] = {"program_id": who.program_id, "member_id": who.member_id, "notices": seen, "now": now}

        async def work(connection: Connection) -> None:
            await acknowledge_notices(connection, **named)

        await write_once(request, key, repr(sorted(set(notices))), work)
    except (InvalidRequest, KeyReused) as refusal:
        return tell_refusal(refusal)
    return Acknowledged(notices=await member_notices(request))


async def _present(request: Request) -> list[Told]:
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
