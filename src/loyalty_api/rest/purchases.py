"""Purchases over REST: one, a batch from a till that was offline, and reading them back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.access.refusals import OtherStore
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.purchases.answer import PurchaseAnswer
from loyalty_api.domain.purchases.command import (
    Purchase,
    RecordPurchase,
    check_purchase,
    content_hash,
)
from loyalty_api.domain.purchases.queries import PurchaseFilter, list_purchases, read_purchase, returns_by_purchase
from loyalty_api.domain.purchases.refusals import (
    BeforeEnrolment,
    InTheFuture,
    OutOfRange,
    PaidTooMuch,
    PurchaseNotFound,
    ReferenceReused,
    TooLate,
    UnknownRedemption,
    WrongCurrency,
)
from loyalty_api.domain.rewards.refusals import (
    RedemptionCancelled,
    RedemptionCompleted,
    RedemptionExpired,
)
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.caller import check_store
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome
from loyalty_api.rest.purchase_shapes import PurchasePage, PurchaseView, view_purchase
from loyalty_api.rest.route import Answer, Call, Route, answer_json
from loyalty_api.rest.whose import WHOSE, check_member, whose

PURCHASE_REFUSALS = (
    MemberNotFound,
    IdentifierBlocked,
    CodeExpired,
    *NOT_ACTIVE,
    ReferenceReused,
    BeforeEnrolment,
    WrongCurrency,
    InTheFuture,
    TooLate,
    UnknownRedemption,
    RedemptionCompleted,
    RedemptionCancelled,
    RedemptionExpired,
    PaidTooMuch,
    OutOfRange,
    OtherStore,
)
EXAMPLE = {
    "reference": "R-000123",
    "source": "store-17/till-3",
    "member": {"identifier": "card:4006381333931"},
    "occurred_at": "2026-11-21T09:14:03Z",
    "currency": "EUR",
    "store": "17",
    "employee": "e-9",
    "channel": "store",
    "lines": [
        {
            "line": "1",
            "sku": "ESP-250",
            "category": "coffee",
            "labels": ["fairtrade"],
            "quantity": 2,
            "amount_minor": 1390,
            "tax_minor": 91,
        },
        {"line": "2", "sku": "GIFT-20", "kind": "gift_card", "quantity": 1, "amount_minor": 2000},
    ],
    "total_minor": 3390,
}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d4",
    "status": "recorded",
    "points": {
        "earned": 13,
        "pending": 0,
        "earnings": [
            {
                "rule": "base",
                "version": 3,
                "points": 13,
                "because": "1 point per 1.00 on 13.90",
                "base_minor": 1390,
            }
        ],
    },
    "balance": {"available": 513, "pending": 0, "reserved": 0},
    "tier": {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 14610}},
    "advice": [],
}


async def record(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    command = make_command(call.body, call.known, call.received_at)
    member = call.body.member
    return tell_outcome(await door.recorder.submit(command, key=member.identifier or member.id))


async def read(door: Door, call: Call) -> Answer:
    """One purchase."""
    async with door.database.reader() as connection:
        row = await read_purchase(connection, program_id=call.program_id, purchase_id=UUID(call.path["purchase_id"]))
        back = await returns_by_purchase(connection, [row])
    return answer_json(view_purchase(row, back))


async def list_(door: Door, call: Call) -> Answer:
    """A page of purchases."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    wanted = _filter(call)
    async with door.database.reader() as connection:
        wanted = msgspec.structs.replace(wanted, member_ids=await whose(connection, call))
        rows = await list_purchases(connection, program_id=call.program_id, wanted=wanted, page=page)
        back = await returns_by_purchase(connection, rows)
    return answer_json(
        page_answer(rows, page, lambda row: row["purchase_id"], [view_purchase(row, back) for row in rows])
    )


def make_command(purchase: Purchase, caller: Caller, received_at: datetime) -> RecordPurchase:
    """A decoded purchase as a command. Refuses: InvalidRequest with every wrong field, OtherStore."""
    errors = check_purchase(purchase)
    if errors:
        raise InvalidRequest.of(*errors)
    check_store(caller, purchase.store)
    assert caller.program_id is not None, "the route asks for a program's key"
    return RecordPurchase(
        program_id=caller.program_id,
        purchase=purchase,
        content_hash=content_hash(purchase),
        received_at=received_at,
        key_id=caller.key_id,
        store=purchase.store or caller.store,
    )


def _filter(call: Call) -> PurchaseFilter:
    query = call.query
    errors = check_member(call)
    instants: dict[str, datetime | None] = {}
    for name in ("occurred_from", "occurred_to"):
        try:
            instants[name] = msgspec.convert(query[name], _Instant) if name in query else None
            check_years(**{name: instants[name]})
        except ValueError:  # of which msgspec's is one
            errors.append(FieldError(name, "must be an instant, such as 2026-11-21T09:14:03Z"))
    if errors:
        raise InvalidRequest.of(*errors)
    return PurchaseFilter(
        store=query.get("store"),
        source=query.get("source"),
        reference=query.get("reference"),
        occurred_from=instants["occurred_from"],
        occurred_to=instants["occurred_to"],
    )


_Instant = Annotated[datetime, Meta(tz=True)]

ROUTES = [
    Route(
        method="POST",
        path="/v1/purchases",
        handler=record,
        summary="Record a purchase; the same reference again answers 200 with the first answer, to the byte",
        body=Purchase,
        answer=PurchaseAnswer,
        status=201,
        refusals=PURCHASE_REFUSALS,
        example=EXAMPLE,
        example_answer=EXAMPLE_ANSWER,
        hot=True,
    ),
    Route(
        method="GET",
        path="/v1/purchases",
        handler=list_,
        summary="List purchases, latest recorded first",
        query={
            "limit": "items per page, at most 200",
            "cursor": "next_cursor of the page before",
            **WHOSE,
            "store": "code of a store",
            "source": "the source that posted it",
            "reference": "the reference it was posted with",
            "occurred_from": "instant, included",
            "occurred_to": "instant, not included",
        },
        answer=PurchasePage,
    ),
    Route(
        method="GET",
        path="/v1/purchases/{purchase_id}",
        handler=read,
        summary="Read a purchase",
        answer=PurchaseView,
        refusals=(PurchaseNotFound,),
    ),
]
