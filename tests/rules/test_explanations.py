"""A decision explained rule by rule, in words that lead to its points."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from loyalty_api.domain.earning.compile import compile_document
from loyalty_api.domain.earning.explain import Explained, ExplainedRule, explain
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.phrases import LANGUAGES
from loyalty_api.domain.earning.rules import NO_INPUTS, Basket, Inputs, decide, earn
from loyalty_api.domain.earning.speech import speech_of
from loyalty_api.domain.earning.trace import Trace
from loyalty_api.domain.earning.unfired import unfired
from loyalty_api.domain.programs.read import read_document
from tests.make.any_rules import Case, cases
from tests.make.earning import MONDAY, flat, line, multiplier, per_spend, per_unit
from tests.make.program import TIERS, make_document

SEEDED = settings(max_examples=80, deadline=None, derandomize=True)


def told(
    *lines: Any,
    rules: list[dict[str, Any]],
    language: str = "en",
    tier: str | None = "silver",
    inputs: Inputs = NO_INPUTS,
    **document: Any,
) -> Explained:
    parsed = read_document(make_document(earning_rules=rules, **document))
    basket = Basket(lines, tier, MONDAY, 12 * 60, sum(each.amount_minor for each in lines), inputs)
    names = [each.line for each in lines]
    return explain(compile_document(parsed, 3), parsed, basket, speech_of(language, parsed.currency), names)


def steps_of(explained: Explained, code: str = "base") -> list[str]:
    return [step.text for step in _rule(explained, code).steps]


def _rule(explained: Explained, code: str) -> ExplainedRule:
    (found,) = [rule for rule in explained.rules if rule.rule == code]
    return found


def test_whole_steps_of_the_base_lead_to_the_points() -> None:
    explained = told(line(1390), line(500, kind="shipping"), rules=[per_spend()])
    assert steps_of(explained) == [
        "the whole earning base: 13.90",
        "whole steps of 1.00 in 13.90: 13",
        "13 × 1 = 13",
    ]
    assert explained.base.text == "18.90 bought, of which 5.00 does not earn: 13.90"
    assert [each.text for each in explained.base.left_out] == ["line 2: shipping of 5.00 does not earn"]
    assert explained.text == "13 points by version 3, at the tier silver: base 13"


def test_the_same_in_german_with_german_numbers_and_dates() -> None:
    rules = [
        per_spend(Decimal("0.5"), 150, carry_over=True),
        flat(7, schedule={"from": "2026-04-01", "weekdays": ["fri"]}),
    ]
    explained = told(line(123_450, sku="A"), rules=rules, inputs=Inputs(carried={"base": 50}), language="de")
    assert steps_of(explained) == [
        "die ganze Punktebasis: 1.234,50",
        "0,50 standen noch von vorher an: 1.234,50 + 0,50 = 1.235,00",
        "ganze Schritte von 1,50 in 1.235,00: 823",
        "823 × 0,5 = 411,5",
        "411,5, abgerundet: 411",
        "0,50 warten auf den nächsten Einkauf",
    ]
    assert steps_of(explained, "flat") == [
        "nur ab 01.04.2026, und es war der 02.03.2026: nicht erfüllt",
        "nur am Fr, und es war Mo: nicht erfüllt",
    ]
    assert _rule(explained, "base").text == "0,5 Punkte je 1,50 auf 1.234,50"
    assert _rule(explained, "flat").text == "beginnt am 01.04.2026"
    assert explained.text == "411 Punkte nach Version 3, auf der Stufe silver: base 411"


def test_what_waited_and_what_waits_on_is_told() -> None:
    fifty = per_spend(1, 5000, carry_over=True)
    explained = told(line(2000), rules=[fifty], inputs=Inputs(carried={"base": 3000}))
    assert steps_of(explained)[1:] == [
        "30.00 waited from before: 20.00 + 30.00 = 50.00",
        "whole steps of 50.00 in 50.00: 1",
        "1 × 1 = 1",
        "0.00 waits for the next purchase",
    ]
    (carried,) = explained.carried
    assert (carried.before_minor, carried.after_minor) == (3000, 0)


def test_multipliers_tell_what_they_add_to_each_rule_and_the_one_rounding() -> None:
    rules = [
        per_spend(Decimal("0.5"), 100),
        multiplier(3, "a-tea", lines={"skus": ["TEA"]}),
        multiplier(Decimal("1.5"), "b-silver", tiers=["silver"]),
    ]
    explained = told(line(777, sku="TEA"), line(650), rules=rules, tiers=TIERS)
    assert steps_of(explained)[1:] == ["whole steps of 1.00 in 14.27: 14", "14 × 0.5 = 7"]
    assert steps_of(explained, "a-tea") == [
        "only with goods of TEA: held",
        "base alone on line 1 (TEA), that is on 7.77: 3.5",
        "base: (3 − 1) × 3.5 = 7",
    ]
    assert steps_of(explained, "b-silver") == [
        "only for silver, and the tier was silver: held",
        "base alone on line 1 (TEA), that is on 7.77: 3.5",
        "base: (1.5 − 1) × (7 + 2 × 3.5) = 7",
    ]
    assert explained.points == 21


def test_claimed_goods_name_the_rule_that_claimed_them() -> None:
    beans = per_unit(10, code="beans", lines={"skus": ["ESP"]}, claims_lines=True, caps={"per_purchase": 15})
    explained = told(line(500, sku="ESP", quantity=2, line="a"), line(90, line="b"), rules=[per_spend(), beans])
    assert steps_of(explained) == [
        "line a (ESP): claimed by beans",
        "on line b: 0.90",
        "whole steps of 1.00 in 0.90: 0",
        "0 × 1 = 0",
    ]
    assert steps_of(explained, "beans") == [
        "only with goods of ESP: held",
        "on line a (ESP): 2 units",
        "2 × 10 = 20",
        "at most 15 per purchase: 15 instead of 20",
    ]
    explained = told(line(500, sku="ESP", line="a"), rules=[beans])
    assert steps_of(explained, "beans")[1] == "on line a (ESP): 1 unit"


def test_caps_and_budgets_tell_what_they_left() -> None:
    rules = [per_spend(caps={"per_member": {"points": 80, "days": 7}}), flat(50, budget={"points": 500})]
    rooms = Inputs(rooms={"base": {"caps.per_member": 12}, "flat": {"budget": 0}})
    explained = told(line(10_000), rules=rules, inputs=rooms)
    assert steps_of(explained)[-1] == "12 of 80 per member in 7 days were left: 12 instead of 100"
    assert _rule(explained, "base").limited_by == "caps.per_member"
    assert _rule(explained, "flat").text == "the budget of 500 is used up"
    assert steps_of(explained, "flat") == [
        "50 points per purchase",
        "0 of the budget of 500 were left: 0 instead of 50",
    ]


@pytest.mark.parametrize(("holds", "word"), [(True, "held"), (False, "did not hold")])
def test_a_condition_is_told_with_its_text_and_whether_it_held_then(holds: bool, word: str) -> None:
    rules = [per_spend(), flat(5, when='member.attributes.diet == "vegan"')]
    explained = told(line(100), rules=rules, inputs=Inputs(conditions={"flat": holds}))
    step = _rule(explained, "flat").steps[0]
    assert (step.text, step.held) == (f'only when member.attributes.diet == "vegan": {word}', holds)
    assert _rule(explained, "flat").fired is holds


def test_every_gate_is_told_also_behind_the_one_that_closed() -> None:
    rules = [
        flat(
            5,
            tiers=["gold"],
            min_total_minor=5000,
            lines={"skus": ["A"]},
            schedule={"until": "2026-12-31", "hours": {"from": "09:00", "until": "11:00"}},
        )
    ]
    assert steps_of(told(line(1000, sku="A"), rules=rules, tiers=TIERS), "flat") == [
        "only for gold, and the tier was silver: did not hold",
        "only until 2026-12-31, and it was 2026-03-02: held",
        "only from 09:00 until 11:00, and it was 12:00: did not hold",
        "only from a total of 50.00, and it was 10.00: did not hold",
        "only with goods of A: held",
    ]


def test_rules_that_were_stopped_or_ended_or_are_for_events_say_so() -> None:
    rules = [
        per_spend(),
        flat(1, "alone", stacking="exclusive"),
        flat(2, "old", state="ended"),
        {"code": "welcome", "per_event": {"kind": "enrolled", "points": 9}},
    ]
    explained = told(line(1000), rules=rules)
    assert {rule.rule: rule.text for rule in explained.rules} == {
        "alone": "1 point per purchase",
        "base": "alone earns alone",
        "old": "has ended",
        "welcome": "is for enrolled, not for purchases",
    }


def test_a_dry_run_tells_how_it_would_have_come_to_its_points_and_that_nothing_waits() -> None:
    tried = per_spend(2, 300, code="tried", state="dry_run", carry_over=True)
    explained = told(line(1000), rules=[per_spend(), tried])
    rule = _rule(explained, "tried")
    assert (rule.fired, rule.points, rule.would_give) == (False, 0, 6)
    assert rule.text == "is a dry run: would have given 6"
    assert steps_of(explained, "tried") == [
        "the whole earning base: 10.00",
        "whole steps of 3.00 in 10.00: 3",
        "3 × 2 = 6",
    ]
    assert explained.carried == []


def test_an_exclusive_multiplier_is_named_as_the_one_that_stopped_others_even_if_it_added_nothing() -> None:
    rules = [per_spend(), multiplier(1, "one", stacking="exclusive"), multiplier(2, "two")]
    assert _rule(told(line(1000), rules=rules), "two").text == "one earns alone"


def test_a_base_below_zero_counts_as_zero_and_says_so() -> None:
    lines = (line(500, kind="gift_card"), line(-250, kind="discount"))
    explained = told(*lines, rules=[per_spend()])
    assert explained.base.text == "2.50 bought, of which 5.00 does not earn: -2.50, which counts as 0"
    assert steps_of(explained)[:2] == ["the whole earning base: -2.50", "-2.50 is below zero and counts as 0"]


@SEEDED
@given(cases())
def test_the_watched_walk_decides_what_the_walk_does(case: Case) -> None:
    basket = case.basket()
    sets = LineSets(case.compiled, basket.lines)
    trace, earnings = earn(case.compiled, basket, sets, Trace)
    decision = decide(case.compiled, basket)
    assert earnings == decision.earnings
    assert trace.rests == decision.rests
    assert trace.short == decision.short


@SEEDED
@given(cases())
def test_an_explanation_says_what_the_answer_and_the_quote_say_and_is_told_in_every_language(case: Case) -> None:
    basket, decision = case.basket(), case.decide()
    names = [each.line for each in basket.lines]
    english, *others = (
        explain(case.compiled, case.parsed, basket, speech_of(language, "EUR"), names) for language in LANGUAGES
    )
    because = {each.rule: each.because for each in decision.earnings}
    because |= {each.rule: each.why for each in unfired(case.compiled, basket, decision)}
    assert {rule.rule: rule.text for rule in english.rules} == because
    assert english.points == decision.points == sum(rule.points for rule in english.rules)
    assert english.base.base_minor == decision.base_minor
    for other in others:
        assert [(rule.rule, rule.points, [step.kind for step in rule.steps]) for rule in other.rules] == [
            (rule.rule, rule.points, [step.kind for step in rule.steps]) for rule in english.rules
        ]


@SEEDED
@given(cases())
def test_every_equation_in_the_steps_is_true(case: Case) -> None:
    names = [each.line for each in case.lines]
    explained = explain(case.compiled, case.parsed, case.basket(), speech_of("en", "EUR"), names)
    for rule in explained.rules:
        for step in rule.steps:
            equation = re.fullmatch(r"(?:r\d: )?([-0-9. ×−+()]+) = (-?[0-9.]+)(?: more)?", step.text)
            if step.kind in ("points", "multiplied") and equation:
                assert _worked_out(equation[1]) == Fraction(equation[2]), step.text


def _worked_out(expression: str) -> Fraction:
    """The value of an expression with ×, +, − and brackets, exactly."""
    exact = re.sub(r"\d+(?:\.\d+)?", lambda found: f"Fraction('{found[0]}')", expression)
    return eval(exact.replace("×", "*").replace("−", "-"), {"Fraction": Fraction})
