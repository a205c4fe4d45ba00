"""What happened to the member's points, and why, in the member's language."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import strawberry

from loyalty_api.domain.lifecycle.history import Movement, movements_of
from loyalty_api.domain.lifecycle.tell_movement import tell_movement
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.queries import place_of
from loyalty_api.graphql.connections import Connection, connect, read_page
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import Balance
from loyalty_api.graphql.scalars import Points

_SPENDABLE = {Account.SPENDABLE, Account.DEBT}


@strawberry.enum(description="What became of points.")
class MovementKind(Enum):
    """The kinds of the ledger."""

    EARN = strawberry.enum_value("earn", description="Earned.")
    MATURE = strawberry.enum_value("mature", description="Became available.")
    RETURN = strawberry.enum_value("return", description="Taken back for a return.")
    GIVE_BACK = strawberry.enum_value("give_back", description="Given back for a return.")
    REDEEM = strawberry.enum_value("redeem", description="Spent.")
    RESERVE = strawberry.enum_value("reserve", description="Set aside.")
    RELEASE = strawberry.enum_value("release", description="Free again.")
    EXPIRE = strawberry.enum_value("expire", description="Expired.")
    ADJUST = strawberry.enum_value("adjust", description="Put right by staff.")
    REVERSE = strawberry.enum_value("reverse", description="An adjustment taken back.")
    MERGE = strawberry.enum_value("merge", description="Moved with a merged membership.")
    MOVE = strawberry.enum_value("move", description="Moved by staff.")
    DEBT_PAID = strawberry.enum_value("debt_paid", description="Paid what was owed.")
    IMPORT = strawberry.enum_value("import", description="Brought along as the opening balance.")


@strawberry.type(description="What one rule gave.")
class Earning:
    """A rule of the program and its points."""

    rule: str = strawberry.field(description="The code of the rule.")
    points: Points = strawberry.field(description="How many it gave.")


@strawberry.interface(description="A movement of the member's points.")
class Activity:
    """What all movements tell."""

    id: strawberry.ID = strawberry.field(description="Names the movement; opaque.")
    kind: MovementKind = strawberry.field(description="What became of the points.")
    points: Points = strawberry.field(description="How many moved.")
    change: Points = strawberry.field(
        description="By how many the available points changed; negative: they became fewer."
    )
    text: str = strawberry.field(description="Why points came or went, in the member's language.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    balance_after: Balance = strawberry.field(description="The points after it.")
    place: strawberry.Private[Any]


@strawberry.type(description="Points of a purchase.")
class Purchase(Activity):
    """Earned, became available, or came back."""

    purchase_id: UUID = strawberry.field(description="The id of the purchase.")
    reference: str = strawberry.field(description="The number of the receipt.")
    earnings: list[Earning] = strawberry.field(description="What each rule gave, where they were earned.")


@strawberry.type(description="Points for something else than buying, such as a review.")
class Engagement(Activity):
    """An event that rules gave points for."""

    engagement_id: UUID = strawberry.field(description="The id of the event.")
    event: str = strawberry.field(description="What happened, such as `review.written`.")
    earnings: list[Earning] = strawberry.field(description="What each rule gave, where they were earned.")


@strawberry.type(description="Points spent on a reward, set aside for one, or free again.")
class Redemption(Activity):
    """A redemption's movement."""

    redemption_id: UUID = strawberry.field(description="The id of the redemption.")
    reward: str = strawberry.field(description="The code of the reward.")


@strawberry.type(description="Points that expired.")
class Expiry(Activity):
    """Nothing but the movement."""


@strawberry.type(description="Points that staff put right or moved.")
class Adjustment(Activity):
    """An adjustment's movement."""

    adjustment_id: UUID = strawberry.field(description="The id of the adjustment.")


@strawberry.type(description="Another movement: a return, an opening balance, a merged membership.")
class OtherMovement(Activity):
    """Nothing but the movement."""


ACTIVITIES = (Purchase, Engagement, Redemption, Expiry, Adjustment, OtherMovement)


async def member_activity(request: Request, first: int, after: str | None) -> Connection[Activity]:
    """A page of movements, newest first: at most five statements."""
    page = read_page(first, after)
    program, language = await request.program(), await request.language()
    mine = await request.everyone()
    found = await request.once(
        ("activity", first, after), lambda connection: movements_of(connection, member_ids=mine, page=page)
    )
    nodes = [_activity(each, tell_movement(each, language=language, currency=program.currency)) for each in found]
    return connect(nodes, page, lambda node: node.place)


def _activity(movement: Movement, text: str) -> Activity:
    row, cause = movement
    gained = (row["to_account"] in _SPENDABLE) - (row["from_account"] in _SPENDABLE)
    told: dict[str, Any] = {
        "id": strawberry.ID(f"{row['member_id'].hex}{row['seq']:x}"),
        "kind": MovementKind(row["kind"]),
        "points": Points(row["points"]),
        "change": Points(gained * row["points"]),
        "text": text,
        "occurred_at": row["occurred_at"],
        "recorded_at": row["recorded_at"],
        "balance_after": Balance(
            available=Points(row["spendable_after"] - row["debt_after"]),
            pending=Points(row["pending_after"]),
            reserved=Points(row["reserved_after"]),
        ),
        "place": place_of(row),
    }
    return _of_cause(row, cause, told)


def _of_cause(row: Any, cause: Any, told: dict[str, Any]) -> Activity:
    cause_id = row["cause_id"]
    if row["kind"] == "expire":
        return Expiry(**told)
    if cause is None:
        return OtherMovement(**told)
    match row["cause_kind"]:
        case "purchase":
            return Purchase(**told, purchase_id=cause_id, reference=cause["reference"], earnings=_earned(row, cause))
        case "engagement":
            return Engagement(**told, engagement_id=cause_id, event=cause["kind"], earnings=_earned(row, cause))
        case "redemption":
            return Redemption(**told, redemption_id=cause_id, reward=cause["reward"])
    return Adjustment(**told, adjustment_id=cause_id)


def _earned(row: Any, cause: Any) -> list[Earning]:
    if row["kind"] != "earn":
        return []
    return [
        Earning(rule=each["rule"], points=Points(each["points"])) for each in msgspec.json.decode(cause["earnings"])
    ]
