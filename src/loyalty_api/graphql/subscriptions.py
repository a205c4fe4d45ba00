"""What phones are told live. Every message is the whole present state, read anew: whoever missed one has missed
nothing once the next one is there. The first one comes at once."""

from __future__ import annotations

from typing import Any

import strawberry

from loyalty_api.domain.points.queries import points_of
from loyalty_api.domain.rewards.queries import latest_redemptions, written_codes
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import Balance, MemberPoints, member_points
from loyalty_api.graphql.redemptions import Redeemed, RedemptionStatus
from loyalty_api.graphql.scalars import Money, Points
from loyalty_api.graphql.tiers import Tier, member_tier
from loyalty_api.graphql.viewer import Info

REDEMPTIONS = "redemptionChanged"
# The facts behind which the present of a field may differ; those of any kind, where it is not named.
_WOKEN_BY = {REDEMPTIONS: ("reward.", "coupon.", "member.")}


@strawberry.type(description="What is told live, as it is now: at once, and whenever what was asked for has changed.")
class Subscription:
    """Resolved anew for each message."""

    @strawberry.field(description="The member's points.")
    async def points_changed(self, info: Info) -> MemberPoints:
        """By state."""
        return await member_points(info.context)

    @strawberry.field(description="The tier that the member holds; null: the program has none.")
    async def tier_changed(self, info: Info) -> Tier | None:
        """With the way to the next."""
        return await member_tier(info.context)

    @strawberry.field(
        description="A redemption that was set aside, completed, cancelled or ran out; those set aside come at once."
    )
    def redemption_changed(self) -> Redeemed:
        """The root value: one of ``present_redemptions``."""
        assert isinstance(self, Redeemed), "a message is about one redemption"
        return self


def is_woken(field: str, kinds: frozenset[str] | None) -> bool:
    """Whether facts of these kinds (None: any) may have changed what the field tells."""
    prefixes = _WOKEN_BY.get(field)
    return kinds is None or prefixes is None or any(kind.startswith(prefixes) for kind in kinds)


async def present_redemptions(request: Request) -> list[Redeemed]:
    """The member's latest redemptions as they are now, oldest first: three statements."""
    mine = await request.everyone()
    program, now = await request.present()
    named: dict[str, Any] = {"program_id": program.id, "member_ids": mine}
    found = await request.once("redemptions", lambda connection: latest_redemptions(connection, **named))
    codes = {each.code for each in found if each.code is not None and each.status_at(now) == "completed"}
    written: dict[str, str] = {}
    if codes:
        written = await request.once(
            "codes", lambda connection: written_codes(connection, program_id=program.id, codes=codes)
        )
    member_id = request.who.member_id
    points = await request.once(
        "balance", lambda connection: points_of(connection, [member_id], zone=program.zone, now=now)
    )
    has = points[member_id]
    balance = Balance(available=Points(has.available), pending=Points(has.pending), reserved=Points(has.reserved))
    return [
        _redeemed(each, RedemptionStatus(each.status_at(now)), balance, written.get(each.code or ""))
        for each in reversed(found)
    ]


def _redeemed(found: Redemption, status: RedemptionStatus, balance: Balance, written: str | None) -> Redeemed:
    return Redeemed(
        redemption_id=found.redemption_id,
        status=status,
        reward=found.reward,
        points=Points(found.points),
        amount=Money(found.amount_minor) if found.amount_minor is not None else None,
        expires_at=found.expires_at if status is RedemptionStatus.RESERVED else None,
        coupon=written,
        balance=balance,
    )
