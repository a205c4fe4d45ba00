"""A batch of purchases from a till that was offline."""

from __future__ import annotations

from typing import Literal

from loyalty_api.domain.purchases.command import Purchase
from loyalty_api.rest.batch import BatchAnswer, answer_batch
from loyalty_api.rest.decode import TooLarge
from loyalty_api.rest.door import Door
from loyalty_api.rest.purchases import EXAMPLE, EXAMPLE_ANSWER, PURCHASE_REFUSALS, make_command
from loyalty_api.rest.route import Answer, Call, Route


class BatchPurchase(Purchase, frozen=True, kw_only=True, tag=False):
    """A purchase in a batch; ``type`` is for what else a batch may hold later."""

    type: Literal["purchase"] = "purchase"


async def record_batch(door: Door, call: Call) -> Answer:
    """200 with a result per purchase."""
    return await answer_batch(
        call,
        door.recorder,
        kind=BatchPurchase,
        make_command=lambda purchase: make_command(purchase, call.known, call.received_at),
        occurred_at=lambda command: command.purchase.occurred_at,
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/purchases/batch",
        handler=record_batch,
        summary="Record up to 1,000 purchases from a till that was offline (JSON array or NDJSON)",
        body=bytes,
        item=BatchPurchase,
        answer=BatchAnswer,
        refusals=(TooLarge, *PURCHASE_REFUSALS),
        example=[EXAMPLE],
        example_answer={"results": [{"index": 0, "status": "recorded", "answer": EXAMPLE_ANSWER}]},
    ),
]
