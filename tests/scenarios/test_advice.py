"""Advice with a quote: what protects the member before they pay, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.purchase import make_line, make_purchase
from tests.make.reward import make_reward
from tests.make.shop import PRESENT, Shop


def advice(shop: Shop, member: dict[str, Any], total_minor: int = 1000, **changes: Any) -> list[dict[str, Any]]:
    body = make_purchase(member["card"], total_minor, occurred_at=PRESENT, **changes)
    answer = shop.call("POST", "/v1/quotes", {name: value for name, value in body.items() if name != "reference"})
    assert answer.status_code == 200, answer.text
    return answer.json()["advice"]


def test_points_that_expire_within_the_notice_are_told_with_their_last_day(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 30}, "notice_days": 14})
    shop.set_clock("2026-02-13T12:00:00+01:00")
    member, other = shop.enrol(), shop.enrol()
    shop.buy(member, 12_000, occurred_at="2026-02-13T12:00:00+01:00")  # at the start of 15 March, in 13 days
    shop.set_clock("2026-02-20T12:00:00+01:00")
    shop.buy(member, 500, occurred_at="2026-02-20T12:00:00+01:00")  # in 20 days
    shop.set_clock(PRESENT)
    assert advice(shop, member) == [
        {
            "kind": "expiring",
            "text": "120 points will expire at the end of 2026-03-14",
            "points": 120,
            "at": "2026-03-14T23:00:00Z",
        }
    ]
    assert advice(shop, other) == []


def test_what_was_bought_today_already_is_told_until_it_is_returned(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    member = shop.enrol()
    lines = [make_line(700, sku="PAN"), make_line(300, sku="POT", kind="gift_card")]
    yesterday, this_morning = "2026-03-01T23:59:59+01:00", "2026-03-02T00:00:00+01:00"
    shop.buy(member, lines=[make_line(100, sku="LID")], occurred_at=yesterday)
    bought = shop.buy(member, lines=lines, occurred_at=this_morning)
    basket = [make_line(100, sku="LID"), make_line(900, sku="PAN"), make_line(100, sku="POT")]
    assert advice(shop, member, lines=basket) == [
        {
            "kind": "bought_today",
            "text": "PAN was bought already today, at 00:00",
            "at": "2026-03-01T23:00:00Z",
            "sku": "PAN",
            "purchase": bought["id"],
        }
    ]
    assert advice(shop, shop.enrol(), lines=basket) == []
    assert advice(shop, member) == []  # a total has no goods
    returned = {"reference": "back", "purchase": {"id": bought["id"]}, "occurred_at": PRESENT, "all": True}
    assert shop.call("POST", "/v1/returns", returned).status_code == 201
    assert advice(shop, member, lines=basket) == []


def test_a_reward_that_takes_as_much_off_for_fewer_points_is_told(make_shop: Callable[..., Shop]) -> None:
    rewards = [
        make_reward("five-off", points=500, money_off={"amount_minor": 500}),
        make_reward("tenth-off", points=450, money_off=None, percent_off={"percent": 10}),
        make_reward("dear", points=5_000, money_off={"amount_minor": 1_000}),  # the member cannot have it
        make_reward("mug", points=10, money_off=None, custom={"note": "a mug"}),
    ]
    shop = make_shop(rewards=rewards)
    member = shop.enrol()
    shop.buy(member, 100_000, occurred_at="2026-02-02T12:00:00Z")
    assert advice(shop, member, 5_000) == [
        {
            "kind": "cheaper_reward",
            "text": "tenth-off takes 5.00 off for 450 points; five-off takes 5.00 off for 500 points",
            "points": 50,
            "reward": "tenth-off",
            "instead_of": "five-off",
        }
    ]
    assert advice(shop, member, 4_990) == []  # a tenth is a cent less


def test_advice_changes_nothing(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 15}})
    member = shop.enrol()
    shop.buy(member, 12_000, lines=None)
    before = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()
    assert [each["kind"] for each in advice(shop, member)] == ["expiring"]
    assert shop.call("GET", f"/v1/members/{member['id']}/points/history").json() == before
