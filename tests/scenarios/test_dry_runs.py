"""A rule is tried before it is live: nobody earns by it, and staff read what it would have cost."""

from __future__ import annotations

from collections.abc import Callable

from tests.make.program import BASE_RULE
from tests.make.shop import Shop

FRIDAY = {"code": "friday", "flat": 50, "schedule": {"weekdays": ["fri"]}, "state": "dry_run"}


def test_a_dry_run_is_summed_up_per_rule_and_then_goes_live(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, FRIDAY])
    shop.set_clock("2026-03-07T12:00:00Z")
    member = shop.enrol()
    for instant in ("2026-03-05T23:30:00Z", "2026-03-06T10:00:00Z", "2026-03-06T23:30:00Z"):  # Friday is Berlin's
        assert shop.buy(member, 1000, occurred_at=instant)["points"]["earned"] == 10
    told = shop.call("GET", "/v1/program/dry-runs").json()
    assert told == {"items": [{"rule": "friday", "purchases": 2, "events": 0, "points": 100}]}

    shop.publish(earning_rules=[BASE_RULE, FRIDAY | {"state": "live"}])
    shop.set_clock("2026-03-13T12:00:00Z")
    earned = shop.buy(member, 1000, occurred_at="2026-03-13T10:00:00Z")["points"]
    assert [each["rule"] for each in earned["earnings"]] == ["base", "friday"]
    assert shop.call("GET", "/v1/program/dry-runs").json() == told


def test_a_program_without_dry_runs_says_so_with_an_empty_list(shop: Shop) -> None:
    shop.buy(shop.enrol())
    assert shop.call("GET", "/v1/program/dry-runs").json() == {"items": []}
