"""The arithmetic of earning rules, for any basket: what must hold whatever is bought."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make.earning import by_rule, earn, line, multiplier, per_spend, per_unit

FEW = settings(max_examples=60, deadline=None, derandomize=True)
EXACT = {"floor": math.floor, "ceil": math.ceil, "nearest": lambda value: math.floor(value + Fraction(1, 2))}

AMOUNTS = st.integers(0, 10**15) | st.integers(0, 5_000)
RATES = st.decimals(min_value="0.000001", max_value="1000", places=6) | st.integers(1, 20).map(Decimal)
FACTORS = st.decimals(min_value="0", max_value="10", places=2)
ROUNDINGS = st.sampled_from(sorted(EXACT))


@st.composite
def lines(draw: st.DrawFn, max_size: int = 6) -> list[Any]:
    made = []
    for _ in range(draw(st.integers(0, max_size))):
        kind = draw(st.sampled_from(["product", "product", "product", "shipping", "gift_card", "fee", "discount"]))
        amount = draw(st.integers(0, 20_000))
        made.append(
            line(
                -amount if kind == "discount" else amount,
                kind=kind,
                sku=draw(st.sampled_from([None, "A", "B"])),
                category=draw(st.sampled_from([None, "x", "y"])),
                labels=draw(st.lists(st.sampled_from(["l", "m"]), max_size=2, unique=True)),
                quantity=draw(st.decimals(min_value=0, max_value=50, places=3)),
            )
        )
    return made


SCOPES = st.sampled_from(
    [
        None,
        {"skus": ["A"]},
        {"categories": ["x"]},
        {"labels": ["l"]},
        {"categories": ["x"], "labels": ["m"]},
        {"exclude": {"skus": ["B"]}},
        {"categories": ["x", "y"], "exclude": {"labels": ["l"]}},
    ]
)


def scoped(rule: dict[str, Any], scope: dict[str, Any] | None) -> dict[str, Any]:
    return rule if scope is None else rule | {"lines": scope}


@st.composite
def rule_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    rules = [scoped(per_spend(draw(RATES), draw(st.integers(1, 5_000))), draw(SCOPES))]
    rules.append(scoped(per_unit(draw(RATES)), draw(SCOPES)))
    rules += [scoped(multiplier(draw(FACTORS), f"m{n}"), draw(SCOPES)) for n in range(draw(st.integers(0, 3)))]
    return rules


@FEW
@given(lines(), rule_sets(), ROUNDINGS, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_rules_does_not_matter(
    bought: list, rules: list, rounding: str, shuffler: random.Random
) -> None:
    first = earn(*bought, rules=rules, points={"rounding": rounding})
    shuffler.shuffle(bought)
    shuffler.shuffle(rules)
    assert earn(*bought, rules=rules, points={"rounding": rounding}) == first


@FEW
@given(lines(), RATES, st.integers(1, 5_000), st.integers(0, 20_000), st.data())
def test_splitting_a_line_changes_nothing_for_a_rule_that_sees_all_lines(
    bought: list, rate: Decimal, per_minor: int, amount: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, amount))
    rules = [per_spend(rate, per_minor)]
    whole = earn(*bought, line(amount), rules=rules)
    assert earn(*bought, line(part), line(amount - part), rules=rules) == whole


@FEW
@given(AMOUNTS, st.integers(1, 1000), FACTORS, FACTORS)
def test_multipliers_without_lines_of_their_own_multiply_and_commute(
    amount: int, per_minor: int, one: Decimal, other: Decimal
) -> None:
    steps = amount // per_minor
    both = earn(line(amount), rules=[per_spend(1, per_minor), multiplier(one, "a"), multiplier(other, "b")])
    swapped = earn(line(amount), rules=[per_spend(1, per_minor), multiplier(other, "a"), multiplier(one, "b")])
    assert both.points == swapped.points == math.floor(steps * Fraction(one) * Fraction(other))


@FEW
@given(lines(), rule_sets(), ROUNDINGS)
def test_base_and_extras_add_up_to_the_one_rounding_of_each_base_rule(bought: list, rules: list, rounding: str) -> None:
    """Against a second, slower way: a product per line set, written down from the rule's definition."""
    decision = earn(*bought, rules=rules, points={"rounding": rounding})
    expected = 0
    for base in (rule for rule in rules if "multiplier" not in rule):
        total = Fraction(0)
        multipliers = [rule for rule in rules if "multiplier" in rule]
        for chosen in range(1 << len(multipliers)):
            subset = [rule for index, rule in enumerate(multipliers) if chosen >> index & 1]
            weight = math.prod((Fraction(rule["multiplier"]) - 1 for rule in subset), start=Fraction(1))
            seen = [each for each in bought if _in_base(each) and all(_sees(rule, each) for rule in [base, *subset])]
            total += weight * _points(base, seen)
        expected += max(0, EXACT[rounding](total))
    assert decision.points == expected == sum(by_rule(decision).values())


@FEW
@given(lines(), rule_sets(), ROUNDINGS)
def test_nothing_bought_ever_earns_less_than_nothing(bought: list, rules: list, rounding: str) -> None:
    decision = earn(*bought, rules=rules, points={"rounding": rounding})
    assert decision.points >= 0
    assert decision.base_minor >= 0
    assert all(earning.points for earning in decision.earnings)


@FEW
@given(AMOUNTS, RATES, st.integers(1, 10**15), ROUNDINGS)
def test_points_are_exact_up_to_ten_to_the_fifteen(amount: int, rate: Decimal, per_minor: int, rounding: str) -> None:
    decision = earn(line(amount), rules=[per_spend(rate, per_minor)], points={"rounding": rounding})
    assert decision.points == EXACT[rounding](amount // per_minor * Fraction(rate))


@pytest.mark.parametrize(("factor", "extra"), [("1.000001", 10**9), ("0.999999", -(10**9)), ("3", 2 * 10**15)])
def test_a_multiplier_is_exact_at_ten_to_the_fifteen(factor: str, extra: int) -> None:
    decision = earn(line(10**15), rules=[per_spend(1, 1), multiplier(Decimal(factor))])
    assert by_rule(decision) == {"base": 10**15, "times": extra}


@FEW
@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=6), min_size=1, max_size=20), RATES)
def test_units_are_exact_with_six_decimals(quantities: list[Decimal], rate: Decimal) -> None:
    decision = earn(*(line(1, quantity=each) for each in quantities), rules=[per_unit(rate)])
    assert decision.points == math.floor(sum(map(Fraction, quantities)) * Fraction(rate))


@FEW
@given(lines(), st.integers(0, 20_000))
def test_one_more_line_never_lowers_what_a_spend_rule_gives(bought: list, amount: int) -> None:
    rules = [per_spend(), per_unit()]
    assert earn(*bought, line(amount), rules=rules).points >= earn(*bought, rules=rules).points


def _in_base(each: Any) -> bool:
    return each.kind not in ("shipping", "gift_card")


def _sees(rule: dict[str, Any], each: Any) -> bool:
    scope = rule.get("lines")
    if not scope:
        return True
    exclude = scope.get("exclude", {})
    names = any(scope.get(name) for name in ("skus", "categories", "labels"))
    return (not names or _matches(scope, each)) and not _matches(exclude, each)


def _matches(match: dict[str, Any], each: Any) -> bool:
    return (
        each.sku in match.get("skus", [])
        or each.category in match.get("categories", [])
        or any(label in match.get("labels", []) for label in each.labels)
    )


def _points(rule: dict[str, Any], seen: list) -> Fraction:
    if "per_spend" in rule:
        steps = max(0, sum(each.amount_minor for each in seen)) // rule["per_spend"]["per_minor"]
        return steps * Fraction(rule["per_spend"]["points"])
    return sum((Fraction(each.quantity) for each in seen if each.kind == "product"), Fraction(0)) * Fraction(
        rule["per_unit"]
    )
