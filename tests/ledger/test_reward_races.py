"""Two hundred tills at once, over two processes: no balance, stock, limit or code is ever exceeded."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.ledger.test_races import post_all
from tests.make.purchase import make_purchase
from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

CENT = {"code": "base", "per_spend": {"points": 1, "per_minor": 1}}
TILLS = 200


def prepare(shop: Shop, *rewards: dict[str, Any]) -> None:
    shop.publish(earning_rules=[CENT], rewards=list(rewards))
    shop.set_clock("2026-03-02T13:00:00Z")


def rich(shop: Shop, points: int) -> dict[str, Any]:
    member = shop.enrol()
    shop.buy(member, points, occurred_at="2026-03-02T12:30:00Z")
    return member


async def redeem_all(shop: Shop, apis: list[str], bodies: list[dict[str, Any]]) -> Counter[str]:
    """How the tills were answered: the status, or the code of the refusal."""
    requests = [(apis[number % 2], body) for number, body in enumerate(bodies)]
    answers = await post_all(requests, shop.key, "/v1/redemptions")
    return Counter(answer.json().get("status" if answer.status_code == 201 else "code") for answer in answers)


async def test_one_balance_is_never_overspent(own_shop: Shop, apis: list[str], own_database: Database) -> None:
    prepare(own_shop, make_reward(points=100))
    member = rich(own_shop, 2350)
    bodies = [make_redemption(member["card"], complete=bool(number % 3)) for number in range(TILLS)]
    told = await redeem_all(own_shop, apis, bodies)
    assert told["completed"] + told["reserved"] == 23
    assert told["points.insufficient"] == TILLS - 23
    available, reserved = own_shop.points(member)
    assert (available, reserved) == (50, 100 * told["reserved"])
    assert (await verify(own_database)).findings == []


async def test_one_stock_and_one_limit_are_never_exceeded(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    prepare(own_shop, make_reward(points=10, stock=30, per_member={"limit": 2}))
    members = [rich(own_shop, 1000) for _ in range(40)]
    bodies = [make_redemption(members[number % 40]["card"]) for number in range(TILLS)]
    told = await redeem_all(own_shop, apis, bodies)
    assert told["completed"] == 30
    assert told["completed"] + told["reward.out_of_stock"] + told["reward.limit_reached"] == TILLS
    spent = [1000 - own_shop.points(member)[0] for member in members]
    assert sum(spent) == 300
    assert max(spent) <= 20
    assert (await verify(own_database)).findings == []


async def test_no_code_is_given_out_or_used_twice(own_shop: Shop, apis: list[str], own_database: Database) -> None:
    prepare(own_shop, make_reward(points=10, money_off=None, coupon={"pool": "spring"}))
    codes = [f"C{number}" for number in range(50)]
    own_shop.call("POST", "/v1/coupons/pools", make_pool(codes=codes))
    members = [rich(own_shop, 1000) for _ in range(40)]
    bodies = [make_redemption(members[number % 40]["card"]) for number in range(TILLS)]
    answers = await post_all([(apis[n % 2], body) for n, body in enumerate(bodies)], own_shop.key, "/v1/redemptions")
    given = [answer.json()["coupon"] for answer in answers if answer.status_code == 201]
    assert sorted(given) == sorted(codes)
    refused = Counter(answer.json()["code"] for answer in answers if answer.status_code != 201)
    assert refused == {"reward.out_of_stock": TILLS - 50}

    uses = [{"reference": f"use-{n}", "member": {"identifier": members[n % 40]["card"]}} for n in range(TILLS)]
    answers = await post_all(
        [(apis[n % 2], body) for n, body in enumerate(uses)], own_shop.key, "/v1/coupons/C7/redeem"
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: TILLS - 1}
    purchases = [
        make_purchase(members[n % 40]["card"], 100, coupons=["C8"], occurred_at="2026-03-02T12:30:00Z")
        for n in range(TILLS)
    ]
    answers = await post_all([(apis[n % 2], body) for n, body in enumerate(purchases)], own_shop.key)
    assert Counter(answer.status_code for answer in answers) == {201: TILLS}
    assert Counter(answer.json()["coupons"][0].get("why_not") for answer in answers) == {None: 1, "used_up": TILLS - 1}
    assert (await verify(own_database)).findings == []


async def test_an_automatic_reward_is_given_exactly_as_often_as_the_points_reach_it(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    prepare(own_shop, make_reward("voucher", points=500, auto=True))
    member = own_shop.enrol()
    purchases = [make_purchase(member["card"], 30, occurred_at="2026-03-02T12:30:00Z") for _ in range(TILLS)]
    answers = await post_all([(apis[n % 2], body) for n, body in enumerate(purchases)], own_shop.key)
    assert Counter(answer.status_code for answer in answers) == {201: TILLS}
    listed = own_shop.call("GET", f"/v1/redemptions?member={member['id']}&limit=200").json()["items"]
    assert len(listed) == 30 * TILLS // 500
    assert own_shop.points(member) == (30 * TILLS % 500, 0)
    assert (await verify(own_database)).findings == []


async def test_codes_that_multiply_do_so_as_often_as_they_may_be_used(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    prepare(own_shop)
    for pool in (
        make_pool("half", codes=["ONCE"], effect={"multiplier": 1.5}),
        make_pool("triple", codes=["SOME"], uses=7, effect={"multiplier": 3}),
    ):
        assert own_shop.call("POST", "/v1/coupons/pools", pool).status_code == 201
    members = [own_shop.enrol() for _ in range(40)]
    bodies = [
        make_purchase(members[n % 40]["card"], 10, coupons=["ONCE", "SOME"], occurred_at="2026-03-02T12:30:00Z")
        for n in range(TILLS)
    ]
    answers = await post_all([(apis[n % 2], body) for n, body in enumerate(bodies)], own_shop.key)
    assert Counter(answer.status_code for answer in answers) == {201: TILLS}
    used = [tuple(each["used"] for each in answer.json()["coupons"]) for answer in answers]
    assert (sum(once for once, _ in used), sum(some for _, some in used)) == (1, 7)
    points = {(False, False): 10, (True, False): 15, (False, True): 30, (True, True): 45}
    assert [answer.json()["points"]["earned"] for answer in answers] == [points[each] for each in used]
    assert (await verify(own_database)).findings == []
