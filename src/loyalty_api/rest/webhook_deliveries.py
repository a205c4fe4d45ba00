"""What became of a webhook's deliveries over REST, and sending them again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.feed.refusals import EventForgotten
from loyalty_api.domain.webhooks.delivery import State
from loyalty_api.domain.webhooks.queries import list_deliveries, read_delivery
from loyalty_api.domain.webhooks.refusals import (
    DeliveryNotFound,
    TooMuchToReplay,
    WebhookNotFound,
    WebhookOff,
)
from loyalty_api.domain.webhooks.replay import replay_one, replay_span
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, page_key, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json

Instant = Annotated[datetime, Meta(tz=True)]


class SpanBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Deliveries first written from ``from`` until before ``until``; of one ``state``, or of both."""

    from_: Instant
    until: Instant
    state: Literal["delivered", "failed"] | None = None

    def __post_init__(self) -> None:
        """Instants that have an id."""
        check_years(**{"from": self.from_, "until": self.until})


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event to a webhook. ``status``, ``duration_ms``, ``error`` and ``response`` (its beginning) are of the newest
    attempt. ``next_attempt_at`` null of one that waits: as soon as the member's event before it is through."""

    id: UUID
    event: str
    type: str
    member: UUID
    state: str
    attempts: int
    attempted_at: str | None
    next_attempt_at: str | None
    status: int | None
    duration_ms: int | None
    error: str | None
    response: str | None
    replay_of: UUID | None


class DeliveryPage(msgspec.Struct, frozen=True):
    """Deliveries, newest first."""

    items: list[DeliveryView]
    next_cursor: str | None


class ReplayedSpan(msgspec.Struct, frozen=True):
    """How many deliveries are sent again."""

    replayed: int


async def list_(door: Door, call: Call) -> Answer:
    """A page of what became of deliveries."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    state = call.query.get("state")
    if state is not None and state not in {each.value for each in State}:
        raise InvalidRequest.of(FieldError("state", "must be waiting, delivered or failed"))
    async with door.database.reader() as connection:
        rows = await list_deliveries(
            connection,
            program_id=call.program_id,
            webhook_id=UUID(call.path["webhook_id"]),
            state=state,
            before=page_key(page, UUID),
            limit=page.limit + 1,
        )
    items = [_view(row) for row in rows]
    return answer_json(page_answer(rows, page, lambda row: row["delivery_id"], items))


async def replay(door: Door, call: Call) -> Answer:
    """201 with the delivery that sends the event again."""
    webhook_id, delivery_id = UUID(call.path["webhook_id"]), UUID(call.path["delivery_id"])
    ids: dict[str, Any] = {"program_id": call.program_id, "webhook_id": webhook_id}

    async def work(connection: Connection) -> Answer:
        fresh = await replay_one(connection, **ids, delivery_id=delivery_id, now=call.received_at)
        return answer_json(_view(await read_delivery(connection, **ids, delivery_id=fresh)), 201)

    return await write_once(door, call, work)


async def replay_of_span(door: Door, call: Call) -> Answer:
    """201 with how many are sent again."""
    body: SpanBody = call.body
    if body.from_ >= body.until:
        raise InvalidRequest.of(FieldError("until", "must be later than from"))

    async def work(connection: Connection) -> Answer:
        replayed = await replay_span(
            connection,
            program_id=call.program_id,
            webhook_id=UUID(call.path["webhook_id"]),
            from_=body.from_,
            until=body.until,
            state=body.state,
            now=call.received_at,
        )
        return answer_json(ReplayedSpan(replayed), 201)

    return await write_once(door, call, work)


def _view(row: Any) -> DeliveryView:
    return DeliveryView(
        id=row["delivery_id"],
        event=row["event_id"],
        type=row["type"],
        member=row["subject"],
        state=row["state"],
        attempts=row["attempts"],
        attempted_at=row["attempted_at"] and rfc3339(row["attempted_at"]),
        next_attempt_at=row["next_attempt_at"] and rfc3339(row["next_attempt_at"]),
        status=row["status"],
        duration_ms=row["duration_ms"],
        error=row["error"],
        response=row["response"],
        replay_of=row["replay_of"],
    )


EXAMPLE_VIEW = {
    "id": "019a2011-0405-775b-a666-3189a5d947d6",
    "event": "019a2011-0405-775b-a666-3189a5d947d7",
    "type": "loyalty.purchase.recorded.v1",
    "member": "019a2011-0405-775b-a666-3189a5d947d0",
    "state": "waiting",
    "attempts": 0,
    "attempted_at": None,
    "next_attempt_at": "2026-11-21T09:14:03Z",
    "status": None,
    "duration_ms": None,
    "error": None,
    "response": None,
    "replay_of": "019a2011-0405-775b-a666-3189a5d947d8",
}

ROUTES = [
    Route(
        method="GET",
        path="/v1/webhooks/{webhook_id}/deliveries",
        handler=list_,
        summary="What became of a webhook's deliveries, newest first; kept for some days",
        query={
            "state": "waiting, delivered or failed only",
            "limit": "deliveries per page, at most 200",
            "cursor": "next_cursor of the page before",
        },
        answer=DeliveryPage,
        refusals=(WebhookNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        handler=replay,
        summary="Send an event again, under its own id",
        idempotent=True,
        answer=DeliveryView,
        status=201,
        refusals=(WebhookNotFound, DeliveryNotFound, WebhookOff, EventForgotten),
        example_answer=EXAMPLE_VIEW,
    ),
    Route(
        method="POST",
        path="/v1/webhooks/{webhook_id}/replay",
        handler=replay_of_span,
        summary="Send again what was sent, or failed, in a span of time; what waits comes by itself",
        idempotent=True,
        body=SpanBody,
        answer=ReplayedSpan,
        status=201,
        refusals=(WebhookNotFound, WebhookOff, TooMuchToReplay),
        example={"from": "2026-11-21T09:00:00Z", "until": "2026-11-21T10:00:00Z", "state": "failed"},
        example_answer={"replayed": 120},
    ),
]
