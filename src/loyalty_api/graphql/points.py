"""The member's points, and what of them expires."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import strawberry

from loyalty_api.domain.points.queries import Expiring, points_and_expiring
from loyalty_api.domain.points.queries import Points as Counted
from loyalty_api.graphql.phones import OWN_ID, Request
from loyalty_api.graphql.scalars import Points
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

AHEAD_DAYS_MAX = 3660


@strawberry.type(description="Points that expire at one instant.")
class ExpiringPoints:
    """What is lost unless it is spent."""

    points: Points = strawberry.field(description="How many.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="Points by state.")
class Balance:
    """After a movement."""

    available: Points = strawberry.field(description="What may be spent; below zero while points are owed.")
    pending: Points = strawberry.field(description="Earned, and not yet available.")
    reserved: Points = strawberry.field(description="Set aside for a redemption that is not completed.")


@strawberry.type(name="MemberPoints", description="The member's points now.")
class MemberPoints:
    """As of the request."""

    id: strawberry.ID = strawberry.field(description=OWN_ID)
    available: Points = strawberry.field(description="What may be spent; below zero while points are owed.")
    pending: Points = strawberry.field(description="Earned, and not yet available.")
    reserved: Points = strawberry.field(description="Set aside for a redemption that is not completed.")
    lifetime_earned: Points = strawberry.field(description="All that was ever earned.")
    soon: strawberry.Private[list[Expiring]]
    now: strawberry.Private[datetime]

    @strawberry.field(description="What expires within a time, earliest first.")
    def expiring(
        self,
        within: Annotated[str, strawberry.argument(description="How far ahead: a number of days, as `P90D`.")] = "P30D",
    ) -> list[ExpiringPoints]:
        """What ends by then."""
        until = self.now + timedelta(days=_days(within))
        return [ExpiringPoints(points=Points(each.points), at=each.at) for each in self.soon if each.at <= until]


async def member_points(request: Request) -> MemberPoints:
    """The points, in two statements, whatever is asked of them."""
    counted, soon = await _read(request)
    _, now = await request.present()
    return _points(request.own_id("points"), counted, soon, now)


async def expiring_points(request: Request) -> list[Expiring]:
    """All that expires, earliest first; read together with the points."""
    return (await _read(request))[1]


async def _read(request: Request) -> tuple[Counted, list[Expiring]]:
    program, now = await request.present()
    named: dict[str, Any] = {"member_id": request.who.member_id, "zone": program.zone, "now": now}
    until = now + timedelta(days=AHEAD_DAYS_MAX)
    return await request.once("points", lambda connection: points_and_expiring(connection, **named, until=until))


def _points(own_id: strawberry.ID, counted: Counted, soon: list[Expiring], now: datetime) -> MemberPoints:
    return MemberPoints(
        id=own_id,
        available=Points(counted.available),
        pending=Points(counted.pending),
        reserved=Points(counted.reserved),
        lifetime_earned=Points(counted.lifetime_earned),
        soon=soon,
        now=now,
    )


def _days(text: str) -> int:
    found = re.fullmatch(r"P([0-9]{1,4})D", text)
    if not found or int(found.group(1)) > AHEAD_DAYS_MAX:
        raise InvalidRequest.of(FieldError("within", "must be a number of days, such as P90D"))
    return int(found.group(1))
