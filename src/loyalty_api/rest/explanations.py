"""Explanations over REST: why a purchase gave the points that it gave, and why not more."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.earning.phrases import LANGUAGES
from loyalty_api.domain.purchases.explain import Explanation, explain_purchase
from loyalty_api.domain.purchases.refusals import PurchaseNotFound
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.purchases import EXAMPLE_ANSWER
from loyalty_api.rest.route import Answer, Call, Route, encode


async def explain(door: Door, call: Call) -> Answer:
    """The purchase's explanation in the language asked for."""
    language = _language(call)
    purchase_id = UUID(call.path["purchase_id"])
    async with door.database.reader() as connection:
        told = await explain_purchase(
            connection, door.catalogue, program_id=call.program_id, purchase_id=purchase_id, language=language
        )
    headers = ((b"content-language", language.encode()), (b"vary", b"Accept-Language"))
    return Answer(200, encode(told), headers)


def _language(call: Call) -> str:
    """The one that the address asks for, else the header's favourite among ours, else the first."""
    asked = call.query.get("language")
    if asked is None:
        return _favourite(call.accept_language)
    if asked not in LANGUAGES:
        raise InvalidRequest.of(FieldError("language", f"must be one of {', '.join(LANGUAGES)}"))
    return asked


def _favourite(header: str) -> str:
    """``de-AT,de;q=0.9,en;q=0.5`` is ``de``. What cannot be read, and what we do not speak, is passed over."""
    best, favourite = 0.0, LANGUAGES[0]
    for wish in header.split(","):
        tag, _, weight = wish.strip().lower().partition(";")
        language = tag.strip().partition("-")[0]
        weight = weight.replace(" ", "")
        try:
            quality = float(weight.removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and best < quality <= 1:
            best, favourite = quality, language
    return favourite


EXAMPLE_EXPLANATION = {
    "purchase": EXAMPLE_ANSWER["id"],
    "language": "en",
    "version": 3,
    "effective_at": "2026-11-01T00:00:00Z",
    "tier": "silver",
    "occurred_at": "2026-11-21T09:14:03Z",
    "local": {"day": "2026-11-21", "time": "10:14", "weekday": "sat", "zone": "Europe/Berlin"},
    "currency": "EUR",
    "total_minor": 3390,
    "inputs": {},
    "base": {
        "base_minor": 1390,
        "text": "33.90 bought, of which 20.00 does not earn: 13.90",
        "left_out": [
            {
                "number": 2,
                "line": "2",
                "amount_minor": 2000,
                "why": "gift_card",
                "text": "line 2 (GIFT-20): a gift card of 20.00 does not earn",
            }
        ],
    },
    "points": 13,
    "rules": [
        {
            "rule": "base",
            "state": "live",
            "fired": True,
            "points": 13,
            "would_give": None,
            "limited_by": None,
            "text": "1 point per 1.00 on 13.90",
            "steps": [
                {"kind": "lines", "text": "the whole earning base: 13.90"},
                {"kind": "steps", "text": "whole steps of 1.00 in 13.90: 13"},
                {"kind": "points", "text": "13 × 1 = 13"},
            ],
        },
        {
            "rule": "gold-double",
            "state": "live",
            "fired": False,
            "points": 0,
            "would_give": None,
            "limited_by": None,
            "text": "only for gold; the tier is silver",
            "steps": [{"kind": "tier", "text": "only for gold, and the tier was silver: did not hold", "held": False}],
        },
    ],
    "carried": [],
    "text": "13 points by version 3, at the tier silver: base 13",
}

ROUTES = [
    Route(
        method="GET",
        path="/v1/purchases/{purchase_id}/explanation",
        handler=explain,
        summary="Why a purchase gave its points and not more, rule by rule, to be worked out by hand",
        query={"language": f"{' or '.join(LANGUAGES)}; before Accept-Language"},
        answer=Explanation,
        refusals=(PurchaseNotFound,),
        example_answer=EXAMPLE_EXPLANATION,
        localized=True,
    ),
]
