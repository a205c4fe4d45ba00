"""Tiers as a member lives them: up at once, counted by the window, moved by time."""

from __future__ import annotations

from collections.abc import Callable

from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_line
from tests.make.shop import Shop


def test_reaching_a_threshold_exactly_counts_and_is_told_at_once(shop: Shop) -> None:
    member = shop.enrol()
    almost = shop.buy(member, 49_999)
    assert almost["tier"] == {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 1}}
    exactly = shop.buy(member, 1)
    assert exactly["tier"] == {"code": "silver", "changed": True, "next": {"code": "gold", "missing": 100_000}}
    after = shop.buy(member, 1)
    assert after["tier"] == {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 99_999}}


def test_one_purchase_may_skip_a_tier_and_the_top_has_no_next(shop: Shop) -> None:
    answer = shop.buy(shop.enrol(), 150_000)
    assert answer["tier"] == {"code": "gold", "changed": True, "next": None}


def test_the_purchase_that_reaches_a_tier_earns_at_the_one_before(make_shop: Callable[..., Shop]) -> None:
    double = {"code": "double", "multiplier": 2, "tiers": ["silver"]}
    shop = make_shop(earning_rules=[BASE_RULE, double])
    member = shop.enrol()
    assert shop.buy(member, 50_000, occurred_at="2026-03-02T10:00:00Z")["points"]["earned"] == 500
    assert shop.buy(member, 100, occurred_at="2026-03-02T10:00:01Z")["points"]["earned"] == 2


def test_a_tier_counts_the_earning_base_not_the_total(shop: Shop) -> None:
    lines = [make_line(50_000, kind="gift_card"), make_line(30_000), make_line(20_000, kind="shipping")]
    answer = shop.buy(shop.enrol(), lines=lines)
    assert answer["tier"]["next"] == {"code": "silver", "missing": 20_000}


def test_what_leaves_the_window_counts_no_more_but_lowers_no_tier_by_itself(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=TIERS | {"downgrade": {"grace_days": 30}})
    member = shop.enrol()
    shop.buy(member, 60_000)
    shop.set_clock("2027-03-01T12:00:00Z")
    inside = shop.member(member["id"])["tier"]
    assert (inside["code"], inside["next"]["missing"]) == ("silver", 90_000)
    shop.set_clock("2027-03-02T12:00:00Z")
    outside = shop.member(member["id"])["tier"]
    assert (outside["code"], outside["next"]["missing"]) == ("silver", 150_000)
    bought = shop.buy(member, 1_000, occurred_at="2027-03-02T12:00:00Z")
    assert bought["tier"] == {"code": "silver", "changed": False, "next": {"code": "gold", "missing": 149_000}}


def test_the_window_moves_with_the_clock_however_rarely_it_is_looked_at(shop: Shop) -> None:
    member = shop.enrol()
    shop.publish(purchases={"late_days": 3660})
    for instant, amount, missing in [
        ("2026-06-01T12:00:00Z", 10_000, 40_000),
        ("2026-12-01T12:00:00Z", 10_000, 30_000),
        ("2027-05-31T12:00:00Z", 10_000, 20_000),
        ("2027-06-01T12:00:00Z", 10_000, 20_000),  # the first has left
        ("2030-01-01T12:00:00Z", 10_000, 40_000),  # all have
    ]:
        shop.set_clock(instant)
        answer = shop.buy(member, amount, occurred_at=instant)
        assert answer["tier"]["next"]["missing"] == missing, instant


def test_a_lower_threshold_published_lifts_with_the_next_purchase(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 30_000)
    shop.publish(tiers={"levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 30_000}]})
    answer = shop.buy(member, 100)
    assert answer["tier"] == {"code": "silver", "changed": True, "next": None}


def test_tiers_that_begin_later_know_what_was_bought_before(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=None)
    member = shop.enrol()
    assert shop.buy(member, 30_000)["tier"] is None
    shop.publish(tiers={"levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 40_000}]})
    assert shop.member(member["id"])["tier"]["next"] == {"code": "silver", "missing": 10_000}
    assert shop.buy(member, 10_000)["tier"]["code"] == "silver"


def test_a_tier_that_is_dropped_leaves_its_members_with_the_first(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    shop.publish(tiers={"levels": [{"code": "basic", "from": 0}, {"code": "star", "from": 100_000}]})
    assert shop.member(member["id"])["tier"]["code"] == "basic"
    assert shop.buy(member, 40_000)["tier"]["code"] == "star"
