"""Spending with a purchase: redemptions and coupons that it lists, automatic rewards, and what earns then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
CENT = {"code": "base", "per_spend": {"points": 1, "per_minor": 1}}
PAY = {"code": "pay", "pay_with_points": {"max_share": 0.5}}


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """A point for every cent, 5.00 off for 500 points, and half of a basket to be paid with points."""
    return make_shop(earning_rules=[CENT], rewards=[make_reward(), PAY])


def reserve(shop: Shop, member: dict[str, Any], points: int, total_minor: int) -> dict[str, Any]:
    preview = {"total_minor": total_minor}
    return shop.redeem(member, None, points=points, purchase_preview=preview, complete=False)


async def clean(database: Database) -> None:
    """The proof of the whole worker's database; what other tests left there is their own matter to keep clean."""
    assert (await verify(database)).findings == []


async def test_a_listed_redemption_is_completed_and_what_was_paid_with_points_does_not_earn(
    shop: Shop, database: Database
) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    reserved = reserve(shop, member, 400, 1000)
    body = shop.buy(member, 1000, redemptions=[reserved["id"]])
    assert body["points"]["earned"] == 600
    assert body["balance"] == {"available": 1200, "pending": 0, "reserved": 0}
    view = shop.call("GET", f"/v1/redemptions/{reserved['id']}").json()
    assert (view["status"], view["purchase"]) == ("completed", body["id"])
    read = shop.call("GET", f"/v1/purchases/{body['id']}").json()
    assert (read["total_minor"], read["base_minor"]) == (1000, 600)
    assert shop.call("GET", f"/v1/purchases/{body['id']}/explanation").json()["points"] == 600
    await clean(database)


def test_what_was_paid_with_points_earns_where_the_program_says_so(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[CENT], rewards=[PAY], earning_base={"paid_with_points": "included"})
    member = shop.enrol()
    shop.buy(member, 1000)
    reserved = reserve(shop, member, 400, 1000)
    assert shop.buy(member, 1000, redemptions=[reserved["id"]])["points"]["earned"] == 1000


def test_each_line_earns_on_its_share_of_the_money_and_the_shares_add_up(make_shop: MakeShop) -> None:
    narrow = {"code": "a", "per_spend": {"points": 1, "per_minor": 1}, "lines": {"skus": ["A"]}}
    shop = make_shop(earning_rules=[narrow, CENT], rewards=[PAY])
    member = shop.enrol()
    shop.buy(member, 1000)
    reserved = reserve(shop, member, 100, 301)
    lines = [make_line(100, sku="A"), make_line(201, sku="B")]
    body = shop.buy(member, lines=lines, redemptions=[reserved["id"]])
    earned = {each["rule"]: each["points"] for each in body["points"]["earnings"]}
    assert earned == {"a": 67, "base": 201}  # 100 x 201/301 = 66.8, 201 x 201/301 = 134.2


def test_one_redemption_pays_one_purchase_and_a_retry_is_told_again(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    shop.buy(member, 1000)
    reserved = reserve(shop, member, 400, 1000)
    listed = {"redemptions": [reserved["id"]]}
    problem(
        shop.post(make_purchase(other["card"], 1000, **listed)), 422, "purchase.unknown_redemption", "redemptions[0]"
    )
    problem(shop.post(make_purchase(member["card"], 799, **listed)), 422, "purchase.paid_too_much", "redemptions")
    purchase = make_purchase(member["card"], 1000, **listed)
    first = shop.post(purchase)
    again = shop.post(purchase)
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    problem(shop.post(make_purchase(member["card"], 1000, **listed)), 409, "redemption.completed")
    assert shop.points(member) == (1200, 0)


def test_a_redemption_that_was_completed_at_once_is_tied_to_the_purchase_that_lists_it(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    done = shop.redeem(member, None, points=300, purchase_preview={"total_minor": 1000})
    body = shop.buy(member, 1000, redemptions=[done["id"]])
    assert body["points"]["earned"] == 700
    assert shop.call("GET", f"/v1/redemptions/{done['id']}").json()["purchase"] == body["id"]


def test_what_ran_out_or_was_cancelled_pays_nothing(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    cancelled, over = reserve(shop, member, 100, 1000), reserve(shop, member, 100, 1000)
    shop.call("POST", f"/v1/redemptions/{cancelled['id']}/cancel")
    shop.set_clock("2026-03-02T12:30:00Z")
    for redemption, code in ((cancelled, "redemption.cancelled"), (over, "redemption.expired")):
        purchase = make_purchase(member["card"], 1000, redemptions=[redemption["id"]])
        problem(shop.post(purchase), 409, code)
    assert shop.points(member) == (1000, 0)


def test_two_purchases_of_one_batch_cannot_be_paid_with_one_redemption(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    reserved = reserve(shop, member, 400, 1000)
    items = [make_purchase(member["card"], 1000, redemptions=[reserved["id"]]) for _ in range(2)]
    results = shop.call("POST", "/v1/purchases/batch", items).json()["results"]
    assert [each["status"] for each in results] == ["recorded", "refused"]
    assert results[1]["problem"]["code"] == "redemption.completed"


def test_a_coupon_in_a_purchase_is_used_up_with_it_and_one_of_no_pool_is_the_tills_matter(shop: Shop) -> None:
    member = shop.enrol()
    assert shop.call("POST", "/v1/coupons/pools", make_pool()).status_code == 201
    purchase = make_purchase(member["card"], 1000, coupons=["aaa", "TILL-1"])
    first = shop.post(purchase)
    assert (first.status_code, shop.post(purchase).content) == (201, first.content)
    assert [each.get("why_not") for each in first.json()["coupons"]] == [None, "unknown"]
    assert [each.get("why_not") for each in shop.buy(member, coupons=["AAA"])["coupons"]] == ["used_up"]
    assert [each.get("why_not") for each in shop.buy(member, coupons=["BBB", "b-b-b"])["coupons"]] == [None, "used_up"]
    assert shop.call("GET", "/v1/coupons/pools/spring").json()["left"] == 1


async def test_an_automatic_reward_is_redeemed_as_often_as_the_points_reach_it(
    make_shop: MakeShop, database: Database
) -> None:
    shop = make_shop(earning_rules=[CENT], rewards=[make_reward("voucher", auto=True)])
    member = shop.enrol()
    assert shop.buy(member, 499)["balance"]["available"] == 499
    body = shop.buy(member, 1101)
    assert (body["points"]["earned"], body["balance"]["available"]) == (1101, 100)
    listed = shop.call("GET", f"/v1/redemptions?member={member['id']}").json()["items"]
    assert [(each["reward"], each["status"], each["reference"]) for each in listed] == [
        ("voucher", "completed", None)
    ] * 3
    assert shop.points(member) == (100, 0)
    await clean(database)


def test_an_automatic_reward_of_codes_gives_each_out_once_until_the_pool_is_empty(make_shop: MakeShop) -> None:
    voucher = make_reward("voucher", money_off=None, coupon={"pool": "spring"}, auto=True)
    shop = make_shop(earning_rules=[CENT], rewards=[voucher])
    member = shop.enrol()
    shop.call("POST", "/v1/coupons/pools", make_pool())
    assert shop.buy(member, 2500)["balance"]["available"] == 1000
    listed = shop.call("GET", f"/v1/redemptions?member={member['id']}").json()["items"]
    assert sorted(each["coupon"] for each in listed) == ["AAA", "BBB", "CCC"]
    shop.call("POST", "/v1/coupons/pools", make_pool(codes=["DDD"]))
    assert shop.buy(member, 1)["balance"]["available"] == 501


def test_points_of_late_and_refused_purchases_reach_no_automatic_reward_twice(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[CENT], rewards=[make_reward("voucher", auto=True, per_member={"limit": 1})])
    member = shop.enrol()
    purchase = make_purchase(member["card"], 1200)
    first = shop.post(purchase)
    assert first.json()["balance"]["available"] == 700
    assert shop.post(purchase).content == first.content
    assert shop.points(member) == (700, 0)


def test_a_redemption_of_the_till_is_refused_where_it_is_none(shop: Shop) -> None:
    member = shop.enrol()
    problem(
        shop.post(make_purchase(member["card"], 1000, redemptions=["not-an-id"])),
        *(422, "purchase.unknown_redemption", "redemptions[0]"),
    )
    problem(shop.call("POST", "/v1/redemptions", make_redemption(member["card"])), 409, "points.insufficient")


def test_points_of_events_of_the_welcome_and_of_pending_purchases_reach_automatic_rewards_too(
    make_shop: MakeShop,
) -> None:
    rules = [
        CENT | {"pending": {"days": 1}},
        {"code": "welcome", "per_event": {"kind": "enrolled", "points": 500}},
        {"code": "review", "per_event": {"kind": "review.written", "points": 600}},
    ]
    shop = make_shop(earning_rules=rules, rewards=[make_reward("voucher", auto=True)])
    member = shop.enrol(enrolled_at="2026-03-02T09:00:00Z")
    assert (member["points"]["available"], shop.points(member)) == (0, (0, 0))
    assert shop.engage(member)["balance"]["available"] == 100
    shop.buy(member, 950)
    shop.set_clock("2026-03-03T08:00:00Z")
    assert shop.points(member) == (50, 0)
    listed = shop.call("GET", f"/v1/redemptions?member={member['id']}").json()["items"]
    assert len(listed) == 4
