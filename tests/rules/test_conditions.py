"""Conditions hold or do not: every variable, what is missing, what they read, and how much work they may be."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.domain.programs.condition_limits import LINE_FIELDS, LINE_KINDS, WALKS_MAX
from loyalty_api.domain.programs.conditions import VARIABLES, Facts, check_condition, compile_condition
from loyalty_api.domain.purchases.command import LINES_MAX, PurchaseLine
from tests.make.conditions import BERLIN, TIERS, holds, make_event_facts, make_member, make_purchase_facts

LIBRARY_GIVES_UP_AT = 10_000

# text, changes of the purchase with which it holds, changes with which it does not
PURCHASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("purchase.total_minor >= 2000", {}, {"total_minor": 1999}),
    ("purchase.base_minor == 2400", {}, {"base_minor": 2401}),
    ('purchase.currency == "EUR"', {}, {"currency": "USD"}),
    ('purchase.store == "berlin-1"', {}, {"store": None}),
    ('purchase.employee == ""', {}, {"employee": "kim"}),
    ('purchase.channel in ["app", "web"]', {"channel": "web"}, {}),
    ('"MARCH" in purchase.coupons', {"coupons": ["A", "MARCH"]}, {"coupons": ["A"]}),
    ('purchase.lines.exists(line, line.sku.startsWith("ESP-"))', {}, {"lines": [PurchaseLine(amount_minor=5)]}),
    ('purchase.lines.exists(line, line.category == "coffee" && line.amount_minor >= 2500)', {}, {"lines": []}),
    ('purchase.lines.exists(line, "organic" in line.labels)', {}, {"lines": [PurchaseLine(amount_minor=5)]}),
    (
        'purchase.lines.all(line, line.kind == "product")',
        {},
        {"lines": [PurchaseLine(amount_minor=5, kind="shipping")]},
    ),
    (
        'purchase.lines.filter(line, line.category == "coffee").size() >= 2',
        {"lines": [PurchaseLine(amount_minor=5, category="coffee")] * 2},
        {},
    ),
    ("size(purchase.lines) == 1 && purchase.lines[0].amount_minor > 2000", {}, {"lines": []}),
    ('purchase.weekday == "mon"', {}, {"local": datetime(2026, 3, 3, 12, tzinfo=BERLIN)}),
    ("purchase.hour < 13", {}, {"local": datetime(2026, 3, 2, 13, tzinfo=BERLIN)}),
    ('member.tier == "gold"', {}, {"member": make_member(tier=None)}),
    ('member.tier == ""', {"member": make_member(tier=None)}, {}),
    ('"tea" in member.segments', {"member": make_member(segments=frozenset({"tea"}))}, {}),
    ("member.enrolled_days == 60", {}, {"member": make_member(enrolled_at=datetime(2026, 1, 2, tzinfo=UTC))}),
    ('member.attributes.diet == "vegan"', {"member": make_member(attributes={"diet": "vegan"})}, {}),
    ("member.attributes.kids > 1", {"member": make_member(attributes={"kids": 2})}, {}),
    ("member.birthday", {"member": make_member(birth_date=date(1980, 3, 2))}, {}),
    ("!member.birthday", {}, {"member": make_member(birth_date=date(1980, 3, 2))}),
    (
        "purchase.lines.exists(line, line.category == member.attributes.favourite)",
        {"member": make_member(attributes={"favourite": "coffee"})},
        {"member": make_member(attributes={"favourite": "tea"})},
    ),
]
EVENTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ('event.kind == "review.written"', {}, {"kind": "enrolled"}),
    ("event.data.stars >= 4", {}, {"data": {"stars": 3}}),
    ('event.data.products.exists(each, each == "ESP-250")', {"data": {"products": ["ESP-250"]}}, {}),
    ('member.tier == "gold"', {}, {"member": make_member(tier="silver")}),
]


@pytest.mark.parametrize(("text", "changes", "others"), PURCHASES, ids=[text for text, _, _ in PURCHASES])
def test_a_condition_sees_the_purchase_and_its_member(text: str, changes: dict, others: dict) -> None:
    assert holds(text, **changes)
    assert not holds(text, **others)


@pytest.mark.parametrize(("text", "changes", "others"), EVENTS, ids=[text for text, _, _ in EVENTS])
def test_a_condition_sees_the_event_and_its_member(text: str, changes: dict, others: dict) -> None:
    assert holds(text, "event", **changes)
    assert not holds(text, "event", **others)


def test_every_variable_is_shown_by_one_of_the_conditions_above() -> None:
    shown = {name for text, _, _ in PURCHASES for name in compile_condition(text, "purchase").names}
    shown |= {name for text, _, _ in EVENTS for name in compile_condition(text, "event").names}
    assert shown == VARIABLES["purchase"].keys() | VARIABLES["event"].keys()


@pytest.mark.parametrize(
    "text",
    [
        'member.attributes.diet == "vegan"',
        'member.attributes.diet != "vegan"',
        "purchase.total_minor / (purchase.hour - 12) > 0",
        "purchase.lines[7].amount_minor > 0",
        "purchase.total_minor + 9223372036854775807 > 0",
        "member.attributes.number > 1",
        "int(member.attributes.word) > 1",
        "timestamp(member.attributes.word) > timestamp('2026-01-01T00:00:00Z')",
    ],
)
def test_what_cannot_be_decided_does_not_hold(text: str) -> None:
    assert not holds(text, member=make_member(attributes={"number": "2", "word": "x"}))


@pytest.mark.parametrize(
    "text",
    [
        'has(member.attributes.diet) && member.attributes.diet == "vegan"',
        '"diet" in member.attributes && member.attributes["diet"] == "vegan"',
    ],
)
def test_an_optional_attribute_can_be_asked_for(text: str) -> None:
    assert holds(text, member=make_member(attributes={"diet": "vegan"}))
    assert not holds(text)
    assert holds(f"!({text})"), "that it is missing is decided, unlike the value itself"


def test_a_side_that_cannot_be_decided_does_not_matter_where_the_other_decides() -> None:
    assert holds('member.attributes.diet == "vegan" || member.tier == "gold"')
    assert not holds('member.attributes.diet == "vegan" || member.tier == "silver"')


@given(total=st.integers(0, 10**15), limits=st.lists(st.integers(0, 10**15), min_size=1, max_size=6), data=st.data())
def test_comparisons_joined_by_and_or_and_not_mean_what_they_say(total: int, limits: list[int], data: Any) -> None:
    text, expected = f"purchase.total_minor >= {limits[0]}", total >= limits[0]
    for limit in limits[1:]:
        joined = data.draw(st.sampled_from(["&&", "||"]))
        text = f"!({text}) {joined} purchase.total_minor < {limit}"
        expected = not expected and total < limit if joined == "&&" else not expected or total < limit
    assert holds(text, total_minor=total) is expected


@given(names=st.sets(st.sampled_from(sorted(VARIABLES["purchase"])), min_size=1))
def test_a_condition_tells_which_variables_it_reads(names: set[str]) -> None:
    asked = {"int": "{} > 0", "string": '{} != "x"', "bool": "{}", "list": "size({}) > 0", "map": "has({}.x)"}
    types = VARIABLES["purchase"]
    text = " || ".join(asked[types[name].split("<")[0]].format(name) for name in sorted(names))
    assert compile_condition(text, "purchase").names == names


def test_a_name_in_quotes_or_of_an_element_is_not_read() -> None:
    text = 'purchase.coupons.exists(member, member == "purchase.total_minor")'
    assert compile_condition(text, "purchase").names == {"purchase.coupons"}


def test_facts_that_lack_a_variable_are_a_bug_not_a_no() -> None:
    condition = compile_condition("purchase.hour < 12", "purchase")
    with pytest.raises(AssertionError, match="facts lack"):
        condition.holds(make_purchase_facts({"purchase.weekday"}))


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [*VARIABLES["purchase"], *"()[]{}.,!?:+-*/%<>=", "&&", "||", "==", "in", "1", '"a"', "l", "all"]
        ),
        max_size=12,
    ).map(" ".join),
)


@given(text=TEXTS)
def test_no_text_raises_and_one_without_faults_holds_or_does_not(text: str) -> None:
    for about, facts in (("purchase", make_purchase_facts()), ("event", make_event_facts())):
        fault = check_condition(text, about, TIERS)
        if fault is None:
            assert compile_condition(text, about).holds(facts) in (True, False)
        else:
            assert len(fault) < 1500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("purchase.lines.all(a, purchase.lines.all(b, true))", "a walk (all, exists, …) cannot stand inside another"),
        ("purchase.lines.filter(a, purchase.lines.exists(b, b == a)).size() > 0", "cannot stand inside another"),
        ("[1, 2].exists(a, [1, 2].exists(b, a == b))", "cannot stand inside another"),
        ("purchase.lines.all(a, a in purchase.lines)", "purchase.lines can be walked through"),
        ("purchase.lines.all(a, purchase.lines[0] == a)", "purchase.lines can be walked through"),
        ("purchase.lines == purchase.lines", "counted by size() and picked from by [0] only"),
        ("[purchase.lines].exists(l, size(l) > 1)", "purchase.lines can be walked through"),
        ("(purchase.lines + purchase.lines).all(l, true)", "`+` cannot join lists"),
        ("purchase.lines.exists(l, size(l.labels + l.labels) > 9)", "`+` cannot stand in a walk"),
        ("purchase.lines.exists(l, member.attributes == {})", "can be read at a key only"),
        (" || ".join(["purchase.lines.exists(l, true)"] * 9), "walks through lists 9 times; at most 8 times"),
        ('member.tier.matches("(a{100}){10}")', "`matches` is no function here"),
        ("(" * 400 + "true" + ")" * 400, "nested too deeply"),
        ("+".join(["1"] * 400) + " == 400", "too long a chain"),
        ('"' + '" + "'.join("a" * 100) + '" == ""', "too long a chain"),
    ],
)
def test_an_expression_that_could_stall_a_till_is_a_fault(text: str, words: str) -> None:
    assert words in (check_condition(text, "purchase") or "")


def test_a_faultless_condition_stays_within_what_the_library_goes_through() -> None:
    assert WALKS_MAX * LINES_MAX < LIBRARY_GIVES_UP_AT
    walk = 'purchase.lines.filter(l, l.sku == "").size() == 0'
    lines = [PurchaseLine(amount_minor=1, sku="A")] * LINES_MAX
    assert holds(" && ".join([walk] * WALKS_MAX), lines=lines)


def test_a_list_beyond_what_the_library_goes_through_does_not_hold() -> None:
    condition = compile_condition("event.data.all.all(each, each == 0)", "event")
    assert condition.holds(Facts("event", {"event.data": {"all": [0] * (LIBRARY_GIVES_UP_AT - 1)}}))
    assert not condition.holds(Facts("event", {"event.data": {"all": [0] * LIBRARY_GIVES_UP_AT}}))


def test_the_work_per_line_is_counted_where_lists_are_walked_through() -> None:
    def steps(text: str) -> int:
        return compile_condition(text, "purchase").steps_per_line

    assert steps('member.tier == "gold" && size(purchase.lines) > 1') == 0
    small, large = steps("purchase.lines.exists(l, true)"), steps("purchase.lines.exists(l, l.amount_minor > 5)")
    assert 0 < small < large
    assert steps("purchase.lines.exists(l, true) || purchase.lines.exists(l, true)") == 2 * small
    assert steps("purchase.lines.filter(l, true).size() > 1") > large, "filter copies what it has found"


def test_the_fields_and_kinds_of_a_line_are_those_of_a_purchase() -> None:
    assert make_purchase_facts().values["purchase.lines"][0].keys() == set(LINE_FIELDS)
    assert get_args(get_type_hints(PurchaseLine)["kind"]) == LINE_KINDS
