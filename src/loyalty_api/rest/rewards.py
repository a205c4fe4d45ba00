"""The catalogue of rewards over REST."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.members.queries import check_enrolled
from loyalty_api.domain.members.refusals import MemberErased, MemberNotFound
from loyalty_api.domain.programs.reward import (
    EFFECTS,
    CouponFrom,
    Custom,
    Donation,
    FreeProduct,
    MemberLimit,
    MoneyOff,
    PayWithPoints,
    PercentOff,
    Valid,
)
from loyalty_api.domain.rewards.catalogue import Offered, offered_rewards
from loyalty_api.kernel.ids import parse_id
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class RewardView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reward: what it gives (one of the kinds) and costs. ``left``: of its stock, or of its pool; left out: without
    end. ``may_redeem``, ``why_not``: of the member who was asked about."""

    reward: str
    kind: str
    points: int | None = None
    money_off: MoneyOff | None = None
    percent_off: PercentOff | None = None
    free_product: FreeProduct | None = None
    coupon: CouponFrom | None = None
    pay_with_points: PayWithPoints | None = None
    donation: Donation | None = None
    custom: Custom | None = None
    left: int | None = None
    valid: Valid | None = None
    tiers: list[str] = []
    per_member: MemberLimit | None = None
    auto: bool = False
    may_redeem: bool | None = None
    why_not: str | None = None


class RewardList(msgspec.Struct, frozen=True):
    """All rewards of the program, in the order of its document."""

    items: list[RewardView]
    next_cursor: None = None


async def list_(door: Door, call: Call) -> Answer:
    """The catalogue as it stands now, for a member if one is named."""
    member_id = parse_id(call.query["member"]) if "member" in call.query else None
    if "member" in call.query and member_id is None:
        raise InvalidRequest.of(FieldError("member", "must be the id of a member"))
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        if member_id is not None:
            await check_enrolled(connection, program_id=program.id, member_id=member_id)
        now = program.present(call.received_at)
        offered = await offered_rewards(connection, program, member_id, now=now)
    return answer_json(RewardList([_view(each, asked=member_id is not None) for each in offered]))


def _view(offered: Offered, *, asked: bool) -> RewardView:
    reward, hindered = offered.reward, offered.hindered
    return RewardView(
        reward=reward.code,
        kind=reward.kind,
        points=reward.points,
        **{kind: getattr(reward, kind) for kind in EFFECTS},
        left=None if offered.left is None else max(0, offered.left),
        valid=reward.valid if reward.valid != Valid() else None,
        tiers=reward.tiers,
        per_member=reward.per_member,
        auto=reward.auto,
        may_redeem=hindered is None if asked else None,
        why_not=hindered.detail if hindered is not None else None,
    )


EXAMPLE = {
    "items": [
        {
            "reward": "five-off",
            "kind": "money_off",
            "points": 500,
            "money_off": {"amount_minor": 500},
            "left": 912,
            "per_member": {"limit": 1, "days": 30},
            "may_redeem": False,
            "why_not": "500 points are needed; 320 are available.",
        }
    ],
    "next_cursor": None,
}

ROUTES = [
    Route(
        method="GET",
        path="/v1/rewards",
        handler=list_,
        summary="The catalogue of rewards, and for a member which they may redeem, and why not the others",
        query={"member": "id of a member"},
        answer=RewardList,
        refusals=(MemberNotFound, MemberErased),
        example_answer=EXAMPLE,
    ),
]
