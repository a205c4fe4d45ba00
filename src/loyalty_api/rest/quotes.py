"""Quotes over REST: what a basket would earn, before it is paid."""

from __future__ import annotations

from loyalty_api.domain.purchases.command import Purchase, Sale
from loyalty_api.domain.purchases.quote import Quote, quote_purchase
from loyalty_api.domain.purchases.refusals import ReferenceReused
from loyalty_api.rest.door import Door
from loyalty_api.rest.purchases import EXAMPLE, EXAMPLE_ANSWER, PURCHASE_REFUSALS, make_command
from loyalty_api.rest.route import Answer, Call, Route, answer_json


async def quote(door: Door, call: Call) -> Answer:
    """The decision that the purchase would get at this moment."""
    sale: Sale = call.body
    fields = {name: getattr(sale, name) for name in sale.__struct_fields__}
    command = make_command(Purchase(reference="quote", **fields), call.known, call.received_at)
    async with door.database.reader() as connection:
        return answer_json(await quote_purchase(connection, door.catalogue, command))


EXAMPLE_QUOTE = {
    "points": {
        "earned": 13,
        "pending": 0,
        "earnings": [
            {"rule": "base", "version": 3, "points": 13, "because": "1 point per 1.00 on 13.90", "base_minor": 1390}
        ],
        "not_fired": [{"rule": "gold-double", "why": "only for gold; the tier is silver"}],
    },
    "tier": EXAMPLE_ANSWER["tier"],
    "rewards": [
        {"reward": "five-off", "may_redeem": True},
        {"reward": "mug", "may_redeem": False, "why_not": "900 points are needed; 513 are available."},
    ],
    "advice": [
        {
            "kind": "expiring",
            "text": "120 points will expire at the end of 2026-11-30",
            "points": 120,
            "at": "2026-11-30T23:00:00Z",
        }
    ],
}

ROUTES = [
    Route(
        method="POST",
        path="/v1/quotes",
        handler=quote,
        summary="What a basket would earn and why, and why other rules would give nothing; writes nothing",
        body=Sale,
        answer=Quote,
        refusals=tuple(each for each in PURCHASE_REFUSALS if each is not ReferenceReused),
        example={name: value for name, value in EXAMPLE.items() if name != "reference"},
        example_answer=EXAMPLE_QUOTE,
    ),
]
