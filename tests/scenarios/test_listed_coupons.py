"""What a purchase tells of the coupons that it lists: what each did, and why one was not used; never a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.purchase import make_purchase
from tests.make.reward import make_pool, make_reward
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
EURO = {"code": "base", "per_spend": {"points": 1, "per_minor": 100}}
RETURNED = "2026-03-02T11:00:00Z"


def open_pool(shop: Shop, code: str = "half", multiplier: Any = 1.5, **changes: Any) -> None:
    answer = shop.call("POST", "/v1/coupons/pools", make_pool(code, effect={"multiplier": multiplier}, **changes))
    assert answer.status_code == 201, answer.text
    assert answer.json()["effect"] == {"multiplier": multiplier}


def quote(shop: Shop, purchase: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in purchase.items() if name != "reference"}
    return shop.call("POST", "/v1/quotes", body).json()


def earned(answer: dict[str, Any]) -> dict[str, int]:
    return {each["rule"]: each["points"] for each in answer["points"]["earnings"]}


def left(shop: Shop, pool: str = "half") -> int:
    return shop.call("GET", f"/v1/coupons/pools/{pool}").json()["left"]


def test_a_quote_and_a_purchase_tell_what_each_listed_coupon_does(make_shop: MakeShop) -> None:
    double = {"code": "double", "multiplier": 2, "state": "dry_run"}
    shop = make_shop(earning_rules=[EURO, double])
    open_pool(shop)
    purchase = make_purchase(shop.enrol()["card"], 1000, coupons=["a-aa"])
    told = [{"code": "a-aa", "used": True, "multiplier": 1.5, "points": 5}]
    quoted = quote(shop, purchase)
    assert (earned(quoted), quoted["coupons"], left(shop)) == ({"base": 10, "coupon:AAA": 5}, told, 3)
    first = shop.post(purchase)
    assert (earned(first.json()), first.json()["coupons"], left(shop)) == (earned(quoted), told, 2)
    again = shop.post(purchase)
    assert (again.status_code, again.content, left(shop)) == (200, first.content, 2)
    # As if it were live: it doubles the base before the coupon multiplies both, 10 more.
    assert shop.call("GET", "/v1/program/dry-runs").json()["items"][0]["points"] == 10


def test_what_multiplies_nothing_is_recorded_and_its_coupon_stays_as_good_as_it_was(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[EURO])
    other = make_shop(earning_rules=[EURO])
    open_pool(shop)
    open_pool(shop, "twice", 2, codes=["TWO"])
    open_pool(other, codes=["FOREIGN"])
    member = shop.enrol()
    shop.buy(member, 500, coupons=["AAA"])

    bought = shop.buy(member, 1000, coupons=["AAA", "FOREIGN", "BBB", "b-bb", "TWO"])
    assert bought["coupons"] == [
        {"code": "AAA", "used": False, "multiplier": 1.5, "why_not": "used_up"},
        {"code": "FOREIGN", "used": False, "why_not": "unknown"},
        {"code": "BBB", "used": True, "multiplier": 1.5, "points": 5},
        {"code": "b-bb", "used": False, "multiplier": 1.5, "why_not": "twice"},
        {"code": "TWO", "used": True, "multiplier": 2, "points": 15},
    ]
    assert earned(bought) == {"base": 10, "coupon:BBB": 5, "coupon:TWO": 15}
    cheap = shop.buy(member, 99, coupons=["CCC"])
    assert cheap["coupons"] == [{"code": "CCC", "used": False, "multiplier": 1.5, "why_not": "no_points"}]
    assert (cheap["points"]["earned"], left(shop), left(other)) == (0, 1, 1)
    assert shop.buy(member, 1000, coupons=["CCC"])["points"]["earned"] == 15
    assert "coupons" not in shop.buy(member, 1000)


def test_an_exclusive_multiplier_of_the_program_leaves_nothing_to_a_coupon(make_shop: MakeShop) -> None:
    rules = [EURO, {"code": "triple", "multiplier": 3, "stacking": "exclusive", "min_total_minor": 2000}]
    shop = make_shop(earning_rules=rules)
    open_pool(shop)
    member = shop.enrol()
    alone = shop.buy(member, 2000, coupons=["AAA"])
    assert (earned(alone), alone["coupons"][0]["why_not"]) == ({"base": 20, "triple": 40}, "no_points")
    # Half of it back: the multiplier's least is not reached now, and the coupon was not used.
    body = {"reference": "b", "purchase": {"id": alone["id"]}, "occurred_at": RETURNED, "amount_minor": 1000}
    taken = shop.call("POST", "/v1/returns", body).json()
    assert taken["points"]["taken_back"] == 50
    assert earned(shop.buy(member, 1000, coupons=["AAA"])) == {"base": 10, "coupon:AAA": 5}


def test_a_code_multiplies_once_it_is_given_out_and_not_while_it_is_kept_for_a_reservation(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[EURO], rewards=[make_reward("gift", money_off=None, coupon={"pool": "half"})])
    open_pool(shop, codes=["AAA"])
    member = shop.enrol()
    shop.buy(member, 60_000)
    reserved = shop.redeem(member, "gift", complete=False)
    kept = shop.buy(member, 1000, coupons=["AAA"])
    assert kept["coupons"] == [{"code": "AAA", "used": False, "multiplier": 1.5, "why_not": "kept"}]
    given = shop.call("POST", f"/v1/redemptions/{reserved['id']}/complete").json()["coupon"]
    assert shop.buy(member, 1000, coupons=[given])["points"]["earned"] == 15
