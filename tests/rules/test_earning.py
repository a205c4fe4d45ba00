"""The arithmetic of earning rules, by example."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from loyalty_api.domain.earning.rules import Earning
from tests.make.earning import by_rule, earn, flat, line, multiplier, per_spend, per_unit


@pytest.mark.parametrize(("amount", "points"), [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2), (1390, 13)])
def test_spend_counts_whole_steps_only(amount: int, points: int) -> None:
    assert earn(line(amount), rules=[per_spend()]).points == points


def test_steps_are_counted_over_all_lines_together_not_line_by_line() -> None:
    assert earn(line(150), line(150), rules=[per_spend()]).points == 3


@pytest.mark.parametrize(
    ("rounding", "rate", "points"),
    [
        ("floor", "0.5", 1),
        ("nearest", "0.5", 2),
        ("ceil", "0.5", 2),
        ("floor", "0.4", 1),
        ("nearest", "0.4", 1),
        ("ceil", "0.4", 2),
        ("nearest", "0.499999", 1),
        ("ceil", "0.333334", 2),
        ("floor", "0.999999", 2),
    ],
)
def test_a_fraction_of_a_point_is_rounded_as_the_program_says(rounding: str, rate: str, points: int) -> None:
    decision = earn(line(300), rules=[per_spend(Decimal(rate))], points={"rounding": rounding})
    assert decision.points == points


def test_a_half_point_is_rounded_up_by_nearest_whether_the_whole_is_odd_or_even() -> None:
    halves = [earn(line(100 * n), rules=[per_spend(Decimal("0.5"))], points={"rounding": "nearest"}) for n in (1, 3, 5)]
    assert [decision.points for decision in halves] == [1, 2, 3]


def test_rounding_comes_after_multiplying() -> None:
    decision = earn(line(300), rules=[per_spend(Decimal("0.5")), multiplier(3)])
    assert by_rule(decision) == {"base": 1, "times": 3}  # floor(1.5 × 3) = 4, not 3 × floor(1.5) = 3


def test_each_base_rule_is_rounded_by_itself() -> None:
    rules = [per_spend(Decimal("0.5")), per_spend(Decimal("0.5"), code="second")]
    assert by_rule(earn(line(300), rules=rules)) == {"base": 1, "second": 1}


def test_a_multiplier_adds_to_spend_and_unit_rules_but_never_to_flat_points() -> None:
    rules = [per_spend(), per_unit(10), flat(7), multiplier(2)]
    assert by_rule(earn(line(500, quantity=2), rules=rules)) == {"base": 5, "units": 20, "times": 25, "flat": 7}


def test_two_multipliers_multiply_each_other_where_their_lines_meet() -> None:
    rules = [
        per_spend(),
        multiplier(2, "coffee", lines={"categories": ["coffee"]}),
        multiplier(3, "fair", lines={"labels": ["fair"]}),
    ]
    both = line(100, category="coffee", labels=["fair"])
    one = line(100, category="coffee")
    other = line(100, category="tea", labels=["fair"])
    assert earn(both, rules=rules).points == 6
    assert earn(one, rules=rules).points == 2
    assert earn(other, rules=rules).points == 3
    assert earn(both, one, other, line(100), rules=rules).points == 6 + 2 + 3 + 1


def test_a_multiplier_counts_the_steps_of_its_own_lines_alone() -> None:
    rules = [per_spend(), multiplier(2, lines={"categories": ["coffee"]})]
    decision = earn(line(150, category="coffee"), line(150), rules=rules)
    assert by_rule(decision) == {"base": 3, "times": 1}  # 1 whole step of 1.50


def test_a_multiplier_below_one_takes_points_off_and_never_below_zero() -> None:
    assert by_rule(earn(line(500), rules=[per_spend(), multiplier(Decimal("0.5"))])) == {"base": 5, "times": -3}
    assert earn(line(500), rules=[per_spend(), multiplier(0)]).points == 0


def test_a_multiplier_without_a_base_rule_gives_nothing() -> None:
    assert earn(line(500), rules=[multiplier(5)]).earnings == []


def test_a_rule_says_what_it_gave_on_what_and_why() -> None:
    rules = [
        per_spend(Decimal("1.5"), lines={"categories": ["coffee"], "exclude": {"labels": ["outlet"]}}),
        per_unit(2, lines={"skus": ["ESP-250"]}),
        flat(50, lines={"skus": ["ESP-250"]}),
        multiplier(Decimal("1.50"), tiers=["gold"]),
    ]
    decision = earn(line(1000, sku="ESP-250", category="coffee", quantity="2.50"), rules=rules, tier="gold")
    assert decision.earnings == [
        Earning("base", 1, 15, "1.5 points per 1.00 on 10.00 of coffee without outlet", base_minor=1000),
        Earning("units", 1, 5, "2 points per unit on 2.5 of ESP-250", units=Decimal("2.5")),
        Earning("times", 1, 9, "1.5 times the points on 10.00 for gold", base_minor=1000),
        Earning("flat", 1, 50, "50 points per purchase with goods of ESP-250"),
    ]


@pytest.mark.parametrize(
    ("currency", "words"), [("JPY", "1 point per 100 on 1390"), ("KWD", "1 point per 0.100 on 1.390")]
)
def test_amounts_are_written_with_the_digits_of_the_currency(currency: str, words: str) -> None:
    assert earn(line(1390), rules=[per_spend()], currency=currency).earnings[0].because == words


def test_a_rule_that_gives_nothing_is_not_listed() -> None:
    assert earn(line(99), rules=[per_spend()]).earnings == []


@pytest.mark.parametrize(
    ("kind", "switch"), [("shipping", {"shipping": "included"}), ("gift_card", {"gift_cards": "included"})]
)
def test_shipping_and_gift_cards_earn_only_when_the_program_lets_them_in(kind: str, switch: dict[str, str]) -> None:
    lines = (line(1000), line(500, kind=kind, quantity=1))
    without, with_ = earn(*lines, rules=[per_spend()]), earn(*lines, rules=[per_spend()], earning_base=switch)
    assert (without.points, without.base_minor) == (10, 1000)
    assert (with_.points, with_.base_minor) == (15, 1500)


def test_tax_earns_unless_the_program_leaves_it_out() -> None:
    taxed = line(1190, tax_minor=190)
    included, excluded = (
        earn(taxed, rules=[per_spend()]),
        earn(taxed, rules=[per_spend()], earning_base={"tax": "excluded"}),
    )
    assert (included.points, included.base_minor) == (11, 1190)
    assert (excluded.points, excluded.base_minor) == (10, 1000)


def test_the_tax_of_a_discount_comes_off_the_tax() -> None:
    lines = (line(1190, tax_minor=190), line(-119, kind="discount", tax_minor=-19))
    assert earn(*lines, rules=[per_spend()], earning_base={"tax": "excluded"}).base_minor == 900


def test_a_discount_lowers_the_base_and_a_base_below_zero_earns_nothing() -> None:
    assert earn(line(1000), line(-250, kind="discount"), rules=[per_spend()]).points == 7
    below = earn(line(500, kind="gift_card"), line(-250, kind="discount"), rules=[per_spend()])
    assert (below.points, below.base_minor) == (0, 0)


def test_fees_earn_by_money_and_only_goods_count_as_units() -> None:
    lines = (line(200, kind="fee", quantity=1), line(300, quantity=3), line(-50, kind="discount", quantity=1))
    assert by_rule(earn(*lines, rules=[per_spend(), per_unit()])) == {"base": 4, "units": 3}


def test_a_gift_card_counts_as_a_unit_when_gift_cards_are_let_in() -> None:
    card = line(500, kind="gift_card", quantity=2)
    assert earn(card, rules=[per_unit()]).points == 0
    assert earn(card, rules=[per_unit()], earning_base={"gift_cards": "included"}).points == 2


COFFEE = line(1000, sku="ESP-250", category="coffee", labels=["fair", "new"])
OUTLET = line(1000, sku="ESP-OLD", category="coffee", labels=["outlet"])
TEA = line(1000, sku="TEA-1", category="tea")
BARE = line(1000)


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        ({"categories": ["coffee"]}, [COFFEE, OUTLET]),
        ({"skus": ["TEA-1", "ESP-250"]}, [COFFEE, TEA]),
        ({"labels": ["new"]}, [COFFEE]),
        ({"categories": ["tea"], "labels": ["outlet"]}, [OUTLET, TEA]),
        ({"exclude": {"categories": ["coffee"]}}, [TEA, BARE]),
        ({"categories": ["coffee"], "exclude": {"labels": ["outlet"]}}, [COFFEE]),
        ({"categories": ["coffee"], "exclude": {"skus": ["ESP-250"]}}, [OUTLET]),
        ({"skus": ["ESP-250"], "exclude": {"categories": ["coffee"]}}, []),
        ({"categories": ["COFFEE"]}, []),
        ({}, [COFFEE, OUTLET, TEA, BARE]),
    ],
)
def test_a_rule_sees_the_lines_that_its_scope_names_and_does_not_exclude(scope: dict, seen: list) -> None:
    decision = earn(COFFEE, OUTLET, TEA, BARE, rules=[per_spend(lines=scope)])
    assert decision.points == 10 * len(seen)
    flat_points = earn(COFFEE, OUTLET, TEA, BARE, rules=[flat(5, lines=scope)]).points
    assert flat_points == (5 if seen else 0)


def test_a_rule_for_tiers_works_for_those_who_hold_one_of_them() -> None:
    rules = [per_spend(tiers=["silver", "gold"])]
    held = {tier: earn(line(500), rules=rules, tier=tier).points for tier in ("bronze", "silver", "gold", None)}
    assert held == {"bronze": 0, "silver": 5, "gold": 5, None: 0}


def test_a_schedule_includes_its_first_and_its_last_day() -> None:
    rules = [per_spend(schedule={"from": "2026-11-01", "until": "2026-12-31"})]
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [earn(line(100), rules=rules, day=day).points for day in days] == [0, 1, 1, 0]


def test_a_schedule_may_be_open_on_either_side() -> None:
    since, until = per_spend(schedule={"from": "2026-11-01"}), per_spend(schedule={"until": "2026-11-01"})
    days = [date(1990, 1, 1), date(2026, 11, 1), date(9999, 12, 31)]
    assert [earn(line(100), rules=[since], day=day).points for day in days] == [0, 1, 1]
    assert [earn(line(100), rules=[until], day=day).points for day in days] == [1, 1, 0]
