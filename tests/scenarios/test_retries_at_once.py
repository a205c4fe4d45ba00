"""A till that sends the same thing twice at once is told the same twice, whoever of the two was first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.make.reward import make_pool, make_redemption, make_reward
from tests.make.shop import Shop

AT_ONCE = 12


def told_once(send: Callable[[Any], httpx.Response]) -> None:
    """One of the answers is fresh, the others are its bytes again."""
    with ThreadPoolExecutor(AT_ONCE) as tills:
        answers = list(tills.map(send, range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({answer.content for answer in answers}) == 1


def test_a_redemption_of_all_points(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward("ten", points=10)])
    member = shop.enrol()
    shop.buy(member, 1000)
    asked = make_redemption(member["card"], "ten")
    told_once(lambda _: shop.call("POST", "/v1/redemptions", asked))
    assert shop.member(member["id"])["points"]["available"] == 0


def test_a_redemption_of_the_last_piece(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward("one", points=1, stock=1)])
    member = shop.enrol()
    shop.buy(member, 1000)
    asked = make_redemption(member["card"], "one")
    told_once(lambda _: shop.call("POST", "/v1/redemptions", asked))


def test_a_coupon_that_may_be_used_once(shop: Shop) -> None:
    assert shop.call("POST", "/v1/coupons/pools", make_pool()).status_code == 201
    asked = {"reference": "coupon", "member": {"identifier": shop.enrol()["card"]}}
    told_once(lambda _: shop.call("POST", "/v1/coupons/AAA/redeem", asked))
