"""Which rules fire beside each other: priority, exclusive, last, claims, caps, minimum spend, schedules, dry runs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.make.earning import MONDAY, by_rule, earn, flat, line, multiplier, per_spend, per_unit

FRIDAY = MONDAY + timedelta(days=4)
BEANS = {"skus": ["ESP"]}
COFFEE = {"categories": ["coffee"]}
SALE = {"labels": ["sale"]}


def test_the_exclusive_rule_that_fires_earns_alone_whatever_its_priority() -> None:
    rules = [per_spend(priority=10), flat(50, stacking="exclusive"), per_unit(3)]
    assert by_rule(earn(line(1000), rules=rules)) == {"flat": 50}


def test_of_two_exclusive_rules_the_one_of_higher_priority_wins_then_the_first_by_code() -> None:
    rules = [flat(50, "a", stacking="exclusive"), flat(70, "b", stacking="exclusive", priority=1)]
    assert by_rule(earn(line(1000), rules=rules)) == {"b": 70}
    rules = [flat(50, "a", stacking="exclusive"), flat(70, "b", stacking="exclusive")]
    assert by_rule(earn(line(1000), rules=rules)) == {"a": 50}


def test_an_exclusive_rule_that_gives_nothing_excludes_nobody() -> None:
    rules = [per_spend(), per_spend(1, 5000, code="big", stacking="exclusive")]
    assert by_rule(earn(line(1000), rules=rules)) == {"base": 10}
    assert by_rule(earn(line(5000), rules=rules)) == {"big": 1}


def test_an_exclusive_rule_keeps_its_multipliers() -> None:
    rules = [per_spend(stacking="exclusive"), flat(5), multiplier(2)]
    assert by_rule(earn(line(1000), rules=rules)) == {"base": 10, "times": 10}


def test_behind_a_last_rule_that_fires_none_does() -> None:
    rules = [flat(1, "a"), flat(2, "b", stacking="last"), flat(4, "c")]
    assert by_rule(earn(line(1000), rules=rules)) == {"a": 1, "b": 2}
    rules[1]["min_total_minor"] = 2000
    assert by_rule(earn(line(1000), rules=rules)) == {"a": 1, "c": 4}


def test_multipliers_stack_among_themselves() -> None:
    rules = [per_spend(), multiplier(2, "a"), multiplier(5, "b", stacking="exclusive"), multiplier(3, "c")]
    assert by_rule(earn(line(1000), rules=rules)) == {"base": 10, "b": 40}
    rules[2]["stacking"] = "last"
    assert by_rule(earn(line(1000), rules=rules)) == {"base": 10, "a": 10, "b": 80}


def test_a_claimed_line_is_not_seen_by_wider_rules() -> None:
    rules = [per_spend(), per_unit(10, lines=BEANS, claims_lines=True)]
    bought = line(1000, sku="ESP", category="coffee", quantity=2), line(500)
    assert by_rule(earn(*bought, rules=rules)) == {"base": 5, "units": 20}


def test_sku_claims_before_category_before_label() -> None:
    rules = [
        flat(1, "label", lines=SALE, claims_lines=True, priority=9),
        flat(2, "category", lines=COFFEE, claims_lines=True, priority=8),
        flat(4, "sku", lines=BEANS, claims_lines=True),
    ]
    everything = line(100, sku="ESP", category="coffee", labels=["sale"])
    assert by_rule(earn(everything, rules=rules)) == {"sku": 4}
    assert by_rule(earn(line(100, category="coffee", labels=["sale"]), rules=rules)) == {"category": 2}
    assert by_rule(earn(everything, line(100, labels=["sale"]), rules=rules)) == {"sku": 4, "label": 1}


def test_a_narrower_rule_that_does_not_claim_still_sees_a_claimed_line() -> None:
    rules = [flat(1, "category", lines=COFFEE, claims_lines=True), flat(2, "sku", lines=BEANS)]
    assert by_rule(earn(line(100, sku="ESP", category="coffee"), rules=rules)) == {"category": 1, "sku": 2}


def test_a_rule_whose_conditions_do_not_hold_claims_nothing() -> None:
    rules = [per_spend(), per_unit(10, lines=BEANS, claims_lines=True, tiers=["gold"])]
    assert by_rule(earn(line(1000, sku="ESP"), rules=rules)) == {"base": 10}
    assert by_rule(earn(line(1000, sku="ESP"), rules=rules, tier="gold")) == {"units": 10}


def test_a_rule_that_a_last_one_stops_claims_nothing() -> None:
    rules = [per_spend(stacking="last"), per_unit(10, lines=BEANS, claims_lines=True)]
    assert by_rule(earn(line(1000, sku="ESP"), line(500), rules=rules)) == {"base": 15}


def test_a_cap_clips_the_points_and_says_so() -> None:
    rules = [per_spend(caps={"per_purchase": 7}), multiplier(3, caps={"per_purchase": 12})]
    decision = earn(line(1000), rules=rules)
    assert by_rule(decision) == {"base": 7, "times": 12}
    assert [earning.limited_by for earning in decision.earnings] == ["caps.per_purchase"] * 2
    assert decision.earnings[0].because == "1 point per 1.00 on 10.00, at most 7 per purchase"
    assert earn(line(700), rules=rules[:1]).earnings[0].limited_by is None


@pytest.mark.parametrize(("amount", "points"), [(1999, 0), (2000, 5), (2001, 5)])
def test_a_minimum_spend_is_reached_exactly(amount: int, points: int) -> None:
    assert earn(line(amount), rules=[flat(5, min_total_minor=2000)]).points == points


@pytest.mark.parametrize(
    ("day", "clock", "points"),
    [(FRIDAY, "16:59", 0), (FRIDAY, "17:00", 5), (FRIDAY, "19:59", 5), (FRIDAY, "20:00", 0), (MONDAY, "18:00", 0)],
)
def test_a_schedule_names_weekdays_and_hours(day: date, clock: str, points: int) -> None:
    happy_hour = flat(5, schedule={"weekdays": ["fri", "sat"], "hours": {"from": "17:00", "until": "20:00"}})
    assert earn(line(100), rules=[happy_hour], day=day, clock=clock).points == points


def test_hours_until_the_end_of_the_day_include_its_last_minute() -> None:
    late = flat(5, schedule={"hours": {"from": "22:00", "until": "24:00"}})
    assert earn(line(100), rules=[late], clock="23:59").points == 5
    assert earn(line(100), rules=[late], clock="00:00").points == 0


def test_an_ended_rule_gives_nothing_and_a_dry_run_is_only_told() -> None:
    rules = [per_spend(state="ended"), flat(5, state="dry_run"), flat(1, "live")]
    decision = earn(line(1000), rules=rules)
    assert (by_rule(decision), decision.points) == ({"live": 1}, 1)
    assert [(would.rule, would.points) for would in decision.dry_runs] == [("flat", 5)]


def test_a_dry_multiplier_tells_what_it_would_have_added() -> None:
    decision = earn(line(1000), rules=[per_spend(), multiplier(2, "live"), multiplier(3, "dry", state="dry_run")])
    assert by_rule(decision) == {"base": 10, "live": 10}
    assert [(would.rule, would.points) for would in decision.dry_runs] == [("dry", 20)]  # before live, by code


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_exclusive_rule_alone_and_never_more_than_all_caps(data: st.DataObject) -> None:
    rules: list[dict[str, Any]] = []
    for number in range(data.draw(st.integers(1, 5))):
        code = f"r{number}"
        rule = data.draw(st.sampled_from([flat(40, code), per_spend(1, 100, code=code), per_unit(3, code=code)]))
        rule |= {"caps": {"per_purchase": data.draw(st.integers(1, 60))}, "priority": data.draw(st.integers(-2, 2))}
        rule |= {"stacking": data.draw(st.sampled_from(["stackable", "exclusive", "last"]))}
        rules.append(rule)
    decision = earn(line(data.draw(st.integers(0, 9000)), quantity=2), rules=rules)
    fired = {rule["code"]: rule for rule in rules if rule["code"] in by_rule(decision)}
    assert all(points <= fired[code]["caps"]["per_purchase"] for code, points in by_rule(decision).items())
    if any(rule["stacking"] == "exclusive" for rule in fired.values()):
        assert len(fired) == 1
    walked = sorted(fired.values(), key=lambda rule: (-rule["priority"], rule["code"]))
    assert all(rule["stacking"] != "last" for rule in walked[:-1])
