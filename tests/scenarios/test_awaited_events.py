"""Points that wait for a named event: shipped, and only then they may be spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.engagement import make_engagement
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

BOUGHT, SHIPPED, NOW = "2026-03-02T10:00:00Z", "2026-03-10T11:00:00Z", "2026-03-11T12:00:00Z"
WAITING = {"pending": {"until": "purchase.shipped"}, "expiry": {"days": 30}}


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop(points=WAITING)


def bought(shop: Shop, amount_minor: int = 1000, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A member, and a purchase of theirs whose points wait; the clock then stands at NOW."""
    member = shop.enrol()
    purchase = shop.buy(member, amount_minor, occurred_at=BOUGHT, **changes)
    assert purchase["points"]["pending"] == purchase["points"]["earned"] > 0
    shop.set_clock(NOW)
    return member, purchase


def shipped(member: dict[str, Any], purchase: Any, **changes: Any) -> dict[str, Any]:
    data = {} if purchase is None else {"purchase": purchase}
    return make_engagement(member["card"], "purchase.shipped", **{"occurred_at": SHIPPED, "data": data} | changes)


def points(shop: Shop, member: dict[str, Any], **query: str) -> dict[str, Any]:
    return shop.call("GET", f"/v1/members/{member['id']}/points", params=query).json()


def test_the_event_makes_the_points_of_its_purchase_available_and_they_live_from_then(shop: Shop) -> None:
    member, purchase = bought(shop)
    other = shop.buy(member, 700, occurred_at=BOUGHT)
    answer = shop.call("POST", "/v1/engagement", shipped(member, {"id": purchase["id"]}))
    assert answer.status_code == 201, answer.text
    assert answer.json()["matured"] == 10
    assert answer.json()["balance"] == {"available": 10, "pending": 7, "reserved": 0}
    expiring = points(shop, member, expiring_within="P60D")["expiring"]
    assert expiring == [{"points": 10, "at": "2026-04-08T22:00:00Z"}]  # 30 days from the day of the event
    history = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    told = history[0]
    assert (told["kind"], told["points"], told["occurred_at"]) == ("mature", 10, SHIPPED)
    assert told["reason"] == "Event purchase.shipped: became available"
    assert told["engagement"] == answer.json()["id"]
    assert points(shop, member, as_of="2026-03-10T12:00:00Z")["pending"] == 10
    assert points(shop, member, as_of=NOW)["available"] == 10
    shop.set_clock("2026-04-08T22:00:00Z")
    assert (points(shop, member)["available"], points(shop, member)["pending"]) == (0, 7)
    late = shipped(member, {"id": other["id"]}, occurred_at="2026-04-08T22:00:00Z")
    assert shop.call("POST", "/v1/engagement", late).json()["matured"] == 7


def test_the_same_event_again_is_told_again_and_another_one_finds_nothing_to_do(shop: Shop) -> None:
    member, purchase = bought(shop, reference="R-1", source="till-1")
    event = shipped(member, {"source": "till-1", "reference": "R-1"})
    first = shop.call("POST", "/v1/engagement", event)
    again = shop.call("POST", "/v1/engagement", event)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert first.json()["matured"] == 10
    second = shop.call("POST", "/v1/engagement", shipped(member, {"id": purchase["id"]}))
    assert (second.json()["matured"], second.json()["balance"]["available"]) == (0, 10)


async def test_a_batch_answers_each_event_by_itself_and_every_law_holds(shop: Shop, database: Database) -> None:
    member, first = bought(shop)
    second = shop.buy(member, 300, occurred_at=BOUGHT)
    stranger = shop.enrol()
    events = [
        shipped(member, {"id": first["id"]}),
        shipped(member, {"reference": "never"}),
        shipped(stranger, {"id": second["id"]}),
        shipped(member, {"id": second["id"]}),
        make_engagement(stranger["card"], "review.written", occurred_at=SHIPPED),
    ]
    results = shop.call("POST", "/v1/engagement/batch", events).json()["results"]
    assert [each["status"] for each in results] == ["recorded", "refused", "refused", "recorded", "recorded"]
    assert [each["answer"]["matured"] for each in results if "answer" in each] == [10, 3, 0]
    assert points(shop, member)["available"] == 13
    assert (await verify(database)).findings == []


@pytest.mark.parametrize(
    ("purchase", "field"),
    [
        (None, "data.purchase"),
        ("R-1", "data.purchase"),
        ({}, "data.purchase"),
        ({"id": "R-1"}, "data.purchase"),
        ({"id": "019a2011-0405-775b-a666-3189a5d947d5", "reference": "R-1"}, "data.purchase"),
        ({"id": "019a2011-0405-775b-a666-3189a5d947d5", "source": "till"}, "data.purchase"),
        ({"id": "019a2011-0405-775b-a666-3189a5d947d5"}, "data.purchase.id"),
        ({"reference": "never"}, "data.purchase.reference"),
        ({"reference": "nul\x00"}, None),
        ({"reference": 7}, "data.purchase"),
    ],
)
def test_a_purchase_that_is_not_there_is_refused_and_its_field_named(shop: Shop, purchase: Any, field: str) -> None:
    member, _ = bought(shop)
    answer = shop.call("POST", "/v1/engagement", shipped(member, purchase))
    assert 400 <= answer.status_code < 500, answer.text
    if field:
        problem(answer, 422, "request.invalid", field)
    assert points(shop, member)["pending"] == 10


def test_another_members_or_another_programs_purchase_is_refused(shop: Shop, make_shop: Callable[..., Shop]) -> None:
    member, purchase = bought(shop)
    stranger = shop.enrol()
    answer = shop.call("POST", "/v1/engagement", shipped(stranger, {"id": purchase["id"]}))
    problem(answer, 422, "request.invalid", "data.purchase.id")
    elsewhere = make_shop(points=WAITING)
    elsewhere.set_clock(NOW)
    guest = elsewhere.enrol()
    answer = elsewhere.call("POST", "/v1/engagement", shipped(guest, {"id": purchase["id"]}))
    problem(answer, 422, "request.invalid", "data.purchase.id")
    assert points(shop, member)["pending"] == 10


def test_a_rule_of_its_own_waits_and_the_rest_does_not(make_shop: Callable[..., Shop]) -> None:
    rules = [
        {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
        {"code": "big", "flat": 50, "pending": {"until": "box.opened"}},
        {"code": "open", "per_event": {"kind": "box.opened", "points": 5}},
    ]
    shop = make_shop(earning_rules=rules)
    member = shop.enrol()
    shop.buy(member, 1000, occurred_at=BOUGHT)
    ref = shop.post(make_purchase(member["card"], 200, reference="R-2", source="s", occurred_at=BOUGHT)).json()
    shop.set_clock(NOW)
    event = make_engagement(member["card"], "box.opened", occurred_at=SHIPPED, data={"purchase": {"id": ref["id"]}})
    answer = shop.call("POST", "/v1/engagement", event).json()
    assert (answer["matured"], answer["points"]["earned"]) == (50, 5)
    assert answer["balance"] == {"available": 67, "pending": 50, "reserved": 0}


def test_an_event_of_a_kind_that_no_points_wait_for_says_of_a_purchase_what_it_likes(shop: Shop) -> None:
    member, _ = bought(shop)
    answer = shop.engage(member, "review.written", occurred_at=SHIPPED, data={"purchase": "R-1"})
    assert (answer["matured"], answer["balance"]["pending"]) == (0, 10)
