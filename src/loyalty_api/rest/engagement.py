"""Engagement over REST: one event, a batch of them, and reading them back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.access.refusals import OtherStore
from loyalty_api.domain.engagement.answer import EngagementAnswer
from loyalty_api.domain.engagement.command import Engagement, RecordEngagement, check_engagement, content_hash
from loyalty_api.domain.engagement.queries import EngagementFilter, list_engagements, read_engagement
from loyalty_api.domain.engagement.refusals import (
    EngagementBeforeEnrolment,
    EngagementInTheFuture,
    EngagementNotFound,
    EngagementOutOfRange,
    EngagementReferenceReused,
    EngagementTooLate,
)
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.programs.parts import EVENT_KIND_PATTERN
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.batch import BatchAnswer, answer_batch
from loyalty_api.rest.caller import check_store
from loyalty_api.rest.decode import TooLarge, decode_body
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome
from loyalty_api.rest.route import Answer, Call, Route, answer_json
from loyalty_api.rest.whose import WHOSE, check_member, whose

ENGAGEMENT_REFUSALS = (
    MemberNotFound,
    IdentifierBlocked,
    CodeExpired,
    *NOT_ACTIVE,
    EngagementReferenceReused,
    EngagementBeforeEnrolment,
    EngagementInTheFuture,
    EngagementTooLate,
    EngagementOutOfRange,
    OtherStore,
)
EXAMPLE = {
    "reference": "review-5561",
    "source": "shop-reviews",
    "member": {"identifier": "card:4006381333931"},
    "kind": "review.written",
    "occurred_at": "2026-11-21T09:14:03Z",
    "channel": "web",
    "data": {"stars": 5, "product": "ESP-250"},
}
EXAMPLE_POINTS = {
    "earned": 20,
    "pending": 0,
    "earnings": [{"rule": "review", "version": 3, "points": 20, "because": "20 points for review.written"}],
}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d5",
    "status": "recorded",
    "kind": "review.written",
    "points": EXAMPLE_POINTS,
    "matured": 0,
    "balance": {"available": 533, "pending": 0, "reserved": 0},
    "tier": {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 14610}},
    "advice": [],
}


class EngagementView(msgspec.Struct, frozen=True, kw_only=True):
    """An event read back. ``tier`` is the one it earned at, that of its own time; ``reference`` is null for what
    the product records itself, such as an enrolment."""

    id: UUID
    status: str
    member: UUID
    kind: str
    reference: str | None
    source: str
    occurred_at: str
    recorded_at: str
    store: str | None
    employee: str | None
    channel: str | None
    data: msgspec.Raw
    points: dict[str, Any]
    version: int
    tier: str | None


class EngagementPage(msgspec.Struct, frozen=True):
    """A page of events, latest recorded first."""

    items: list[EngagementView]
    next_cursor: str | None


async def record(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    command = _command(call.body, call.known, call.received_at)
    member = call.body.member
    return tell_outcome(await door.engager.submit(command, key=member.identifier or member.id))


async def record_batch(door: Door, call: Call) -> Answer:
    """200 with a result per event."""
    return await answer_batch(
        door,
        call,
        door.engager.submit_many,
        make_command=lambda item: _command(decode_body(item, Engagement), call.known, call.received_at),
        order=lambda command: command.touchpoint.occurred_at,
    )


async def read(door: Door, call: Call) -> Answer:
    """One event."""
    engagement_id = UUID(call.path["engagement_id"])
    async with door.database.reader() as connection:
        row = await read_engagement(connection, program_id=call.program_id, engagement_id=engagement_id)
    return answer_json(_view(row))


async def list_(door: Door, call: Call) -> Answer:
    """A page of events."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    wanted = _filter(call)
    async with door.database.reader() as connection:
        wanted = msgspec.structs.replace(wanted, member_ids=await whose(connection, call))
        rows = await list_engagements(connection, program_id=call.program_id, wanted=wanted, page=page)
    return answer_json(page_answer(rows, page, lambda row: row["engagement_id"], [_view(row) for row in rows]))


def _command(engagement: Engagement, caller: Caller, received_at: datetime) -> RecordEngagement:
    """A decoded event as a command. Refuses: InvalidRequest with every wrong field, OtherStore."""
    errors = check_engagement(engagement)
    if errors:
        raise InvalidRequest.of(*errors)
    check_store(caller, engagement.store)
    assert caller.program_id is not None, "the route asks for a program's key"
    return RecordEngagement(
        program_id=caller.program_id,
        touchpoint=engagement,
        reference=engagement.reference,
        content_hash=content_hash(engagement),
        received_at=received_at,
        key_id=caller.key_id,
        actor=caller.actor,
        store=engagement.store or caller.store,
    )


def _filter(call: Call) -> EngagementFilter:
    errors, kind = check_member(call), call.query.get("kind")
    if kind is not None and not re.fullmatch(EVENT_KIND_PATTERN, kind):
        errors.append(FieldError("kind", "must be a kind of event, such as review.written"))
    if errors:
        raise InvalidRequest.of(*errors)
    return EngagementFilter(kind=kind)


def _view(row: Any) -> EngagementView:
    return EngagementView(
        id=row["engagement_id"],
        status="recorded",
        member=row["member_id"],
        kind=row["kind"],
        reference=row["reference"],
        source=row["source"],
        occurred_at=rfc3339(row["occurred_at"]),
        recorded_at=rfc3339(row["recorded_at"]),
        store=row["store"],
        employee=row["employee"],
        channel=row["channel"],
        data=msgspec.Raw(row["data"]),
        points={
            "earned": row["points_earned"],
            "pending": row["points_pending"],
            "earnings": msgspec.Raw(row["earnings"]),
        },
        version=row["version"],
        tier=row["tier"],
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/engagement",
        handler=record,
        summary="Record an event other than a purchase; rules may give points for its kind. One that points wait for"
        " names their purchase in data (purchase: {id}, or {source, reference}) and makes them available. The same"
        " reference again answers 200 with the first answer, to the byte",
        body=Engagement,
        answer=EngagementAnswer,
        status=201,
        refusals=ENGAGEMENT_REFUSALS,
        example=EXAMPLE,
        example_answer=EXAMPLE_ANSWER,
        hot=True,
    ),
    Route(
        method="POST",
        path="/v1/engagement/batch",
        handler=record_batch,
        summary="Record up to 1,000 events (JSON array or NDJSON)",
        body=bytes,
        items=(Engagement,),
        answer=BatchAnswer,
        refusals=(TooLarge, *ENGAGEMENT_REFUSALS),
        example=[EXAMPLE],
        example_answer={"results": [{"index": 0, "status": "recorded", "answer": EXAMPLE_ANSWER}]},
    ),
    Route(
        method="GET",
        path="/v1/engagement",
        handler=list_,
        summary="List events, latest recorded first",
        query={
            "limit": "items per page, at most 200",
            "cursor": "next_cursor of the page before",
            **WHOSE,
            "kind": "a kind of event, such as review.written",
        },
        answer=EngagementPage,
    ),
    Route(
        method="GET",
        path="/v1/engagement/{engagement_id}",
        handler=read,
        summary="Read an event",
        answer=EngagementView,
        refusals=(EngagementNotFound,),
    ),
]
