"""Goods go back: what they had earned is taken back to the point, whatever the parts, their order and their time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import httpx

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import PRESENT, Shop

_numbers = itertools.count(1)


def post_return(shop: Shop, bought: dict[str, Any], **changes: Any) -> httpx.Response:
    """A return of (a part of) an answered purchase, at the program's present."""
    body = {
        "reference": f"B-{next(_numbers):06}",
        "source": "store-1/till-1",
        "purchase": {"id": bought["id"]},
        "occurred_at": PRESENT,
    } | changes
    return shop.call("POST", "/v1/returns", body)


def give_back(shop: Shop, purchase: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A return that must be recorded; the answer."""
    answer = post_return(shop, purchase, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def available(shop: Shop, member: dict[str, Any]) -> int:
    return shop.member(member["id"])["points"]["available"]


def test_halves_and_thirds_add_up_to_the_whole(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(earning_rules=[{"code": "base", "per_spend": {"points": 1, "per_minor": 300}}])
    member = shop.enrol()
    for parts in ((1000, 1000), (667, 667, 666), (1, 1999), (299, 301, 1400)):
        purchase = shop.buy(member, 2000)
        assert purchase["points"]["earned"] == 6
        answers = [give_back(shop, purchase, amount_minor=part) for part in parts]
        taken = [answer["points"]["taken_back"] for answer in answers]
        left = [(2000 - sum(parts[: number + 1])) // 300 for number in range(len(parts))]
        assert [6 - sum(taken[: number + 1]) for number in range(len(parts))] == left
        assert available(shop, member) == 0
        problem(post_return(shop, purchase, amount_minor=1), 422, "return.beyond_purchase", "amount_minor")


def test_a_bonus_for_a_minimum_spend_goes_with_the_goods_that_reached_it(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(
        earning_rules=[
            {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
            {"code": "bonus", "flat": 50, "min_total_minor": 5000},
            {"code": "big", "flat": 7, "when": "purchase.total_minor >= 5000"},
        ]
    )
    member = shop.enrol()
    lines = [make_line(4000, line="a"), make_line(1000, line="b", quantity=2)]
    purchase = shop.buy(member, lines=lines)
    assert purchase["points"]["earned"] == 107
    back = give_back(shop, purchase, lines=[{"line": "b", "quantity": 1}])
    assert back["amount_minor"] == 500
    assert back["points"]["by_rule"] == [
        {"rule": "base", "points": 5},
        {"rule": "big", "points": 7},
        {"rule": "bonus", "points": 50},
    ]
    assert back["points"]["taken_back"] == 62
    assert back["balance"] == {"available": 45, "pending": 0, "reserved": 0}
    assert give_back(shop, purchase, lines=[{"line": "b"}])["points"]["taken_back"] == 5
    assert give_back(shop, purchase, all=True)["balance"]["available"] == 0


def test_what_does_not_exist_or_is_back_already_is_refused_at_its_field(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, lines=[make_line(1000, quantity=3), make_line(500, line="x")])
    for lines, field in (
        ([{"line": "3"}], "lines[0].line"),
        ([{"line": "x"}, {"line": "x"}], "lines[1].line"),
        ([{"line": "1", "quantity": 4}], "lines[0].quantity"),
        ([{"line": "1", "amount_minor": 1001}], "lines[0].amount_minor"),
        ([{"line": "1", "amount_minor": -1}], "lines[0].amount_minor"),
    ):
        problem(post_return(shop, purchase, lines=lines), 422, "return.beyond_purchase", field)
    problem(post_return(shop, purchase), 422, "request.invalid", "lines")
    problem(post_return(shop, purchase, all=True, purchase={}), 422, "request.invalid", "purchase")
    problem(post_return(shop, {"id": member["id"]}, all=True), 404, "purchase.not_found")
    named = {"source": "store-1/till-1", "reference": "never"}
    problem(post_return(shop, purchase, all=True, purchase=named), 404, "purchase.not_found")
    early = post_return(shop, purchase, all=True, occurred_at="2026-03-02T09:59:59Z")
    problem(early, 422, "return.out_of_time", "occurred_at")
    assert available(shop, member) == 15


def test_the_same_reference_is_answered_again_and_other_content_is_refused(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, 1000)
    first = post_return(shop, purchase, reference="same", amount_minor=400)
    again = post_return(shop, purchase, reference="same", amount_minor=400)
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    problem(post_return(shop, purchase, reference="same", amount_minor=401), 409, "return.reference_reused")
    assert available(shop, member) == 6
    read = shop.call("GET", f"/v1/returns/{first.json()['id']}")
    assert read.content == first.content


def test_points_that_expired_count_as_taken_back(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 10}})
    member = shop.enrol()
    purchase = shop.buy(member, 1000)
    shop.set_clock("2026-03-12T12:00:00Z")
    later = shop.buy(member, 500, occurred_at="2026-03-12T12:00:00Z")
    half = give_back(shop, purchase, amount_minor=500, occurred_at="2026-03-12T12:00:00Z")
    assert (half["points"]["taken_back"], half["points"]["expired"]) == (5, 5)
    rest = give_back(shop, purchase, all=True, occurred_at="2026-03-12T12:00:00Z")
    assert (rest["points"]["taken_back"], rest["points"]["expired"]) == (5, 5)
    assert rest["balance"]["available"] == later["points"]["earned"] == 5


def test_pending_points_go_first_and_never_become_available(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"days": 14}})
    member = shop.enrol()
    purchase = shop.buy(member, 1000)
    back = give_back(shop, purchase, amount_minor=300)
    assert back["balance"] == {"available": 0, "pending": 7, "reserved": 0}
    shop.set_clock("2026-03-16T12:00:00+01:00")
    assert available(shop, member) == 7


def test_the_carried_rest_follows_and_may_go_below_nothing(make_shop: Callable[..., Shop]) -> None:
    rule = {"code": "base", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True}
    shop = make_shop(earning_rules=[rule])
    member = shop.enrol()
    first, second = shop.buy(member, 3000), shop.buy(member, 2000)
    assert (first["points"]["earned"], second["points"]["earned"]) == (0, 1)
    back = give_back(shop, first, all=True)
    assert back["points"]["taken_back"] == 0  # the point was given to the other one
    assert shop.buy(member, 7999)["points"]["earned"] == 0
    assert shop.buy(member, 1)["points"]["earned"] == 1


def test_lines_of_nothing_go_back_with_the_rest_and_a_void_leaves_no_points_of_a_purchase_for_nothing(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(earning_rules=[{"code": "gift", "flat": 20}])
    member = shop.enrol()
    nothing = make_line(0, quantity=0)
    purchase = shop.buy(member, lines=[nothing, make_line(500), nothing])
    give_back(shop, purchase, lines=[{"line": "1"}])
    assert available(shop, member) == 20
    assert give_back(shop, purchase, all=True)["points"]["taken_back"] == 20
    problem(post_return(shop, purchase, all=True), 422, "return.beyond_purchase", "all")
    free, voided = (shop.buy(member, 0, lines=None) for _ in range(2))
    give_back(shop, free, all=True)
    answer = shop.call("POST", f"/v1/purchases/{voided['id']}/void")
    assert (answer.status_code, available(shop, member)) == (201, 0)


def test_a_rest_does_not_wait_of_goods_that_the_rule_no_longer_sees_when_others_are_back(
    make_shop: Callable[..., Shop],
) -> None:
    rule = {"code": "base", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True, "min_total_minor": 5000}
    shop = make_shop(earning_rules=[rule])
    member = shop.enrol()
    assert shop.buy(member, 7000)["points"]["earned"] == 1  # 20.00 wait
    purchase = shop.buy(member, 9000)
    assert purchase["points"]["earned"] == 2  # 110.00, so 10.00 wait
    give_back(shop, purchase, amount_minor=6000)  # what remains is too little for the rule: 20.00 wait again
    assert waiting(shop, member) == 2000
    give_back(shop, purchase, all=True)
    assert (waiting(shop, member), available(shop, member)) == (2000, 1)


def test_a_rule_that_works_only_on_what_remains_adds_to_the_rest_that_waited_then(
    make_shop: Callable[..., Shop],
) -> None:
    base = {"code": "base", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True}
    alone = {"code": "alone", "flat": 5, "stacking": "exclusive", "min_total_minor": 9000}
    shop = make_shop(earning_rules=[base, alone])
    member = shop.enrol()
    shop.buy(member, 2000)
    purchase = shop.buy(member, 9000)
    assert (purchase["points"]["earned"], waiting(shop, member)) == (5, 2000)
    give_back(shop, purchase, amount_minor=8000)
    assert waiting(shop, member) == 3000
    give_back(shop, purchase, all=True)
    assert (waiting(shop, member), available(shop, member)) == (2000, 0)


def waiting(shop: Shop, member: dict[str, Any]) -> int:
    """The rest of rule ``base`` that waits, as the explanation of a further purchase tells it."""
    asked = shop.buy(member, lines=[], total_minor=0)
    told = shop.call("GET", f"/v1/purchases/{asked['id']}/explanation").json()["carried"]
    return next(each["before_minor"] for each in told if each["rule"] == "base")


def test_progress_follows_the_return_and_the_tier_stays(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, 60_000)
    assert purchase["tier"]["code"] == "silver"
    back = give_back(shop, purchase, amount_minor=20_000)
    assert back["tier"] == {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 110_000}}
    assert shop.member(member["id"])["tier"]["code"] == "silver"


def test_a_voided_purchase_leaves_nothing_and_is_voided_once(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, 2000)
    give_back(shop, purchase, amount_minor=500)
    path = f"/v1/purchases/{purchase['id']}/void"
    first = shop.call("POST", path)
    assert (first.status_code, first.json()["status"], first.json()["amount_minor"]) == (201, "voided", 1500)
    assert available(shop, member) == 0
    shop.set_clock("2026-03-03T12:00:00Z")
    again = shop.call("POST", path)
    assert (again.status_code, again.content) == (200, first.content)
    problem(post_return(shop, purchase, amount_minor=1), 409, "purchase.voided")
    assert shop.call("GET", f"/v1/purchases/{purchase['id']}").json()["status"] == "voided"


def test_an_offline_tills_batch_may_hold_a_purchase_with_its_return_and_an_exchange(shop: Shop) -> None:
    member = shop.enrol()
    bought = make_purchase(member["card"], 3000, reference="offline", occurred_at="2026-03-02T08:00:00Z")
    back = {
        "type": "return",
        "reference": "offline-back",
        "source": "store-1/till-1",
        "purchase": {"source": bought["source"], "reference": "offline"},
        "occurred_at": "2026-03-02T09:00:00Z",
        "amount_minor": 1000,
    }
    other = make_purchase(member["card"], 700, occurred_at="2026-03-02T09:00:00Z")
    unknown = back | {"reference": "lost", "purchase": {"source": "nowhere", "reference": "offline"}}
    results = shop.call("POST", "/v1/purchases/batch", [back, unknown, other, bought, {"type": "gift"}]).json()[
        "results"
    ]
    assert [each["status"] for each in results] == ["recorded", "refused", "recorded", "recorded", "refused"]
    assert results[0]["answer"]["points"]["taken_back"] == 10
    assert results[1]["problem"]["code"] == "purchase.not_found"
    assert results[4]["problem"]["errors"][0]["field"] == "type"
    assert available(shop, member) == 27
    again = shop.call("POST", "/v1/purchases/batch", [back, bought]).json()["results"]
    assert [each["status"] for each in again] == ["replayed", "replayed"]


async def test_any_parts_in_any_order_leave_what_was_never_bought(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    chance = random.Random(20260302)
    shop = make_shop(
        points={"rounding": "nearest"},
        earning_rules=[
            {"code": "base", "per_spend": {"points": 1.5, "per_minor": 70}},
            {"code": "coffee", "per_unit": 0.7, "lines": {"categories": ["coffee"]}},
            {"code": "double", "multiplier": 2, "lines": {"skus": ["ESP-250"]}},
            {"code": "capped", "flat": 40, "min_total_minor": 900, "caps": {"per_member": {"points": 100, "days": 5}}},
        ],
    )
    for _ in range(25):
        member = shop.enrol()
        lines = [
            make_line(
                chance.randint(1, 900),
                line=str(number),
                quantity=chance.randint(1, 5),
                sku=chance.choice(["ESP-250", "TEA"]),
                category=chance.choice(["coffee", "tea"]),
            )
            for number in range(1, chance.randint(2, 5))
        ]
        kept, purchase = shop.buy(member, 5000), shop.buy(member, lines=lines)
        taken = 0
        for _ in range(6):
            ask = chance.choice(
                [
                    {"amount_minor": chance.randint(1, 400)},
                    {"lines": [{"line": str(chance.randint(1, len(lines))), "quantity": 1}]},
                    {"lines": [{"line": str(chance.randint(1, len(lines))), "amount_minor": chance.randint(1, 300)}]},
                ]
            )
            answer = post_return(shop, purchase, **ask)
            assert answer.status_code in (201, 422), answer.text
            taken += answer.json()["points"]["taken_back"] if answer.status_code == 201 else 0
        rest = post_return(shop, purchase, all=True)
        taken += rest.json()["points"]["taken_back"] if rest.status_code == 201 else 0
        assert taken == purchase["points"]["earned"]
        assert available(shop, member) == kept["points"]["earned"]
    report = await verify(database)
    assert report.findings == []
