"""Members who buy now and then, posted to a shop; what they bought is known day by day."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_api.kernel.database import Database
from loyalty_api.worker.projector import Projector
from loyalty_api.worker.relay import Relay
from tests.make.purchase import make_purchase
from tests.make.shop import LONG_AGO, Shop

BERLIN = ZoneInfo("Europe/Berlin")

Days = dict[date, int]  # the sales of each local day of buying, in minor units


def buy_now_and_then(
    shop: Shop, members: int, *, first: date, last: date, seed: int = 1
) -> tuple[list[dict[str, Any]], list[Days]]:
    """The members and what they bought, from ``first`` to ``last``: some for long, some once, some twice a day, some
    late in the evening, which is the next day in Berlin."""
    dice = random.Random(seed)
    cards = [f"habit-{seed}-{number}" for number in range(members)]
    bodies = [{"identifiers": [{"kind": "card", "value": card}], "enrolled_at": LONG_AGO} for card in cards]
    answers = _batch(shop, "members", bodies)
    enrolled = [each["answer"] | {"card": f"card:{card}"} for card, each in zip(cards, answers, strict=True)]
    days: list[Days] = [defaultdict(int) for _ in enrolled]
    purchases = []
    for member, mine in zip(enrolled, days, strict=True):
        at = datetime(first.year, first.month, first.day, 8, tzinfo=UTC) + timedelta(hours=dice.uniform(0, 24 * 120))
        gap_days, leaves = dice.gammavariate(1.5, 20), dice.betavariate(0.8, 4)
        while at.astimezone(BERLIN).date() <= last:
            for _ in range(dice.choice((1, 1, 1, 2))):
                amount = round(dice.lognormvariate(7.5, 0.5))
                mine[at.astimezone(BERLIN).date()] += amount
                purchases.append(make_purchase(member["card"], amount, occurred_at=at.isoformat()))
            if dice.random() < leaves:
                break
            at += timedelta(days=dice.expovariate(1 / gap_days))
    for start in range(0, len(purchases), 1000):
        _batch(shop, "purchases", purchases[start : start + 1000])
    return enrolled, days


async def work_out(database: Database) -> None:
    """All that was recorded becomes figures."""
    await Relay(database).round()
    await Projector(database).round()


def _batch(shop: Shop, noun: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = shop.call("POST", f"/v1/{noun}/batch", bodies)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert {each["status"] for each in results} == {"recorded"}, results[0]
    return results
