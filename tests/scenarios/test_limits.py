"""Carry-over, caps per member, budgets and rules with dates of their own, as tills and staff see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]


def rule(code: str = "base", **changes: Any) -> dict[str, Any]:
    return BASE_RULE | {"code": code} | changes


def earned(answer: dict[str, Any]) -> dict[str, int]:
    return {each["rule"]: each["points"] for each in answer["points"]["earnings"]}


def quote(shop: Shop, member: dict[str, Any], amount_minor: int) -> dict[str, Any]:
    sale = {"member": {"identifier": member["card"]}, "occurred_at": "2026-03-02T10:00:00Z", "currency": "EUR"}
    answer = shop.call("POST", "/v1/quotes", sale | {"total_minor": amount_minor})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_rest_of_a_step_waits_for_the_members_next_purchase(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[rule(per_spend={"points": 1, "per_minor": 5000}, carry_over=True)])
    ada, ben = shop.enrol(), shop.enrol()
    assert earned(shop.buy(ada, 3000)) == {}
    assert earned(shop.buy(ben, 2000)) == {}
    assert quote(shop, ada, 2000)["points"]["earned"] == 1
    assert earned(shop.buy(ada, 2000)) == {"base": 1}
    assert earned(shop.buy(ada, 4999)) == {}
    assert earned(shop.buy(ben, 13_000)) == {"base": 3}


def test_purchases_of_one_batch_carry_from_one_to_the_next(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[rule(per_spend={"points": 1, "per_minor": 5000}, carry_over=True)])
    ada = shop.enrol()
    batch = [make_purchase(ada["card"], 2000) for _ in range(6)]
    results = shop.call("POST", "/v1/purchases/batch", batch).json()["results"]
    assert [each["answer"]["points"]["earned"] for each in results] == [0, 0, 1, 0, 1, 0]


def test_a_member_cap_holds_over_its_days_and_opens_again_behind_them(make_shop: MakeShop) -> None:
    cap = {"per_member": {"points": 25, "days": 2}}
    shop = make_shop(earning_rules=[rule(caps=cap)])
    ada, ben = shop.enrol(), shop.enrol()
    assert earned(shop.buy(ada, 2000)) == {"base": 20}
    assert quote(shop, ada, 2000)["points"]["earnings"][0]["limited_by"] == "caps.per_member"
    answer = shop.buy(ada, 2000)
    assert earned(answer) == {"base": 5}
    assert answer["points"]["earnings"][0]["because"].endswith("but only 5 of 25 per member in 2 days were left")
    assert earned(shop.buy(ada, 2000)) == {}
    assert quote(shop, ada, 2000)["points"]["not_fired"] == [
        {"rule": "base", "why": "the member has had all of 25 per member in 2 days"}
    ]
    assert earned(shop.buy(ben, 9900)) == {"base": 25}
    shop.set_clock("2026-03-03T23:30:00Z")  # the 4th in Berlin
    assert earned(shop.buy(ada, 2000, occurred_at="2026-03-03T23:00:00Z")) == {"base": 20}


def test_a_late_receipt_fills_the_cap_of_the_day_on_which_it_arrives(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[rule(caps={"per_member": {"points": 25, "days": 1}})])
    ada = shop.enrol()
    assert earned(shop.buy(ada, 2000, occurred_at="2026-02-20T10:00:00Z")) == {"base": 20}
    assert earned(shop.buy(ada, 2000)) == {"base": 5}


def test_a_budget_is_given_to_the_last_point_and_then_no_more(make_shop: MakeShop) -> None:
    shop = make_shop(
        earning_rules=[rule(budget={"points": 25}), rule("more", per_spend={"points": 2, "per_minor": 100})]
    )
    assert earned(shop.buy(shop.enrol(), 2000)) == {"base": 20, "more": 40}
    ada = shop.enrol()
    assert quote(shop, ada, 1000)["points"]["earned"] == 25
    answer = shop.buy(ada, 1000)
    assert earned(answer) == {"base": 5, "more": 20}
    assert answer["points"]["earnings"][0]["limited_by"] == "budget"
    assert earned(shop.buy(ada, 1000)) == {"more": 20}
    why = {each["rule"]: each["why"] for each in quote(shop, ada, 1000)["points"]["not_fired"]}
    assert why == {"base": "the budget of 25 is used up"}


def test_a_budget_that_is_raised_or_lowered_counts_what_was_given_before(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[rule(budget={"points": 100})])
    assert earned(shop.buy(shop.enrol(), 6000)) == {"base": 60}
    shop.publish(earning_rules=[rule(budget={"points": 70})])
    shop.set_clock("2026-03-02T13:00:00Z")
    assert earned(shop.buy(shop.enrol(), 6000, occurred_at="2026-03-02T12:30:00Z")) == {"base": 10}
    shop.publish(earning_rules=[rule(budget={"points": 50})])
    shop.set_clock("2026-03-02T14:00:00Z")
    assert earned(shop.buy(shop.enrol(), 6000, occurred_at="2026-03-02T13:30:00Z")) == {}
    shop.publish(earning_rules=[rule(budget={"points": 75})])
    shop.set_clock("2026-03-02T15:00:00Z")
    assert earned(shop.buy(shop.enrol(), 6000, occurred_at="2026-03-02T14:30:00Z")) == {"base": 5}


def test_two_programs_with_one_rule_code_have_budgets_caps_and_rests_of_their_own(make_shop: MakeShop) -> None:
    rules = [
        rule(budget={"points": 10}),
        rule("capped", caps={"per_member": {"points": 10}}),
        rule("carried", per_spend={"points": 1, "per_minor": 1500}, carry_over=True),
    ]
    for shop in (make_shop(earning_rules=rules), make_shop(earning_rules=rules)):
        assert earned(shop.buy(shop.enrol(), 1000)) == {"base": 10, "capped": 10}


def test_points_of_a_rule_with_dates_of_its_own_stand_in_a_lot_of_their_own(make_shop: MakeShop) -> None:
    shop = make_shop(
        points={"expiry": {"months": 12}},
        earning_rules=[
            rule(),
            {"code": "flash", "flat": 5, "expiry": {"days": 7}},
            {"code": "slow", "flat": 3, "pending": {"days": 14}},
        ],
    )
    ada = shop.enrol()
    answer = shop.buy(ada, 1000)
    assert (answer["points"]["earned"], answer["points"]["pending"]) == (18, 3)
    assert answer["balance"] == {"available": 15, "pending": 3, "reserved": 0}
    points = shop.call("GET", f"/v1/members/{ada['id']}/points?expiring_within=P400D").json()
    assert points["expiring"] == [
        {"points": 5, "at": "2026-03-08T23:00:00Z"},
        {"points": 10, "at": "2027-03-01T23:00:00Z"},
    ]
    items = shop.call("GET", f"/v1/members/{ada['id']}/points/history").json()["items"]
    assert [(each["points"], each["to"]) for each in items] == [(3, "pending"), (15, "spendable")]


def test_a_tier_by_points_counts_only_points_that_count(make_shop: MakeShop) -> None:
    tiers = TIERS | {"measure": "points_earned", "levels": [{"code": "a", "from": 0}, {"code": "b", "from": 30}]}
    gift = {"code": "gift", "flat": 100, "counts_for_tier": False}
    shop = make_shop(tiers=tiers, earning_rules=[rule(), gift])
    ada = shop.enrol()
    assert shop.buy(ada, 2000)["tier"] == {"code": "a", "changed": False, "next": {"code": "b", "missing": 10}}
    assert shop.buy(ada, 1000)["tier"] == {"code": "b", "changed": True, "next": None}


def test_a_tier_by_purchases_counts_purchases(make_shop: MakeShop) -> None:
    tiers = TIERS | {"measure": "purchases", "levels": [{"code": "a", "from": 0}, {"code": "b", "from": 2}]}
    shop = make_shop(tiers=tiers)
    ada = shop.enrol()
    assert shop.buy(ada, 0)["tier"]["next"] == {"code": "b", "missing": 1}
    assert shop.buy(ada, 100)["tier"]["code"] == "b"


def test_a_multiplier_below_one_spends_no_budget_fills_no_cap_and_gives_none_back(make_shop: MakeShop) -> None:
    limits = {"budget": {"points": 5}, "caps": {"per_member": {"points": 5, "days": 1}}}
    half = {"code": "half", "multiplier": 0.5, "lines": {"skus": ["OUT"]}} | limits
    shop = make_shop(earning_rules=[rule(), half])
    ada = shop.enrol()
    for _ in range(2):
        assert earned(shop.buy(ada, lines=[make_line(2000, sku="OUT")])) == {"base": 20, "half": -10}


def test_what_is_taken_away_comes_out_of_lots_with_dates_of_their_own(make_shop: MakeShop) -> None:
    shop = make_shop(
        points={"expiry": {"months": 12}},
        earning_rules=[rule(expiry={"days": 7}), {"code": "half", "multiplier": 0.5}, {"code": "gift", "flat": 3}],
    )
    ada = shop.enrol()
    assert shop.buy(ada, 2000)["balance"] == {"available": 13, "pending": 0, "reserved": 0}
    points = shop.call("GET", f"/v1/members/{ada['id']}/points?expiring_within=P400D").json()
    assert points["expiring"] == [{"points": 13, "at": "2026-03-08T23:00:00Z"}]


def test_a_purchase_whose_rules_are_clipped_below_what_is_taken_away_earns_nothing(make_shop: MakeShop) -> None:
    clipped = {"caps": {"per_purchase": 1}}
    rules = [rule(**clipped), {"code": "a", "multiplier": 0.5}, {"code": "b", "multiplier": 3} | clipped]
    shop = make_shop(earning_rules=rules)
    assert shop.buy(shop.enrol(), 1000)["points"]["earned"] == 0
