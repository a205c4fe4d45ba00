"""The requests: purchases of five lines, each with a reference of its own, for members drawn with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from benchmarks.shop import FIRST_CARD, Shop

SEED = 20_261_121
BASKETS = 500
_GOODS = [
    ("ESP-250", "coffee", ["fairtrade"], 695),
    ("TEA-100", "tea", ["sale"], 420),
    ("CUP-1", "kitchen", [], 990),
    ("CUP-2", "kitchen", ["sale"], 1190),
    ("BUN-1", "bakery", [], 120),
    ("CAKE-3", "bakery", ["fresh"], 380),
    ("MILK-1", "dairy", ["organic"], 149),
    ("SOAP-5", "household", [], 265),
]


class Cards(NamedTuple):
    """Whose purchases they are: ``count`` cards from ``first`` on, and how many purchases in a thousand are the
    first one's besides."""

    first: int
    count: int
    hot_permille: int = 0


class Requests:
    """HTTP requests without end. Reference and card have a fixed width, so a basket's request is one template.

    ``number`` is that of the next request; ``templates`` take it and a card. Bytes of a template hold no other ``%``.
    Two that send to one database number from different ``number`` on.
    """

    def __init__(self, shop: Shop, host: str, at: datetime, cards: Cards, *, number: int = 0) -> None:
        draw = random.Random(SEED)
        self.templates = [_template(shop, host, basket(draw, at)) for _ in range(BASKETS)]
        self.cards = cards
        self.number = number
        self._draw = random.Random(SEED + number)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, count, hot_permille = self.cards
        card = first if self._draw.randrange(1000) < hot_permille else first + self._draw.randrange(count)
        request = self.templates[self.number % BASKETS] % (self.number, card)
        self.number += 1
        return request


def basket(draw: random.Random, at: datetime) -> dict:
    """A till's purchase of five lines; reference and card are left open."""
    lines = []
    for index, (sku, category, labels, price) in enumerate(draw.sample(_GOODS, 5), 1):
        quantity = draw.choice((1, 1, 1, 2, 3))
        amount = price * quantity
        lines.append(
            {
                "line": str(index),
                "sku": sku,
                "category": category,
                "labels": labels,
                "quantity": quantity,
                "amount_minor": amount,
                "tax_minor": amount * 7 // 107,
            }
        )
    return {
        "reference": "R-%012d",
        "source": "store-17/till-3",
        "member": {"identifier": "card:%d"},
        "occurred_at": at,
        "currency": "EUR",
        "store": "17",
        "employee": "e-9",
        "channel": "store",
        "lines": lines,
        "total_minor": sum(line["amount_minor"] for line in lines),
    }


def _template(shop: Shop, host: str, purchase: dict) -> bytes:
    body = msgspec.json.encode(purchase)
    length = len(body % (0, FIRST_CARD))
    head = (
        "POST /v1/purchases HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        f"Authorization: Bearer {shop.key}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.encode() + body
