"""Adjustments over REST: staff put points right or move them, a second key approves what is above a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.adjustments.adjust import adjust_points
from loyalty_api.domain.adjustments.answer import AdjustmentAnswer
from loyalty_api.domain.adjustments.command import Adjust, Because, Move, RecordAdjustment, check_asked, content_hash
from loyalty_api.domain.adjustments.decide import approve_adjustment, reject_adjustment
from loyalty_api.domain.adjustments.queries import list_adjustments
from loyalty_api.domain.adjustments.refusals import (
    AdjustmentAboveLimit,
    AdjustmentDecided,
    AdjustmentNotFound,
    AdjustmentNotReversible,
    AdjustmentOwn,
    AdjustmentReferenceReused,
)
from loyalty_api.domain.adjustments.reverse import reverse_adjustment
from loyalty_api.domain.adjustments.store import AWAITING, BOOKED, REJECTED, REVERSED, Adjustment, find_adjustment
from loyalty_api.domain.members.refusals import MemberClosed, MemberErased, MemberNotFound
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome, write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json
from loyalty_api.rest.whose import WHOSE, check_member, whose

STATUSES = (AWAITING, BOOKED, REJECTED, REVERSED)


class Decision(msgspec.Struct, frozen=True):
    """Who decided, when, and why if they said so."""

    at: str
    by: str
    reason: str | None


class Reversal(msgspec.Struct, frozen=True):
    """``points`` were moved back; ``expired`` ones of those that were given were gone already."""

    at: str
    by: str
    reason: str | None
    points: int
    expired: int


class AdjustmentView(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment read back. ``points`` above zero: given, or moved ``to`` the other; below: taken."""

    id: UUID
    status: str
    member: UUID
    to: UUID | None
    points: int
    reason: str | None
    reference: str
    source: str
    asked_at: str
    asked_by: str
    decision: Decision | None
    reversal: Reversal | None


class AdjustmentPage(msgspec.Struct, frozen=True):
    """A page of adjustments, newest first."""

    items: list[AdjustmentView]
    next_cursor: str | None


async def record(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    asked: Adjust | Move = call.body
    member_id = UUID(call.path["member_id"])
    errors = check_asked(asked)
    if errors:
        raise InvalidRequest.of(*errors)
    command = RecordAdjustment(
        program_id=call.program_id,
        member_id=member_id,
        asked=asked,
        content_hash=content_hash(asked),
        received_at=call.received_at,
        scopes=call.known.scopes,
        actor=call.known.actor,
    )

    async def work(connection: Connection) -> Any:
        return await adjust_points(connection, await door.catalogue.one(connection, command.program_id), command)

    return tell_outcome(await door.database.write(work))


def _decide(verb: Callable[..., Awaitable[Adjustment]], *named: str) -> Callable[[Door, Call], Awaitable[Answer]]:
    async def decide(door: Door, call: Call) -> Answer:
        """200 with the adjustment as it is then."""
        offered = {
            "scopes": call.known.scopes,
            "reason": call.body.reason if call.body is not None else None,
        }

        async def work(connection: Connection) -> Answer:
            program = await door.catalogue.one(connection, call.program_id)
            decided = await verb(
                connection,
                program,
                adjustment_id=UUID(call.path["adjustment_id"]),
                actor=call.known.actor,
                now=program.present(call.received_at),
                **{name: offered[name] for name in named},
            )
            return answer_json(_view(decided), subject=decided.adjustment_id)

        return await write_once(door, call, work, reread=_reread(call))

    return decide


def _reread(call: Call) -> Callable[[Connection, UUID], Awaitable[bytes]]:
    async def reread(connection: Connection, adjustment_id: UUID) -> bytes:
        found = await find_adjustment(connection, program_id=call.program_id, adjustment_id=adjustment_id)
        return answer_json(_view(found)).body

    return reread


async def read(door: Door, call: Call) -> Answer:
    """One adjustment."""
    async with door.database.reader() as connection:
        found = await find_adjustment(
            connection, program_id=call.program_id, adjustment_id=UUID(call.path["adjustment_id"])
        )
    return answer_json(_view(found))


async def list_(door: Door, call: Call) -> Answer:
    """A page of adjustments."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    status, errors = call.query.get("status"), check_member(call)
    if status is not None and status not in STATUSES:
        errors.append(FieldError("status", f"must be one of {', '.join(STATUSES)}"))
    if errors:
        raise InvalidRequest.of(*errors)
    async with door.database.reader() as connection:
        found = await list_adjustments(
            connection, program_id=call.program_id, status=status, member_ids=await whose(connection, call), page=page
        )
    return answer_json(page_answer(found, page, lambda each: each.adjustment_id, [_view(each) for each in found]))


def _view(each: Adjustment) -> AdjustmentView:
    decision = reversal = None
    if each.decided_at is not None and each.decided_by is not None:
        decision = Decision(rfc3339(each.decided_at), each.decided_by, each.decision)
    if each.reversed_at is not None and each.reversed_by is not None:
        reversal = Reversal(
            rfc3339(each.reversed_at),
            each.reversed_by,
            each.reversal,
            each.points_reversed or 0,
            each.points_expired or 0,
        )
    return AdjustmentView(
        id=each.adjustment_id,
        status=each.status,
        member=each.member_id,
        to=each.to_member_id,
        points=each.points,
        reason=each.reason,
        reference=each.reference,
        source=each.source,
        asked_at=rfc3339(each.asked_at),
        asked_by=each.asked_by,
        decision=decision,
        reversal=reversal,
    )


_REFUSALS = (MemberNotFound, MemberClosed, MemberErased, AdjustmentReferenceReused, InsufficientPoints)
EXAMPLE = {"reference": "case-881", "points": 250, "reason": "the coffee was cold"}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d8",
    "status": "booked",
    "member": "019a2011-0405-775b-a666-3189a5d947d0",
    "points": 250,
    "balance": {"available": 763, "pending": 0, "reserved": 0},
}

ROUTES = [
    Route(
        method="POST",
        path="/v1/members/{member_id}/points/adjustments",
        handler=record,
        summary="Give or take points; above the key's limit it awaits approval by another. The same reference again"
        " answers 200 with the first answer",
        body=Adjust,
        answer=AdjustmentAnswer,
        status=201,
        refusals=_REFUSALS,
        example=EXAMPLE,
        example_answer=EXAMPLE_ANSWER,
    ),
    Route(
        method="POST",
        path="/v1/members/{member_id}/points/move",
        handler=record,
        summary="Move available points to another member, with their dates, under the same limits",
        body=Move,
        answer=AdjustmentAnswer,
        status=201,
        refusals=_REFUSALS,
        example={
            "reference": "case-882",
            "to": "019a2011-0405-775b-a666-3189a5d947d1",
            "points": 100,
            "reason": "booked to the wrong of two sisters",
        },
        example_answer=EXAMPLE_ANSWER | {"to": "019a2011-0405-775b-a666-3189a5d947d1", "points": 100},
    ),
    Route(
        method="GET",
        path="/v1/adjustments",
        handler=list_,
        summary="List adjustments, newest first",
        query={
            "limit": "items per page, at most 200",
            "cursor": "next_cursor of the page before",
            "status": f"one of {', '.join(STATUSES)}",
            **WHOSE,
        },
        answer=AdjustmentPage,
    ),
    Route(
        method="GET",
        path="/v1/adjustments/{adjustment_id}",
        handler=read,
        summary="Read an adjustment",
        answer=AdjustmentView,
        refusals=(AdjustmentNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/adjustments/{adjustment_id}/approve",
        handler=_decide(approve_adjustment, "scopes"),
        summary="Approve an adjustment that awaits it, with another key than asked for it",
        idempotent=True,
        answer=AdjustmentView,
        refusals=(
            *(AdjustmentNotFound, AdjustmentOwn, AdjustmentAboveLimit, AdjustmentDecided, InsufficientPoints),
            *(MemberNotFound, MemberClosed, MemberErased),
        ),
    ),
    Route(
        method="POST",
        path="/v1/adjustments/{adjustment_id}/reject",
        handler=_decide(reject_adjustment, "reason"),
        summary="Reject an adjustment that awaits approval, or take it back",
        body=Because,
        idempotent=True,
        answer=AdjustmentView,
        refusals=(AdjustmentNotFound, AdjustmentDecided),
        example={"reason": "the receipt shows nothing of it"},
    ),
    Route(
        method="POST",
        path="/v1/adjustments/{adjustment_id}/reverse",
        handler=_decide(reverse_adjustment, "scopes", "reason"),
        summary="Reverse an adjustment: take back what it gave, or give back what it took",
        body=Because,
        idempotent=True,
        answer=AdjustmentView,
        refusals=(AdjustmentNotFound, AdjustmentNotReversible, AdjustmentAboveLimit, MemberErased),
        example={"reason": "the wrong member"},
    ),
]
