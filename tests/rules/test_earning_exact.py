"""Any rules on any basket: what must hold whatever is bought, against a second way of working it out by hand."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import earn
from loyalty_api.domain.earning.trace import Trace
from loyalty_api.domain.purchases.command import PurchaseLine
from tests.make.any_rules import Case, cases
from tests.rules.by_hand import by_hand

MANY = settings(max_examples=250, deadline=None, derandomize=True)
SEEDED = settings(MANY, max_examples=80)


@MANY
@given(cases())
def test_the_engine_gives_what_is_worked_out_by_hand_to_the_last_point(case: Case) -> None:
    decision = case.decide()
    expected = by_hand(case.document, case.lines, case.tier, case.inputs)
    assert {each.rule: each.points for each in decision.earnings} == expected.points
    assert decision.points == sum(expected.points.values())
    assert decision.rests == expected.rests
    assert {each.rule: each.points for each in decision.dry_runs} == expected.dry_runs
    uncounted = {rule["code"] for rule in case.document["earning_rules"] if not rule.get("counts_for_tier", True)}
    assert decision.counted == max(0, sum(given for code, given in expected.points.items() if code not in uncounted))


@SEEDED
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(case: Case, shuffler: random.Random) -> None:
    shuffled = shuffler.sample(case.lines, len(case.lines))
    assert case.decide(shuffled) == case.decide()


@SEEDED
@given(cases(), st.data())
def test_two_lines_of_the_same_goods_are_as_good_as_one(case: Case, data: st.DataObject) -> None:
    if not case.lines:
        return
    place = data.draw(st.integers(0, len(case.lines) - 1))
    first, second = _parts(case.lines[place], data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, 10**6)))
    assert case.decide([*case.lines[:place], first, second, *case.lines[place + 1 :]]) == case.decide()


@SEEDED
@given(cases())
def test_each_base_and_its_extras_add_up_to_its_one_rounding(case: Case) -> None:
    basket = case.basket()
    trace, _ = earn(case.compiled, basket, LineSets(case.compiled, basket.lines), Trace)
    fixed = sum(points for code, points in trace.unclipped.items() if _is_flat(case, code))
    assert sum(trace.unclipped.values()) - fixed == sum(stages[-1].whole for stages in trace.stages.values())


@SEEDED
@given(cases())
def test_no_limit_is_ever_crossed_and_each_that_clips_says_so(case: Case) -> None:
    rules = {rule["code"]: rule for rule in case.document["earning_rules"]}
    decision = case.decide()
    assert decision.points >= 0
    for earning in decision.earnings:
        limits = dict(case.inputs.rooms.get(earning.rule, {}))
        per_purchase = rules[earning.rule].get("caps", {}).get("per_purchase")
        if per_purchase is not None:
            limits["caps.per_purchase"] = per_purchase
        assert all(earning.points <= limit for limit in limits.values())
        assert earning.limited_by in (None, "earned") or earning.points == limits[earning.limited_by]


def _is_flat(case: Case, code: str) -> bool:
    return any(rule["code"] == code and "flat" in rule for rule in case.document["earning_rules"])


def _parts(whole: PurchaseLine, millionths: int, others: int) -> tuple[PurchaseLine, PurchaseLine]:
    """A line in two: shares of its money and tax, and of its quantity."""
    amount, tax = (part * millionths // 10**6 for part in (whole.amount_minor, whole.tax_minor))
    quantity = round(whole.quantity * Decimal(others) / 10**6, 6)
    first = msgspec.structs.replace(whole, amount_minor=amount, tax_minor=tax, quantity=quantity)
    rest = {"amount_minor": whole.amount_minor - amount, "tax_minor": whole.tax_minor - tax}
    return first, msgspec.structs.replace(whole, **rest, quantity=whole.quantity - quantity)
