"""A batch of purchases and returns from a till that was offline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal

import msgspec

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.purchases.command import Purchase, RecordPurchase
from loyalty_api.domain.purchases.return_ import record_return
from loyalty_api.domain.purchases.return_command import RecordReturn, Return
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.batch import BatchAnswer, answer_batch
from loyalty_api.rest.decode import TooLarge, decode_body
from loyalty_api.rest.door import Door
from loyalty_api.rest.purchases import EXAMPLE, EXAMPLE_ANSWER, PURCHASE_REFUSALS, make_command
from loyalty_api.rest.returns import EXAMPLE as EXAMPLE_RETURN
from loyalty_api.rest.returns import RETURN_REFUSALS, make_return
from loyalty_api.rest.route import Answer, Call, Route

Command = RecordPurchase | RecordReturn
Outcome = Answered | Exception


class BatchPurchase(Purchase, frozen=True, kw_only=True, tag=False):
    """A purchase in a batch."""

    type: Literal["purchase"] = "purchase"


class BatchReturn(Return, frozen=True, kw_only=True, tag=False):
    """A return in a batch; its purchase may stand in the same one, in any place."""

    type: Literal["return"]


class _Typed(msgspec.Struct, frozen=True):
    type: str = "purchase"


_KINDS = {"purchase": BatchPurchase, "return": BatchReturn}


async def record_batch(door: Door, call: Call) -> Answer:
    """200 with a result per item."""

    def make(item: bytes) -> Command:
        kind = _KINDS.get(decode_body(item, _Typed).type)
        if kind is None:
            raise InvalidRequest.of(FieldError("type", f"must be {' or '.join(_KINDS)}"))
        asked = decode_body(item, kind)
        if isinstance(asked, Return):
            return make_return(_plain(asked), call.known, call.received_at)
        return make_command(asked, call.known, call.received_at)

    async def record(commands: Sequence[Command]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for _, some in groupby(commands, type):
            run = list(some)
            purchases = [command for command in run if isinstance(command, RecordPurchase)]
            returns = [command for command in run if isinstance(command, RecordReturn)]
            outcomes += await door.recorder.submit_many(purchases) if purchases else await _each(door, returns)
        return outcomes

    return await answer_batch(door, call, record, make_command=make, order=_order)


async def _each(door: Door, commands: Sequence[RecordReturn]) -> list[Outcome]:
    """Each in a transaction of its own."""
    outcomes: list[Outcome] = []
    for command in commands:
        try:
            outcomes.append(
                await door.database.write(
                    lambda connection, command=command: record_return(connection, door.catalogue, command)
                )
            )
        except Exception as error:  # it is told at its place, and never stops the others
            outcomes.append(error)
    return outcomes


def _plain(asked: Return) -> Return:
    """Without its type, so that it is the same content as the same return posted alone."""
    return Return(**{name: getattr(asked, name) for name in Return.__struct_fields__})


def _order(command: Command) -> tuple[datetime, bool]:
    """By when it occurred; at the same instant the purchase comes before its return."""
    if isinstance(command, RecordReturn):
        return command.asked.occurred_at, True
    return command.purchase.occurred_at, False


ROUTES = [
    Route(
        method="POST",
        path="/v1/purchases/batch",
        handler=record_batch,
        summary="Record up to 1,000 purchases and returns from a till that was offline (JSON array or NDJSON)",
        body=bytes,
        items=(BatchPurchase, BatchReturn),
        answer=BatchAnswer,
        refusals=(TooLarge, *PURCHASE_REFUSALS, *RETURN_REFUSALS),
        example=[EXAMPLE, {"type": "return"} | EXAMPLE_RETURN],
        example_answer={"results": [{"index": 0, "status": "recorded", "answer": EXAMPLE_ANSWER}]},
    ),
]
