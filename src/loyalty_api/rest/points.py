"""A member's points over REST: what there is, what expires, and the history with its reasons."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.lifecycle.history import movements_of
from loyalty_api.domain.members.queries import check_enrolled, everyone
from loyalty_api.domain.members.refusals import MemberErased, MemberNotFound
from loyalty_api.domain.points.as_of import points_as_of
from loyalty_api.domain.points.queries import account_name, place_of, points_and_expiring
from loyalty_api.domain.purchases.queries import last_purchase_at
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json

EXPIRING_DAYS = 30
EXPIRING_DAYS_MAX = 3660
# What a movement did, in words, where what it was for does not say it.
_DONE = {
    "mature": "Became available",
    "expire": "Expired",
    "debt_paid": "Paid points that were owed",
    "return": "Taken back",
    "give_back": "Given back",
    "redeem": "Redeemed",
    "reserve": "Set aside",
    "release": "Free again",
    "adjust": "Adjusted",
    "reverse": "Reversed",
    "merge": "Merged",
    "move": "Moved",
}


class ExpiringAnswer(msgspec.Struct, frozen=True):
    """Points that expire at one instant."""

    points: int
    at: str


class PointsAnswer(msgspec.Struct, frozen=True):
    """Points by state, all that were ever earned, and what expires soon."""

    available: int
    pending: int
    reserved: int
    lifetime_earned: int
    expiring: list[ExpiringAnswer]


class HistoryEarning(msgspec.Struct, frozen=True):
    """What one rule gave."""

    rule: str
    points: int


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points, with its reason and the balance after it. ``member``: whose it was; of a member with
    aliases, these are others' too, each with a sequence and a balance of their own."""

    seq: int
    member: UUID
    recorded_at: str
    occurred_at: str
    kind: str
    points: int
    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    earnings: list[HistoryEarning]
    purchase: UUID | None
    engagement: UUID | None
    redemption: UUID | None
    adjustment: UUID | None
    balance_after: BalanceAnswer


class HistoryPage(msgspec.Struct, frozen=True):
    """A page of the history, newest first."""

    items: list[HistoryItem]
    next_cursor: str | None


async def read_points(door: Door, call: Call) -> Answer:
    """Points now, or ``as_of`` an instant of the past, and what expires within ``expiring_within`` of it (30 days
    unless asked otherwise)."""
    ahead = timedelta(days=_days(call.query.get("expiring_within")))
    as_of = _instant(call.query.get("as_of"))
    member_id = UUID(call.path["member_id"])
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        await check_enrolled(connection, program_id=program.id, member_id=member_id)
        whose = {"member_id": member_id, "zone": program.zone}
        if as_of is None:
            points, expiring = await points_and_expiring(connection, **whose, now=now, until=now + ahead)
        else:
            _check_past(as_of, now)
            points, expiring = await points_as_of(
                connection,
                **whose,
                program_id=program.id,
                last_purchase_at=await last_purchase_at(connection, member_id=member_id, recorded_by=as_of),
                as_of=as_of,
                until=as_of + ahead,
            )
    return answer_json(
        PointsAnswer(
            points.available,
            points.pending,
            points.reserved,
            points.lifetime_earned,
            [ExpiringAnswer(each.points, rfc3339(each.at)) for each in expiring],
        )
    )


async def read_history(door: Door, call: Call) -> Answer:
    """The member's movements, newest first."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    member_id = UUID(call.path["member_id"])
    async with door.database.reader() as connection:
        await check_enrolled(connection, program_id=call.program_id, member_id=member_id)
        mine = {"member_ids": await everyone(connection, program_id=call.program_id, member_id=member_id)}
        movements = await movements_of(connection, **mine, page=page)
    rows = [each.row for each in movements]
    items = [_item(*each) for each in movements]
    return answer_json(page_answer(rows, page, place_of, items))


def _item(row: Any, cause: Any) -> HistoryItem:
    kind, cause_id = row["cause_kind"], row["cause_id"]
    earnings = msgspec.json.decode(cause["earnings"]) if cause and row["kind"] == "earn" else []
    return HistoryItem(
        seq=row["seq"],
        member=row["member_id"],
        recorded_at=rfc3339(row["recorded_at"]),
        occurred_at=rfc3339(row["occurred_at"]),
        kind=row["kind"],
        points=row["points"],
        from_=account_name(row["from_account"]),
        to=account_name(row["to_account"]),
        reason=_reason(row["kind"], _told(kind, row["kind"], cause), earnings),
        earnings=[HistoryEarning(each["rule"], each["points"]) for each in earnings],
        purchase=cause_id if kind == "purchase" else None,
        engagement=cause_id if kind == "engagement" else None,
        redemption=cause_id if kind == "redemption" else None,
        adjustment=cause_id if kind == "adjustment" else None,
        balance_after=BalanceAnswer(
            row["spendable_after"] - row["debt_after"], row["pending_after"], row["reserved_after"]
        ),
    )


def _told(cause_kind: str, kind: str, cause: Any) -> str:
    if cause is None:
        return cause_kind.capitalize()
    match cause_kind:
        case "purchase":
            return f"Purchase {cause['reference']}"
        case "redemption":
            return f"Reward {cause['reward']}"
        case "adjustment":
            return (cause["reversal"] if kind == "reverse" else cause["reason"]) or "Adjustment"
    return f"Event {cause['kind']}"


def _reason(kind: str, cause: str, earnings: list[Any]) -> str:
    """In words: what earned the points, or what became of them and through what."""
    if kind == "import":
        return "Opening balance"
    if kind == "earn":
        return f"{cause}: {'; '.join(each['because'] for each in earnings)}"
    done = _DONE.get(kind, kind.capitalize())
    return done if cause == "Lot" else f"{cause}: {done[:1].lower()}{done[1:]}"


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
        check_years(as_of=instant)
    except ValueError:  # of which msgspec's is one
        raise InvalidRequest.of(FieldError("as_of", "must be an instant, such as 2026-11-21T09:14:03Z")) from None
    return instant


def _check_past(as_of: datetime, now: datetime) -> None:
    if as_of > now:
        raise InvalidRequest.of(FieldError("as_of", f"lies after the program's present, {rfc3339(now)}"))


def _days(text: str | None) -> int:
    if text is None:
        return EXPIRING_DAYS
    found = re.fullmatch(r"P([0-9]{1,4})D", text)
    if not found or int(found.group(1)) > EXPIRING_DAYS_MAX:
        raise InvalidRequest.of(FieldError("expiring_within", "must be a number of days, such as P90D"))
    return int(found.group(1))


ROUTES = [
    Route(
        method="GET",
        path="/v1/members/{member_id}/points",
        handler=read_points,
        summary="A member's points, now or at an instant of the past, and what expires soon",
        query={
            "as_of": "an instant of the past: what would have been answered then",
            "expiring_within": "how far to look ahead, such as P90D; 30 days unless said",
        },
        answer=PointsAnswer,
        refusals=(MemberNotFound, MemberErased),
    ),
    Route(
        method="GET",
        path="/v1/members/{member_id}/points/history",
        handler=read_history,
        summary="Every movement of a member's points, newest first, with its reason and the balance after",
        query={"limit": "items per page, at most 200", "cursor": "next_cursor of the page before"},
        answer=HistoryPage,
        refusals=(MemberNotFound, MemberErased),
    ),
]
