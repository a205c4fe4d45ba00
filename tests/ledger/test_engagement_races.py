"""Events from many tills at once, over two processes: nothing is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.ledger.test_races import post_all
from tests.make.engagement import make_engagement, per_event
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

WELCOME = per_event(100, "enrolled", code="welcome")


@pytest.fixture
def review_shop(own_shop: Shop) -> Shop:
    """The shop with points for reviews and for enrolling."""
    own_shop.publish(earning_rules=[per_event(7), WELCOME])
    own_shop.set_clock("2026-03-02T13:00:00Z")
    return own_shop


def event_of(member: dict, **changes: object) -> dict:
    return make_engagement(member["card"], occurred_at="2026-03-02T12:30:00Z", **changes)


async def test_one_reference_at_two_processes_is_recorded_once_and_answered_the_same(
    review_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for number in range(5):
        member, other = review_shop.enrol(), review_shop.enrol()
        bodies = [event_of(each, reference=f"same-{number}") for each in (member, other)]
        pairs = [(api, body) for api in apis for body in bodies for _ in range(6)]
        answers = await post_all(pairs, review_shop.key, "/v1/engagement")
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 11, 409: 12}
        assert len({answer.content for answer in answers if answer.status_code < 300}) == 1
    assert (await verify(own_database)).found == 0


async def test_purchases_and_events_of_one_member_at_once_all_count(
    review_shop: Shop, apis: list[str], own_database: Database
) -> None:
    shop = review_shop
    shop.publish(earning_rules=[per_event(7, budget={"points": 1000}), {"code": "base", "flat": 1}])
    shop.set_clock("2026-03-02T14:00:00Z")
    member = shop.enrol()
    at = "2026-03-02T13:30:00Z"
    events = [(apis[n % 2], make_engagement(member["card"], occurred_at=at)) for n in range(200)]
    purchases = [(apis[n % 2], make_purchase(member["card"], occurred_at=at)) for n in range(200)]
    posted = await asyncio.gather(
        post_all(events, shop.key, "/v1/engagement"), post_all(purchases, shop.key, "/v1/purchases")
    )
    assert {answer.status_code for answers in posted for answer in answers} == {201}
    assert shop.member(member["id"])["points"]["available"] == 1000 + 200
    assert (await verify(own_database)).found == 0


async def test_two_tills_enrolling_one_card_at_once_give_one_welcome(
    review_shop: Shop, apis: list[str], own_database: Database
) -> None:
    for number in range(5):
        body = {"identifiers": [{"kind": "card", "value": f"welcome-{number}"}]}
        answers = await post_all([(apis[n % 2], body) for n in range(12)], review_shop.key, "/v1/members")
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 11}
        assert {answer.json()["points"]["available"] for answer in answers} == {100}
    assert (await verify(own_database)).found == 0
