"""Rules about events: conditions, stacking, caps, budgets, dry runs, tiers and lives of points, as staff see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.engagement import make_engagement, per_event
from tests.make.program import BASE_RULE, TIERS
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]


def earned(answer: dict[str, Any]) -> dict[str, int]:
    return {each["rule"]: each["points"] for each in answer["points"]["earnings"]}


def test_a_condition_reads_what_happened_and_to_whom(make_shop: MakeShop) -> None:
    rules = [
        per_event(1, code="praise", when="event.data.stars >= 4"),
        per_event(2, code="vegan", when='member.attributes.diet == "vegan"'),
        per_event(4, code="birthday", when="member.birthday"),
        per_event(8, code="silver", when='member.tier == "silver"'),
        BASE_RULE,
    ]
    shop = make_shop(earning_rules=rules)
    ada = shop.enrol(profile={"birth_date": "1990-03-02"}, attributes={"diet": "vegan"})
    ben = shop.enrol()
    assert earned(shop.engage(ada, data={"stars": 4})) == {"praise": 1, "vegan": 2, "birthday": 4}
    assert earned(shop.engage(ben, data={"stars": 3})) == {}
    assert earned(shop.engage(ben, data={"stars": "many"})) == {}
    assert earned(shop.engage(ben)) == {}
    shop.buy(ben, 50_000)
    assert earned(shop.engage(ben, occurred_at="2026-03-02T09:59:59Z")) == {}, "then the member was bronze"
    assert earned(shop.engage(ben, occurred_at="2026-03-02T10:30:00Z")) == {"silver": 8}


def test_tiers_schedules_priority_and_stacking_work_as_for_purchases(make_shop: MakeShop) -> None:
    rules = [
        per_event(5, code="alone", stacking="exclusive", schedule={"weekdays": ["sun"]}),
        per_event(3, code="first", priority=2),
        per_event(2, code="then", priority=1, stacking="last"),
        per_event(1, code="never"),
        per_event(9, code="gold", tiers=["gold"], priority=9),
        per_event(7, code="noon", schedule={"hours": {"from": "12:00", "until": "13:00"}}, priority=3),
    ]
    shop = make_shop(earning_rules=rules)
    ada = shop.enrol()
    assert earned(shop.engage(ada)) == {"first": 3, "then": 2}
    assert earned(shop.engage(ada, occurred_at="2026-03-01T12:00:00Z")) == {"alone": 5}
    assert earned(shop.engage(ada, occurred_at="2026-03-02T11:30:00Z")) == {"noon": 7, "first": 3, "then": 2}


def test_a_cap_per_member_and_a_budget_give_the_part_that_is_left(make_shop: MakeShop) -> None:
    rules = [
        per_event(20, caps={"per_member": {"points": 30, "days": 1}}),
        per_event(7, "visit", code="visit", budget={"points": 10}),
    ]
    shop = make_shop(earning_rules=rules)
    ada, ben = shop.enrol(), shop.enrol()
    assert [shop.engage(ada)["points"]["earned"] for _ in range(3)] == [20, 10, 0]
    assert shop.engage(ben)["points"]["earned"] == 20
    shop.set_clock("2026-03-03T12:00:00Z")
    clipped = [shop.engage(ada, occurred_at="2026-03-03T11:00:00Z") for _ in range(2)]
    assert [each["points"]["earned"] for each in clipped] == [20, 10]
    assert clipped[1]["points"]["earnings"][0]["limited_by"] == "caps.per_member"
    assert [shop.engage(each, "visit")["points"]["earned"] for each in (ada, ben, ada)] == [7, 3, 0]


def test_a_budget_is_one_for_purchases_and_events_when_its_rule_changes_what_it_is_about(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[{"code": "gift", "flat": 7, "budget": {"points": 10}}])
    ada = shop.enrol()
    assert shop.buy(ada)["points"]["earned"] == 7
    shop.publish(earning_rules=[per_event(7, code="gift", budget={"points": 12})])
    shop.set_clock("2026-03-02T13:00:00Z")
    assert shop.engage(ada, occurred_at="2026-03-02T12:30:00Z")["points"]["earned"] == 5
    late = shop.buy(ada)
    assert late["points"]["earned"] == 0, "it earns by the old rule, from what is left of the new budget"


def test_a_batch_of_events_sees_each_what_the_one_before_it_left(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[per_event(20, caps={"per_member": {"points": 50}}, budget={"points": 90})])
    ada, ben = shop.enrol(), shop.enrol()
    items = [make_engagement(each["card"]) for each in (ada, ada, ada, ada, ben, ben, ben)]
    results = shop.call("POST", "/v1/engagement/batch", items).json()["results"]
    assert [each["answer"]["points"]["earned"] for each in results] == [20, 20, 10, 0, 20, 20, 0]


def test_dry_runs_of_event_rules_are_summed_up_beside_those_of_purchases(make_shop: MakeShop) -> None:
    rules = [per_event(20, state="dry_run"), BASE_RULE | {"code": "plan", "state": "dry_run"}]
    shop = make_shop(earning_rules=rules)
    ada = shop.enrol()
    assert [shop.engage(ada)["points"]["earned"] for _ in range(2)] == [0, 0]
    shop.engage(ada, "visit")
    shop.buy(ada, 1000)
    assert shop.call("GET", "/v1/program/dry-runs").json()["items"] == [
        {"rule": "plan", "purchases": 1, "events": 0, "points": 10},
        {"rule": "review", "purchases": 0, "events": 2, "points": 40},
    ]
    shop.publish(earning_rules=[per_event(20), BASE_RULE | {"code": "review-2"}])
    shop.set_clock("2026-03-03T12:00:00Z")
    assert shop.engage(ada, occurred_at="2026-03-03T11:00:00Z")["points"]["earned"] == 20


def test_points_of_events_lift_the_tier_where_points_are_the_measure_and_rules_count(make_shop: MakeShop) -> None:
    levels = [{"code": "bronze", "from": 0}, {"code": "silver", "from": 40}]
    rules = [per_event(20), per_event(500, "visit", code="visit", counts_for_tier=False), BASE_RULE]
    shop = make_shop(tiers={"levels": levels, "measure": "points_earned"}, earning_rules=rules)
    ada = shop.enrol()
    assert shop.engage(ada, "visit")["tier"]["next"] == {"code": "silver", "missing": 40}
    assert shop.engage(ada)["tier"] == {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 20}}
    lifted = shop.engage(ada, occurred_at="2026-03-02T11:00:00Z")
    assert lifted["tier"] == {"code": "silver", "changed": True, "next": None}
    assert shop.member(ada["id"])["tier"]["since"] == "2026-03-02T11:00:00Z"


def test_events_are_neither_spend_nor_purchases(make_shop: MakeShop) -> None:
    for tiers, missing in ((TIERS, 49_000), ({"levels": TIERS["levels"], "measure": "purchases"}, 49_999)):
        shop = make_shop(tiers=tiers, earning_rules=[per_event(100_000), BASE_RULE])
        ada = shop.enrol()
        shop.buy(ada, 1000)
        assert shop.engage(ada, occurred_at="2026-03-02T11:00:00Z")["tier"]["next"]["missing"] == missing


def test_an_event_moves_no_instant_that_a_later_tier_is_dated_by(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[per_event(5), BASE_RULE, {"code": "silver", "flat": 1, "tiers": ["silver"]}])
    ada = shop.enrol()
    shop.buy(ada, 30_000, occurred_at="2026-03-02T08:00:00Z")
    shop.engage(ada, occurred_at="2026-03-02T11:00:00Z")
    shop.buy(ada, 20_000, occurred_at="2026-03-02T07:00:00Z")
    assert shop.member(ada["id"])["tier"]["since"] == "2026-03-02T08:00:00Z"
    assert "silver" in earned(shop.buy(ada, 100, occurred_at="2026-03-02T09:00:00Z"))


def test_points_of_events_live_as_their_rule_says(make_shop: MakeShop) -> None:
    rules = [per_event(20, pending={"days": 3}, expiry={"days": 10}), per_event(5, code="at-once")]
    shop = make_shop(earning_rules=rules, points={"expiry": {"days": 20}})
    ada = shop.enrol()
    answer = shop.engage(ada)
    assert answer["points"] | {"earnings": None} == {"earned": 25, "pending": 20, "earnings": None}
    assert answer["balance"] == {"available": 5, "pending": 20, "reserved": 0}
    told = shop.call("GET", f"/v1/members/{ada['id']}/points").json()
    assert told["expiring"] == [{"points": 5, "at": "2026-03-21T23:00:00Z"}]


def test_a_late_event_earns_by_the_rules_of_its_own_time(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[per_event(20)])
    ada = shop.enrol()
    shop.publish(earning_rules=[per_event(30)])
    shop.set_clock("2026-03-05T12:00:00Z")
    assert shop.engage(ada)["points"]["earnings"][0]["version"] == 1
    assert shop.engage(ada, occurred_at="2026-03-05T11:00:00Z")["points"]["earned"] == 30
