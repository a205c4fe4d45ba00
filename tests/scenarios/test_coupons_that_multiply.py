"""Coupons that multiply the points of the purchase that they are listed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.program import BASE_RULE
from tests.make.purchase import make_line, make_purchase
from tests.make.reward import make_pool
from tests.make.shop import Shop
from tests.scenarios.test_returns import post_return

RULES = [BASE_RULE, {"code": "hello", "flat": 7}, {"code": "units", "per_unit": 0.5}]


@pytest.fixture
def bar(make_shop: Callable[..., Shop]) -> Shop:
    shop = make_shop(earning_rules=RULES)
    for code, factor, uses in (("double", 2, 1), ("more", 1.5, 3)):
        pool = make_pool(code, codes=[f"{code.upper()}-1"], uses=uses, effect={"multiplier": factor})
        assert shop.call("POST", "/v1/coupons/pools", pool).status_code == 201
    return shop


def earned(answer: dict[str, Any]) -> dict[str, int]:
    return {each["rule"]: each["points"] for each in answer["points"]["earnings"]}


def test_spend_and_units_are_multiplied_and_flat_points_are_not(bar: Shop) -> None:
    member = bar.enrol()
    lines = [make_line(1_000, quantity=3)]
    body = make_purchase(member["card"], lines=lines, coupons=["double-1"])
    quoted = bar.call("POST", "/v1/quotes", {name: value for name, value in body.items() if name != "reference"}).json()
    answer = bar.post(body).json()
    # 10 + 1.5 (3 × 0.5, rounded down to 1) once more: 10 and 3 − 1
    assert earned(answer) == {"base": 10, "units": 1, "coupon:DOUBLE1": 12, "hello": 7}
    assert quoted["points"]["earnings"] == answer["points"]["earnings"]
    extra = next(each for each in answer["points"]["earnings"] if each["rule"] == "coupon:DOUBLE1")
    assert extra["because"] == "2 times the points on 10.00"
    late = bar.buy(member, coupons=["DOUBLE 1"])
    assert late["coupons"] == [{"code": "DOUBLE 1", "used": False, "multiplier": 2, "why_not": "used_up"}]
    assert bar.post(body).status_code == 200  # the same receipt again uses nothing


def test_coupons_multiply_each_other_exactly_and_rules_of_the_program_too(bar: Shop) -> None:
    bar.publish(earning_rules=[BASE_RULE, {"code": "triple", "multiplier": 3}])
    bar.set_clock("2026-03-02T13:00:00Z")
    member = bar.enrol()
    answer = bar.buy(member, 1_100, occurred_at="2026-03-02T12:30:00Z", coupons=["DOUBLE-1", "MORE-1"])
    assert answer["points"]["earned"] == 99  # 11 × 3 × 2 × 1.5


def test_an_explanation_tells_the_coupon_and_leads_to_its_points(bar: Shop) -> None:
    bought = bar.buy(bar.enrol(), 1_050, coupons=["MORE-1"])
    told = bar.call("GET", f"/v1/purchases/{bought['id']}/explanation").json()
    rule = next(each for each in told["rules"] if each["rule"] == "coupon:MORE1")
    assert rule["fired"]
    assert rule["points"] == earned(bought)["coupon:MORE1"]
    assert rule["steps"]
    assert told["inputs"]["coupons"] == {"coupon:MORE1": 1.5}
    german = bar.call("GET", f"/v1/purchases/{bought['id']}/explanation?language=de").json()
    assert "1,5-fache Punkte auf 10,50" in {each["text"] for each in german["rules"]}


def test_a_return_decides_what_remains_with_the_coupon(bar: Shop) -> None:
    bar.publish(earning_rules=[BASE_RULE])
    bar.set_clock("2026-03-02T13:00:00Z")
    member = bar.enrol()
    bought = bar.buy(member, 1_000, occurred_at="2026-03-02T12:30:00Z", coupons=["MORE-1"])
    assert bought["points"]["earned"] == 15
    taken = [
        post_return(bar, bought, amount_minor=amount, occurred_at="2026-03-02T13:00:00Z").json()["points"]["taken_back"]
        for amount in (333, 333, 334)
    ]
    assert taken == [15 - 9, 9 - 4, 4]  # 6 × 1.5 = 9 and 3 × 1.5, rounded down, remain
    assert bar.points(member) == (0, 0)


def test_such_a_coupon_is_not_used_by_itself(bar: Shop) -> None:
    body = {"reference": "c", "member": {"identifier": bar.enrol()["card"]}}
    problem(bar.call("POST", "/v1/coupons/DOUBLE-1/redeem", body), 409, "coupon.of_purchases")


@pytest.mark.parametrize("factor", [1, 0.5, 1001, 1.1234567, -2])
def test_a_factor_that_cannot_be_is_refused(bar: Shop, factor: Any) -> None:
    pool = make_pool("odd", codes=["ODD"], effect={"multiplier": factor})
    problem(bar.call("POST", "/v1/coupons/pools", pool), 422, "request.invalid", "effect.multiplier")


async def test_the_ledger_works_it_out_again(bar: Shop, database: Database) -> None:
    member = bar.enrol()
    used = [bar.buy(member, 990, coupons=["MORE-1"])["coupons"][0]["used"] for _ in range(4)]
    assert used == [True, True, True, False]
    assert [finding for finding in (await verify(database)).findings if str(finding.member_id) == member["id"]] == []
