"""Redemptions over REST: redeem or reserve, complete, cancel, and reading them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.access.refusals import OtherStore
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.rewards.answer import RedemptionAnswer
from loyalty_api.domain.rewards.close import cancel_redemption, complete_redemption, find_one
from loyalty_api.domain.rewards.command import Asked, Command, Redeem, check_asked, content_hash
from loyalty_api.domain.rewards.queries import list_redemptions, written_codes
from loyalty_api.domain.rewards.redeem import redeem_reward
from loyalty_api.domain.rewards.refusals import (
    BelowMinimum,
    NothingAllowed,
    RedemptionCancelled,
    RedemptionCompleted,
    RedemptionExpired,
    RedemptionNotFound,
    RedemptionReferenceReused,
    RewardLimitReached,
    RewardNotForTier,
    RewardNotFound,
    RewardNotValid,
    RewardOutOfStock,
)
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import InvalidRequest
from loyalty_api.rest.caller import check_store
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome, write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json
from loyalty_api.rest.whose import WHOSE, whose

REDEEM_REFUSALS = (
    MemberNotFound,
    IdentifierBlocked,
    CodeExpired,
    *NOT_ACTIVE,
    RedemptionReferenceReused,
    RewardNotFound,
    RewardNotValid,
    RewardNotForTier,
    RewardOutOfStock,
    RewardLimitReached,
    InsufficientPoints,
    BelowMinimum,
    NothingAllowed,
    OtherStore,
)
EXAMPLE = {
    "reference": "redeem-77",
    "source": "store-17/till-3",
    "member": {"identifier": "card:4006381333931"},
    "points": 1200,
    "purchase_preview": {"total_minor": 1990, "currency": "EUR"},
    "complete": False,
}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d6",
    "status": "reserved",
    "member": "019a2011-0405-775b-a666-3189a5d947d0",
    "reward": "pay",
    "points": 995,
    "amount_minor": 995,
    "limited_by": "max_share",
    "expires_at": "2026-11-21T09:44:03Z",
    "balance": {"available": 305, "pending": 0, "reserved": 995},
}


class RedemptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A redemption read back; ``reference`` is null for an automatic reward. ``coupon``: the code that it gave out."""

    id: UUID
    status: str
    member: UUID
    reward: str
    kind: str
    reference: str | None
    source: str
    points: int
    amount_minor: int | None
    limited_by: str | None
    reserved_at: str
    expires_at: str | None
    closed_at: str | None
    coupon: str | None
    purchase: UUID | None
    version: int
    store: str | None
    employee: str | None
    channel: str | None


class RedemptionPage(msgspec.Struct, frozen=True):
    """A page of redemptions, newest first."""

    items: list[RedemptionView]
    next_cursor: str | None


async def redeem(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    command = make_command(call.body, call.known, call.received_at)
    return tell_outcome(
        await door.database.write(lambda connection: redeem_reward(connection, door.catalogue, command))
    )


async def complete(door: Door, call: Call) -> Answer:
    """200: the points are spent for good."""
    return await _close(door, call, complete_redemption)


async def cancel(door: Door, call: Call) -> Answer:
    """200: the points are the member's again."""
    return await _close(door, call, cancel_redemption)


async def _close(door: Door, call: Call, verb: Any) -> Answer:
    async def work(connection: Any) -> Answer:
        body = await verb(
            connection,
            door.catalogue,
            program_id=call.program_id,
            redemption_id=UUID(call.path["redemption_id"]),
            received_at=call.received_at,
        )
        return Answer(200, body)

    return await write_once(door, call, work)


async def read(door: Door, call: Call) -> Answer:
    """One redemption."""
    redemption_id = UUID(call.path["redemption_id"])
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        found = await find_one(connection, program_id=program.id, redemption_id=redemption_id)
        written = await _written(connection, program.id, [found])
    return answer_json(_view(found, program.present(call.received_at), written))


async def list_(door: Door, call: Call) -> Answer:
    """A page of redemptions."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        member_ids = await whose(connection, call)
        found = await list_redemptions(connection, program_id=program.id, member_ids=member_ids, page=page)
        written = await _written(connection, program.id, found)
    now = program.present(call.received_at)
    views = [_view(each, now, written) for each in found]
    return answer_json(page_answer(found, page, lambda each: each.redemption_id, views))


def make_command(asked: Asked, caller: Caller, received_at: datetime, code: str = "") -> Command:
    """What was decoded as a command. Refuses: InvalidRequest with every wrong field, OtherStore."""
    errors = check_asked(asked)
    if errors:
        raise InvalidRequest.of(*errors)
    check_store(caller, asked.store)
    assert caller.program_id is not None, "the route asks for a program's key"
    return Command(
        program_id=caller.program_id,
        asked=asked,
        content_hash=content_hash(asked, code),
        received_at=received_at,
        actor=caller.actor,
        store=asked.store or caller.store,
        code=code,
    )


async def _written(connection: Any, program_id: UUID, found: list[Redemption]) -> dict[str, str]:
    codes = [each.code for each in found if each.code is not None]
    return await written_codes(connection, program_id=program_id, codes=codes) if codes else {}


def _view(each: Redemption, now: datetime, written: dict[str, str]) -> RedemptionView:
    status = each.status_at(now)
    closed_at = each.expires_at if status == "expired" else each.closed_at
    return RedemptionView(
        id=each.redemption_id,
        status=status,
        member=each.member_id,
        reward=each.reward,
        kind=each.kind,
        reference=each.reference,
        source=each.source,
        points=each.points,
        amount_minor=each.amount_minor,
        limited_by=each.limited_by,
        reserved_at=rfc3339(each.reserved_at),
        expires_at=rfc3339(each.expires_at) if each.expires_at else None,
        closed_at=rfc3339(closed_at) if closed_at else None,
        coupon=written.get(each.code) if each.code else None,
        purchase=each.purchase_id,
        version=each.version,
        store=each.store,
        employee=each.employee,
        channel=each.channel,
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/redemptions",
        handler=redeem,
        summary="Redeem a reward or pay with points, at once or reserved first; the same reference again answers 200"
        " with the first answer, to the byte",
        body=Redeem,
        answer=RedemptionAnswer,
        status=201,
        refusals=REDEEM_REFUSALS,
        example=EXAMPLE,
        example_answer=EXAMPLE_ANSWER,
    ),
    Route(
        method="GET",
        path="/v1/redemptions",
        handler=list_,
        summary="List redemptions, newest first",
        query={
            "limit": "items per page, at most 200",
            "cursor": "next_cursor of the page before",
            **WHOSE,
        },
        answer=RedemptionPage,
    ),
    Route(
        method="GET",
        path="/v1/redemptions/{redemption_id}",
        handler=read,
        summary="Read a redemption",
        answer=RedemptionView,
        refusals=(RedemptionNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/redemptions/{redemption_id}/complete",
        handler=complete,
        summary="Spend what is reserved, for good; again answers the same",
        idempotent=True,
        answer=RedemptionAnswer,
        refusals=(RedemptionNotFound, RedemptionCancelled, RedemptionExpired),
        example_answer={name: value for name, value in EXAMPLE_ANSWER.items() if name != "expires_at"}
        | {"status": "completed", "balance": {"available": 305, "pending": 0, "reserved": 0}},
    ),
    Route(
        method="POST",
        path="/v1/redemptions/{redemption_id}/cancel",
        handler=cancel,
        summary="Put what is reserved back into the lots it came from; again answers the same",
        idempotent=True,
        answer=RedemptionAnswer,
        refusals=(RedemptionNotFound, RedemptionCompleted, RedemptionExpired),
        example_answer={name: value for name, value in EXAMPLE_ANSWER.items() if name != "expires_at"}
        | {"status": "cancelled", "balance": {"available": 1300, "pending": 0, "reserved": 0}},
    ),
]
