"""Coupon pools, the codes that rewards give out, and using a code; the catalogue and what is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
CENT = {"code": "base", "per_spend": {"points": 1, "per_minor": 1}}
VOUCHER = make_reward("voucher", money_off=None, coupon={"pool": "spring"})


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """Codes of a pool for 500 points."""
    return make_shop(earning_rules=[CENT], rewards=[VOUCHER])


def open_pool(shop: Shop, **changes: Any) -> dict[str, Any]:
    answer = shop.call("POST", "/v1/coupons/pools", make_pool(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def use(shop: Shop, code: str, member: dict[str, Any], reference: str, **changes: Any) -> Any:
    body = {"reference": reference, "member": {"identifier": member["card"]}} | changes
    return shop.call("POST", f"/v1/coupons/{code}/redeem", body)


def ask(shop: Shop, member: dict[str, Any]) -> Any:
    return shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "voucher"))


def left(shop: Shop) -> int:
    return shop.call("GET", "/v1/coupons/pools/spring").json()["left"]


def test_generated_codes_are_many_different_and_hold_nothing_that_is_misread(shop: Shop) -> None:
    body = open_pool(shop, codes=None, generate=500)
    assert (body["size"], body["left"], len(set(body["codes"]))) == (500, 500, 500)
    for code in body["codes"]:
        assert re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){2}[2-9A-HJ-NP-Z]{4}", code), code
    assert [each["code"] for each in shop.call("GET", "/v1/coupons/pools").json()["items"]] == ["spring"]


def test_codes_are_added_to_a_pool_and_are_in_one_pool_of_the_program_only(shop: Shop) -> None:
    open_pool(shop)
    assert open_pool(shop, codes=["DDD"])["size"] == 4
    pools = [
        (make_pool(uses=2), 409, "coupon.pool_exists", []),
        (make_pool("other", codes=["EEE", "aa-a"]), 422, "coupon.code_taken", ["codes[1]"]),
        (make_pool("other", codes=["EEE", "e e e"]), 422, "request.invalid", ["codes[1]"]),
        (make_pool("other", codes=["-"]), 422, "request.invalid", ["codes[0]"]),
        (make_pool("other", codes=None), 422, "request.invalid", ["codes"]),
        (make_pool("other", generate=1), 422, "request.invalid", ["codes"]),
        (make_pool("other", effect={}), 422, "request.invalid", ["effect"]),
        (make_pool("other", effect={"multiplier": 1}), 422, "request.invalid", ["effect.multiplier"]),
        (make_pool("other", effect={"coupon": {"pool": "spring"}}), 422, "request.invalid", ["effect.coupon"]),
    ]
    for body, status, code, fields in pools:
        problem(shop.call("POST", "/v1/coupons/pools", body), status, code, *fields)
    problem(shop.call("GET", "/v1/coupons/pools/other"), 404, "coupon.pool_not_found")


def test_a_reward_gives_a_code_out_when_it_is_completed_and_not_before(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 3000)
    problem(
        shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "voucher")), 409, "reward.out_of_stock"
    )
    open_pool(shop)
    codes = {shop.redeem(member, "voucher")["coupon"] for _ in range(2)}
    assert codes < {"AAA", "BBB", "CCC"}
    assert len(codes) == 2
    reserved = shop.redeem(member, "voucher", complete=False)
    assert "coupon" not in reserved
    assert left(shop) == 0
    problem(
        shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "voucher")), 409, "reward.out_of_stock"
    )
    done = shop.call("POST", f"/v1/redemptions/{reserved['id']}/complete").json()
    assert codes | {done["coupon"]} == {"AAA", "BBB", "CCC"}
    assert shop.call("POST", f"/v1/redemptions/{reserved['id']}/complete").json()["coupon"] == done["coupon"]


def test_what_a_reservation_held_is_there_again_at_its_instant(shop: Shop) -> None:
    open_pool(shop, codes=["AAA"])
    ada, ben = shop.enrol(), shop.enrol()
    for each in (ada, ben):
        shop.buy(each, 600)
    shop.redeem(ada, "voucher", complete=False)
    problem(ask(shop, ben), 409, "reward.out_of_stock")
    shop.set_clock("2026-03-02T12:30:00Z")
    assert left(shop) == 1
    assert shop.redeem(ben, "voucher")["coupon"] == "AAA"
    assert shop.points(ada) == (600, 0)


def test_a_single_use_code_is_used_once_whatever_its_writing(shop: Shop) -> None:
    open_pool(shop)
    member, other = shop.enrol(), shop.enrol()
    first = use(shop, "a-aa", member, "use-1", purchase_preview={"total_minor": 300})
    assert first.status_code == 201
    body = first.json()
    assert (body["code"], body["uses_left"], body["amount_minor"], body["limited_by"]) == ("AAA", 0, 300, "basket")
    assert body["effect"] == {"money_off": {"amount_minor": 500}}
    again = use(shop, "a-aa", member, "use-1", purchase_preview={"total_minor": 300})
    assert (again.status_code, again.content) == (200, first.content)
    problem(use(shop, "AAA", other, "use-2"), 409, "coupon.used_up")
    problem(use(shop, "BBB", member, "use-1"), 409, "coupon.reference_reused")
    problem(use(shop, "BBB", other, "use-1"), 409, "coupon.reference_reused")
    problem(use(shop, "nothing", member, "use-3"), 404, "coupon.not_found")
    late = shop.buy(member, 1000, coupons=["AAA"])  # what was bought was bought
    assert late["coupons"] == [{"code": "AAA", "used": False, "why_not": "used_up"}]
    assert left(shop) == 2


def test_a_code_of_several_uses_counts_them(shop: Shop) -> None:
    open_pool(shop, codes=["SAVE10"], uses=2)
    member = shop.enrol()
    assert [use(shop, "save10", member, f"use-{n}").json().get("uses_left") for n in range(2)] == [1, 0]
    problem(use(shop, "SAVE10", member, "use-2"), 409, "coupon.used_up")


def test_the_catalogue_and_a_quote_tell_what_may_be_had_and_why_not(make_shop: MakeShop) -> None:
    rewards = [
        make_reward(stock=1),
        make_reward("dear", points=5000),
        make_reward("golden", tiers=["gold"]),
        make_reward("later", valid={"from": "2026-04-01"}),
        make_reward("past", valid={"until": "2026-03-01"}),
        make_reward("today", valid={"from": "2026-03-02", "until": "2026-03-02"}),
        make_reward("once", per_member={"limit": 1, "days": 2}),
    ]
    shop = make_shop(earning_rules=[CENT], rewards=rewards)
    member, other = shop.enrol(), shop.enrol()
    for each in (member, other):
        shop.buy(each, 2000)
    shop.redeem(other)
    shop.redeem(member, "once")

    def told() -> dict[str, str | None]:
        items = shop.call("GET", f"/v1/rewards?member={member['id']}").json()["items"]
        body = make_purchase(member["card"], 1000)
        body.pop("reference")
        quoted = shop.call("POST", "/v1/quotes", body).json()["rewards"]
        assert [(each["reward"], each.get("why_not")) for each in quoted] == [
            (each["reward"], each.get("why_not")) for each in items
        ]
        return {each["reward"]: each.get("why_not") for each in items if each["may_redeem"] is ("why_not" not in each)}

    assert told() == {
        "five-off": "Nothing is left of five-off.",
        "dear": "5,000 points are needed; 1,500 are available.",
        "golden": "golden is for gold; the tier is bronze.",
        "later": "later may be had from 2026-04-01 on.",
        "past": "past could be had until 2026-03-01.",
        "today": None,
        "once": "once may be had 1 times in 2 days; the member had it.",
    }
    shop.set_clock("2026-03-03T23:00:00Z")  # the local day after next
    assert told()["once"] is None
    listed = shop.call("GET", "/v1/rewards").json()["items"]
    assert (listed[0]["left"], "may_redeem" in listed[0]) == (0, False)
    problem(shop.call("GET", "/v1/rewards?member=7"), 422, "request.invalid", "member")
