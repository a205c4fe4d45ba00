"""Late receipts: each earns at the tier of its own time, whatever was recorded before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.program import BASE_RULE
from tests.make.shop import Shop

SILVER_DOUBLE = {"code": "silver-double", "multiplier": 2, "tiers": ["silver", "gold"]}


@pytest.fixture
def club(make_shop: Callable[..., Shop]) -> Shop:
    """Silver from 500.00 earns double."""
    return make_shop(earning_rules=[BASE_RULE, SILVER_DOUBLE])


def said(answer: dict[str, Any]) -> tuple[int, int, str, bool]:
    """(points earned, balance, tier, whether it changed)"""
    return (
        answer["points"]["earned"],
        answer["balance"]["available"],
        answer["tier"]["code"],
        answer["tier"]["changed"],
    )


def test_two_receipts_the_second_recorded_first(club: Shop) -> None:
    """The noon receipt reaches silver; the one from nine o'clock arrives after it and was bought as bronze."""
    member = club.enrol()
    noon = club.buy(member, 50_000, occurred_at="2026-03-02T12:00:00Z")
    assert said(noon) == (500, 500, "silver", True)
    nine = club.buy(member, 10_000, occurred_at="2026-03-02T09:00:00Z")
    assert said(nine) == (100, 600, "silver", False)
    again = club.buy(member, 10_000, occurred_at="2026-03-02T12:00:01Z")
    assert said(again) == (200, 800, "silver", False)


def test_a_late_receipt_that_reaches_the_tier_does_not_double_what_was_bought_before(club: Shop) -> None:
    member = club.enrol()
    noon = club.buy(member, 40_000, occurred_at="2026-03-02T12:00:00Z")
    assert said(noon) == (400, 400, "bronze", False)
    nine = club.buy(member, 10_000, occurred_at="2026-03-02T09:00:00Z")
    assert said(nine) == (100, 500, "silver", True)
    # The move counted receipts up to noon: it is effective from there, not from nine.
    between = club.buy(member, 1_000, occurred_at="2026-03-02T11:00:00Z")
    assert said(between) == (10, 510, "silver", False)
    after = club.buy(member, 1_000, occurred_at="2026-03-02T12:00:00Z")
    assert said(after) == (20, 530, "silver", False)


def test_the_member_says_since_when_the_tier_is_held(club: Shop) -> None:
    member = club.enrol()
    club.buy(member, 40_000, occurred_at="2026-03-02T12:00:00Z")
    club.buy(member, 10_000, occurred_at="2026-03-02T09:00:00Z")
    tier = club.member(member["id"])["tier"]
    assert (tier["code"], tier["since"]) == ("silver", "2026-03-02T12:00:00Z")
    assert tier["next"] == {"code": "gold", "missing": 100_000}


def test_between_two_moves_a_late_receipt_earns_at_the_tier_in_between(make_shop: Callable[..., Shop]) -> None:
    rules = [
        BASE_RULE,
        {"code": "silver", "multiplier": 2, "tiers": ["silver"]},
        {"code": "gold", "multiplier": 3, "tiers": ["gold"]},
    ]
    shop = make_shop(earning_rules=rules)
    member = shop.enrol()
    shop.buy(member, 50_000, occurred_at="2026-01-10T12:00:00Z")
    shop.buy(member, 100_000, occurred_at="2026-02-10T12:00:00Z")
    instants = ("2026-01-10T11:59:59Z", "2026-01-10T12:00:00Z", "2026-02-10T11:59:59Z", "2026-02-10T12:00:00Z")
    assert [shop.buy(member, 100, occurred_at=each)["points"]["earned"] for each in instants] == [1, 2, 2, 3]


def test_a_receipt_older_than_the_window_earns_but_moves_no_tier(club: Shop) -> None:
    club.publish(purchases={"late_days": 3660})
    member = club.enrol()
    old = club.buy(member, 60_000, occurred_at="2025-03-02T12:00:00Z")  # one day outside of the twelve months
    assert said(old) == (600, 600, "bronze", False)
    young = club.buy(member, 60_000, occurred_at="2025-03-03T12:00:00Z")
    assert said(young)[2:] == ("silver", True)


def test_a_day_of_the_window_is_a_day_in_the_programs_zone(club: Shop) -> None:
    member = club.enrol()
    last_outside = club.buy(member, 50_000, occurred_at="2025-03-02T22:59:59Z")
    assert last_outside["tier"]["next"]["missing"] == 50_000
    first_inside = club.buy(member, 100, occurred_at="2025-03-02T23:00:00Z")  # midnight in Berlin
    assert first_inside["tier"]["next"]["missing"] == 49_900


def test_a_late_receipts_points_live_at_least_fourteen_days(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 60}})
    member = shop.enrol()
    shop.buy(member, 1000, occurred_at="2025-11-01T10:00:00Z")
    shop.buy(member, 500)
    expiring = shop.call("GET", f"/v1/members/{member['id']}/points?expiring_within=P90D").json()["expiring"]
    assert expiring == [{"points": 10, "at": "2026-03-16T12:00:00Z"}, {"points": 5, "at": "2026-04-30T22:00:00Z"}]


def test_a_day_offline_sent_in_any_order_ends_in_the_same_balance(club: Shop) -> None:
    receipts = [(hour, 9_000 + hour) for hour in range(8)]
    balances = set()
    for order in (receipts, receipts[::-1], receipts[4:] + receipts[:4]):
        member = club.enrol()
        for hour, amount in order:
            club.buy(member, amount, occurred_at=f"2026-03-02T0{hour}:00:00Z")
        read = club.member(member["id"])
        assert read["tier"]["code"] == "silver"
        assert read["tier"]["next"]["missing"] == 150_000 - sum(amount for _, amount in receipts)
        balances.add(read["points"]["available"])
    in_order = max(balances)
    assert all(in_order - 4 * 94 <= each <= in_order for each in balances)  # only the doubling depends on the order
