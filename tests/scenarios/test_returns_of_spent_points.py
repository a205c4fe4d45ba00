"""Goods go back when points were spent: those they had earned, and those that had paid for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop
from tests.scenarios.test_returns import available, give_back

PAY = {"code": "pay", "pay_with_points": {"points": 1, "minor": 1}}


def spend(shop: Shop, member: dict[str, Any], reward: str) -> dict[str, Any]:
    """A reward that is redeemed at once; the answer."""
    answer = shop.call("POST", "/v1/redemptions", make_redemption(member["card"], reward=reward))
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("policy", "taken", "forgiven", "after", "later"),
    [("allow_negative", 10, 0, -4, 1), ("clamp", 6, 4, 0, 5), ("pending_only", 0, 10, 6, 11)],
)
def test_each_policy_does_what_it_says_when_the_points_are_spent(
    make_shop: Callable[..., Shop], policy: str, taken: int, forgiven: int, after: int, later: int
) -> None:
    shop = make_shop(points={"on_return": policy}, rewards=[make_reward("ten", points=10)])
    member = shop.enrol()
    shop.buy(member, 600)
    big = shop.buy(member, 1000)
    spend(shop, member, "ten")
    back = give_back(shop, big, all=True)
    assert (back["points"]["taken_back"], back["points"]["forgiven"]) == (taken, forgiven)
    assert back["balance"]["available"] == after
    assert back["points"]["by_rule"] == [{"rule": "base", "points": 10}]
    assert shop.buy(member, 500)["balance"]["available"] == later


async def test_what_the_returned_part_was_paid_with_is_given_back_in_proportion_and_adds_up(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(rewards=[PAY])
    member = shop.enrol()
    shop.buy(member, 50_000)
    asked = make_redemption(
        member["card"], reward="pay", points=100, complete=False, purchase_preview={"total_minor": 1000}
    )
    redemption = shop.call("POST", "/v1/redemptions", asked).json()
    assert (redemption["points"], redemption["amount_minor"]) == (100, 100)
    paid = shop.post(make_purchase(member["card"], 1000, redemptions=[redemption["id"]])).json()
    assert (paid["points"]["earned"], paid["balance"]["available"]) == (9, 409)  # the part paid with points earns none
    given, taken = [], []
    for part in (333, 333, 334):
        back = give_back(shop, paid, amount_minor=part)
        given.append(back["points"]["given_back"])
        taken.append(back["points"]["taken_back"])
    assert (given, taken) == ([33, 33, 34], [3, 3, 3])
    assert available(shop, member) == 500
    assert (await verify(database)).findings == []


async def test_points_whose_lot_has_expired_meanwhile_get_the_programs_grace(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points={"expiry": {"days": 10}, "return_grace_days": 5}, rewards=[PAY])
    member = shop.enrol()
    shop.buy(member, 30_000)
    asked = make_redemption(
        member["card"], reward="pay", points=200, complete=False, purchase_preview={"total_minor": 1000}
    )
    redemption = shop.call("POST", "/v1/redemptions", asked).json()
    paid = shop.post(make_purchase(member["card"], 1000, redemptions=[redemption["id"]])).json()
    shop.set_clock("2026-03-20T12:00:00+01:00")
    assert available(shop, member) == 0
    back = give_back(shop, paid, all=True, occurred_at="2026-03-20T12:00:00+01:00")
    assert (back["points"]["given_back"], back["balance"]["available"]) == (200, 200)
    expiring = shop.call("GET", f"/v1/members/{member['id']}/points").json()["expiring"]
    assert expiring == [{"points": 200, "at": "2026-03-24T23:00:00Z"}]
    shop.set_clock("2026-03-25T00:00:00+01:00")
    assert available(shop, member) == 0
    assert (await verify(database)).findings == []
