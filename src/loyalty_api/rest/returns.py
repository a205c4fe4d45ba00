"""Returns over REST: one return, voiding a purchase, and reading a return back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.purchases.refusals import (
    PurchaseNotFound,
    PurchaseVoided,
    ReturnBeyondPurchase,
    ReturnNotFound,
    ReturnOutOfTime,
    ReturnReferenceReused,
)
from loyalty_api.domain.purchases.return_ import record_return
from loyalty_api.domain.purchases.return_answer import ReturnAnswer
from loyalty_api.domain.purchases.return_command import RecordReturn, Return, check_return, return_hash
from loyalty_api.domain.purchases.returns import read_return
from loyalty_api.domain.purchases.void import void_purchase
from loyalty_api.kernel.refusals import InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome
from loyalty_api.rest.route import Answer, Call, Route

RETURN_REFUSALS = (
    PurchaseNotFound,
    PurchaseVoided,
    ReturnBeyondPurchase,
    ReturnOutOfTime,
    ReturnReferenceReused,
)
EXAMPLE = {
    "reference": "R-000123-1",
    "source": "store-17/till-3",
    "purchase": {"source": "store-17/till-3", "reference": "R-000123"},
    "occurred_at": "2026-11-24T16:02:11Z",
    "lines": [{"line": "1", "quantity": 1}],
}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d6",
    "status": "recorded",
    "purchase": "019a2011-0405-775b-a666-3189a5d947d4",
    "amount_minor": 695,
    "points": {
        "taken_back": 7,
        "given_back": 0,
        "forgiven": 0,
        "expired": 0,
        "by_rule": [{"rule": "base", "points": 7}],
        "lots": [{"lot": "019a2011-0405-775b-a666-3189a5d947d7", "points": 7}],
    },
    "balance": {"available": 506, "pending": 0, "reserved": 0},
    "tier": {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 15305}},
}


async def record(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    return await take_return(door, make_return(call.body, call.known, call.received_at))


async def void(door: Door, call: Call) -> Answer:
    """Takes back all that is left of a purchase, which then never was. Again: the first answer."""
    named: dict[str, Any] = {"program_id": call.program_id, "purchase_id": UUID(call.path["purchase_id"])}
    named |= {"received_at": call.received_at, "actor": call.known.actor}
    return tell_outcome(
        await door.database.write(lambda connection: void_purchase(connection, door.catalogue, **named))
    )


async def read(door: Door, call: Call) -> Answer:
    """The return as it was answered."""
    async with door.database.reader() as connection:
        row = await read_return(connection, program_id=call.program_id, return_id=UUID(call.path["return_id"]))
    return Answer(200, row["answer"])


async def take_return(door: Door, command: RecordReturn) -> Answer:
    """Records the return in a transaction of its own. Raises refusals."""
    return tell_outcome(
        await door.database.write(lambda connection: record_return(connection, door.catalogue, command))
    )


def make_return(asked: Return, caller: Caller, received_at: datetime) -> RecordReturn:
    """A decoded return as a command. Refuses: InvalidRequest with every wrong field."""
    errors = check_return(asked)
    if errors:
        raise InvalidRequest.of(*errors)
    assert caller.program_id is not None, "the route asks for a program's key"
    return RecordReturn(
        program_id=caller.program_id,
        asked=asked,
        kind="return",
        content_hash=return_hash(asked),
        received_at=received_at,
        actor=caller.actor,
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/returns",
        handler=record,
        summary="Return a part of a purchase (lines, an amount, or all); the same reference again answers 200 with the"
        " first answer, to the byte",
        body=Return,
        answer=ReturnAnswer,
        status=201,
        refusals=RETURN_REFUSALS,
        example=EXAMPLE,
        example_answer=EXAMPLE_ANSWER,
    ),
    Route(
        method="GET",
        path="/v1/returns/{return_id}",
        handler=read,
        summary="Read a return",
        answer=ReturnAnswer,
        refusals=(ReturnNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/purchases/{purchase_id}/void",
        handler=void,
        summary="Void a purchase: as if it never was",
        answer=ReturnAnswer,
        status=201,
        refusals=(PurchaseNotFound, ReturnBeyondPurchase),
        example_answer=EXAMPLE_ANSWER | {"status": "voided"},
    ),
]
