"""Redeeming by phone: a reward is set aside, or taken at once, and may be let go of again."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from loyalty_api.domain.members.presented import MemberRef
from loyalty_api.domain.rewards.answer import RedemptionAnswer
from loyalty_api.domain.rewards.close import cancel_redemption, find_one
from loyalty_api.domain.rewards.command import Command, Redeem, check_asked, content_hash
from loyalty_api.domain.rewards.hindrances import tell_hindrance
from loyalty_api.domain.rewards.redeem import redeem_reward
from loyalty_api.domain.rewards.refusals import RedemptionNotFound
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import Balance
from loyalty_api.graphql.refused import (
    IdReused,
    InputInvalid,
    PointsInsufficient,
    RedemptionClosed,
    RedemptionUnknown,
    RewardGone,
    RewardHadEnough,
    RewardUnavailable,
    tell_refusal,
)
from loyalty_api.graphql.scalars import Money, Points
from loyalty_api.graphql.viewer import THEREAFTER, Viewer, thereafter
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal


@strawberry.enum(description="Where a redemption stands.")
class RedemptionStatus(Enum):
    """The states of a redemption."""

    RESERVED = strawberry.enum_value("reserved", description="Set aside, for the till to complete.")
    COMPLETED = strawberry.enum_value("completed", description="Spent.")
    CANCELLED = strawberry.enum_value("cancelled", description="Let go of; its points are free again.")
    EXPIRED = strawberry.enum_value("expired", description="Ran out; its points are free again.")


@strawberry.type(description="A reward that was set aside or taken.")
class Redeemed:
    """What the mutation did, the same however often it is sent."""

    redemption_id: UUID = strawberry.field(description="The id of the redemption, which the till completes.")
    status: RedemptionStatus = strawberry.field(description="Where it stands.")
    reward: str = strawberry.field(description="The code of the reward.")
    points: Points = strawberry.field(description="What it costs.")
    amount: Money | None = strawberry.field(description="What it is worth at the till; null: it is no amount.")
    expires_at: datetime | None = strawberry.field(description="Until when it is set aside; null: it is not.")
    coupon: str | None = strawberry.field(description="The code that it gave out; null: none.")
    balance: Balance = strawberry.field(description="The points right after it.")
    viewer: Viewer = strawberry.field(resolver=thereafter, description=THEREAFTER)


RedeemResult = Annotated[
    Redeemed | PointsInsufficient | RewardUnavailable | RewardGone | RewardHadEnough | IdReused | InputInvalid,
    strawberry.union("RedeemRewardResult", description="The redemption, or why there is none."),
]
CancelResult = Annotated[
    Redeemed | RedemptionUnknown | RedemptionClosed,
    strawberry.union("CancelRedemptionResult", description="The cancelled redemption, or why it is not."),
]


async def redeem(request: Request, *, key: UUID, reward: str, at_once: bool) -> Any:
    """Redeems under the phone's id, which is the reference: again, it answers the same."""
    who = request.who
    source = f"phone/{who.member_id}"  # another member's id is another reference
    try:
        asked = msgspec.convert(
            {
                "reference": str(key),
                "source": source,
                "member": {"id": str(who.member_id)},
                "reward": reward,
                "complete": at_once,
                "channel": "phone",
            },
            Redeem,
        )
    except msgspec.ValidationError:  # the rest is ours
        return tell_refusal(InvalidRequest.of(FieldError("reward", "must be the code of a reward, such as two-off")))
    assert isinstance(asked.member, MemberRef), "the member is named above"
    assert not check_asked(asked), "the member and the reward are named above"
    command = Command(
        program_id=who.program_id,
        asked=asked,
        content_hash=content_hash(asked),
        received_at=request.received_at,
        actor=who.actor,
        store=None,
    )
    await request.forget()
    phones = request.phones
    try:
        done = await phones.database.write(lambda connection: redeem_reward(connection, phones.catalogue, command))
    except Refusal as refusal:
        currency = (await request.program()).currency
        return tell_refusal(refusal, tell_hindrance(refusal, language=await request.language(), currency=currency))
    return _redeemed(done.body)


async def cancel(request: Request, *, redemption_id: UUID) -> Any:
    """Cancels a redemption of the member's own; again, it answers the same."""
    mine, phones, program_id = set(await request.everyone()), request.phones, request.who.program_id
    await request.forget()

    async def work(connection: Connection) -> bytes:
        found = await find_one(connection, program_id=program_id, redemption_id=redemption_id)
        if found.member_id not in mine:
            raise RedemptionNotFound(f"There is no redemption {redemption_id} in this program.")
        return await cancel_redemption(
            connection,
            phones.catalogue,
            program_id=program_id,
            redemption_id=redemption_id,
            received_at=request.received_at,
        )

    try:
        return _redeemed(await phones.database.write(work))
    except Refusal as refusal:
        return tell_refusal(refusal)


def _redeemed(body: bytes) -> Redeemed:
    told = msgspec.json.decode(body, type=RedemptionAnswer)
    return Redeemed(
        redemption_id=told.id,
        status=RedemptionStatus(told.status),
        reward=told.reward,
        points=Points(told.points),
        amount=Money(told.amount_minor) if told.amount_minor is not None else None,
        expires_at=datetime.fromisoformat(told.expires_at) if told.expires_at else None,
        coupon=told.coupon,
        balance=Balance(
            available=Points(told.balance.available),
            pending=Points(told.balance.pending),
            reserved=Points(told.balance.reserved),
        ),
    )
