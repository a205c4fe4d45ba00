"""Carry-over, caps and budgets: what a rule gives when something waits from before, or when little is left."""

from __future__ import annotations

from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import given, settings

from loyalty_api.domain.earning.rules import Inputs
from tests.make.earning import by_rule, earn, flat, line, multiplier, per_spend, per_unit

FIFTY = per_spend(1, 5000, carry_over=True)


def carried(rest_minor: int) -> Inputs:
    return Inputs(carried={"base": rest_minor})


def room(points: int, limit: str = "budget", rule: str = "base") -> Inputs:
    return Inputs(rooms={rule: {limit: points}})


def test_thirty_and_twenty_earn_the_point_at_one_per_fifty() -> None:
    first = earn(line(3000), rules=[FIFTY])
    assert (first.points, first.rests) == (0, {"base": 3000})
    second = earn(line(2000), rules=[FIFTY], inputs=carried(3000))
    assert (second.points, second.rests) == (1, {"base": 0})


def test_without_carry_over_nothing_waits() -> None:
    decision = earn(line(3000), rules=[per_spend(1, 5000)], inputs=carried(3000))
    assert (decision.points, decision.rests) == (0, {})


def test_a_rule_that_took_no_part_keeps_its_rest() -> None:
    rules = [FIFTY | {"tiers": ["gold"]}]
    assert earn(line(3000), rules=rules, tier="silver", inputs=carried(1000)).rests == {}
    alone = [FIFTY, flat(5, stacking="exclusive")]
    assert earn(line(3000), rules=alone, inputs=carried(1000)).rests == {}


def test_a_multiplier_without_lines_multiplies_the_carried_step_too() -> None:
    decision = earn(line(2000), rules=[FIFTY, multiplier(3)], inputs=carried(3000))
    assert by_rule(decision) == {"base": 1, "times": 2}


def test_a_multiplier_on_some_lines_counts_their_steps_alone() -> None:
    rules = [FIFTY, multiplier(3, lines={"skus": ["A"]})]
    decision = earn(line(2000, sku="A"), line(1000), rules=rules, inputs=carried(3000))
    assert (by_rule(decision), decision.rests) == ({"base": 1}, {"base": 1000})


def test_a_rest_below_zero_is_earned_back_first() -> None:
    decision = earn(line(6000), rules=[FIFTY], inputs=carried(-2000))
    assert (decision.points, decision.rests) == (0, {"base": 4000})


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**15), max_size=12), st.integers(1, 10**6), st.integers(1, 9))
def test_carried_purchases_earn_what_one_purchase_of_all_would(amounts: list[int], per_minor: int, rate: int) -> None:
    rules = [per_spend(rate, per_minor, carry_over=True)]
    rest = points = 0
    for amount in amounts:
        decision = earn(line(amount), rules=rules, inputs=carried(rest))
        points, rest = points + decision.points, decision.rests["base"]
    assert points == rate * (sum(amounts) // per_minor)
    assert rest == sum(amounts) % per_minor


def test_a_limit_gives_the_part_that_is_left_and_says_so() -> None:
    decision = earn(line(10_000), rules=[per_spend(budget={"points": 500})], inputs=room(30))
    (earning,) = decision.earnings
    assert (earning.points, earning.limited_by) == (30, "budget")
    assert earning.because == "1 point per 1.00 on 100.00, but only 30 of the budget of 500 were left"
    capped = earn(
        line(10_000),
        rules=[per_spend(caps={"per_member": {"points": 80, "days": 7}})],
        inputs=room(12, "caps.per_member"),
    )
    assert capped.earnings[0].because == "1 point per 1.00 on 100.00, but only 12 of 80 per member in 7 days were left"


def test_the_narrowest_of_several_limits_is_the_one_that_is_told() -> None:
    rules = [per_spend(caps={"per_purchase": 50, "per_member": {"points": 80}}, budget={"points": 500})]
    rooms = Inputs(rooms={"base": {"caps.per_member": 40, "budget": 45}})
    decision = earn(line(10_000), rules=rules, inputs=rooms)
    assert (decision.points, decision.earnings[0].limited_by, decision.short) == (40, "caps.per_member", frozenset())


def test_a_used_up_budget_lets_other_rules_earn_where_it_would_have_been_alone() -> None:
    rules = [per_spend(), flat(50, stacking="exclusive", budget={"points": 500})]
    full = earn(line(1000), rules=rules, inputs=room(500, rule="flat"))
    assert by_rule(full) == {"flat": 50}
    empty = earn(line(1000), rules=rules, inputs=room(0, rule="flat"))
    assert (by_rule(empty), empty.short) == ({"base": 10}, {"flat"})


def test_a_multipliers_budget_clips_what_it_adds() -> None:
    rules = [per_spend(), multiplier(3, budget={"points": 5})]
    decision = earn(line(1000), rules=rules, inputs=room(5, rule="times"))
    assert by_rule(decision) == {"base": 10, "times": 5}


def test_a_multiplier_below_one_takes_away_at_most_what_the_limits_left_and_no_flat_points() -> None:
    rules = [per_spend(caps={"per_purchase": 4}), flat(3), multiplier(0, "none")]
    decision = earn(line(1000), rules=rules)
    assert (by_rule(decision), decision.points) == ({"base": 4, "none": -4, "flat": 3}, 3)
    taken = decision.earnings[1]
    assert (taken.limited_by, taken.because) == ("earned", "0 times the points on 10.00, at most what was given")


def test_what_multipliers_cannot_take_away_is_given_back_from_the_last_one() -> None:
    rules = [per_spend(budget={"points": 500}), multiplier(Decimal("0.5"), "a"), multiplier(Decimal("0.5"), "b")]
    assert by_rule(earn(line(1000), rules=rules, inputs=room(6))) == {"base": 6, "a": -5, "b": -1}
    assert earn(line(1000), rules=rules, inputs=room(0)).earnings == []


def test_what_is_taken_away_is_measured_once_every_multiplier_is_clipped() -> None:
    clipped = {"per_purchase": 1}
    rules = [per_spend(caps=clipped), multiplier(Decimal("0.5"), "a"), multiplier(3, "b", caps=clipped)]
    assert by_rule(earn(line(1000), rules=rules)) == {"base": 1, "a": -2, "b": 1}


def test_what_counts_towards_tiers_is_never_below_zero() -> None:
    decision = earn(line(1000), rules=[per_spend(counts_for_tier=False), multiplier(Decimal("0.5"))])
    assert (decision.points, decision.counted) == (5, 0)


def test_a_dry_run_spends_nothing_and_is_not_limited_by_what_live_rules_left() -> None:
    rules = [per_spend(), flat(50, state="dry_run", budget={"points": 500})]
    decision = earn(line(1000), rules=rules)
    assert [(each.rule, each.points) for each in decision.dry_runs] == [("flat", 50)]
    assert decision.short == frozenset()


def test_points_of_rules_that_do_not_count_are_left_out_of_what_counts_towards_tiers() -> None:
    rules = [per_spend(), flat(50, counts_for_tier=False), multiplier(2, counts_for_tier=False)]
    decision = earn(line(1000), rules=rules)
    assert (decision.points, decision.counted) == (70, 10)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**6)), min_size=1, max_size=20),
    st.integers(1, 10**9),
)
def test_a_budget_is_never_exceeded_and_is_given_to_the_last_point(baskets: list[tuple[int, int]], budget: int) -> None:
    rules = [per_spend(3, 7, budget={"points": budget}), multiplier(Decimal("1.5")), per_unit(2)]
    left, wanted = budget, 0
    for amount, units in baskets:
        bought = line(amount, quantity=units)
        wanted += by_rule(earn(bought, rules=rules)).get("base", 0)
        left -= by_rule(earn(bought, rules=rules, inputs=room(left))).get("base", 0)
    assert left == max(0, budget - wanted)
