"""What is wrong with a condition, in words that a marketer understands, and where."""

from __future__ import annotations

import pytest

from loyalty_api.domain.programs.conditions import check_condition
from loyalty_api.domain.programs.document import About
from tests.make.conditions import TIERS

FAULTS: list[tuple[str, str]] = [
    # what it says is not true or false
    ("purchase.total_minor", "must be true or false, but `purchase.total_minor` is a whole number"),
    ("member.segments", "must be true or false, but `member.segments` is a list"),
    ('member.tier == "gold" ? 1 : 2', "must be true or false, but the whole is a whole number"),
    ("member.attributes.vip", "must be true or false; compare the value, such as member.attributes.vip == true"),
    # names
    (
        "purchase.totl_minor > 1",
        "`purchase.totl_minor` is not known here (at character 1); did you mean purchase.total_minor?",
    ),
    ("1 < total_minor", "`total_minor` is not known here (at character 5); did you mean purchase.total_minor?"),
    ("member.tier == gold", '`gold` is not known here (at character 16); text goes in quotes: "gold"'),
    ("purchase.till == 1", "known here: purchase.total_minor, purchase.base_minor, purchase.currency"),
    ('event.kind == "x"', "`event.kind` is not known here (at character 1): event.… is for per_event rules only"),
    ("today() == 1", "`today` is no function here"),
    ('member.tier.matches("g.*")', "use startsWith, endsWith, contains or in"),
    ('purchase.lines.exists(l.sku == "a")', "`exists` names the elements first, such as exists(line, "),
    ("package == 1", "`package` is a word of the language"),
    (
        'purchase.lines.exists(l, l.skuu == "A")',
        "`skuu` is not a field of a line; did you mean sku?",
    ),
    (
        "purchase.lines.filter(l, l.amount_minor > 5).exists(m, m.quantity > 1)",
        "`quantity` is not a field of a line; known here: sku, category, labels, kind, amount_minor",
    ),
    ('purchase.lines[0]["colour"] == "red"', "`colour` is not a field of a line"),
    # words that never come
    ('member.tier == "goold"', '"goold" is not a tier; the tiers are bronze, silver, gold'),
    ('member.tier in ["gold", "platinum"]', '"platinum" is not a tier'),
    ('"friday" != purchase.weekday', '"friday" is never purchase.weekday; it is one of mon, tue, wed'),
    ('purchase.lines.exists(l, l.kind == "gift")', '"gift" is never the kind of a line; it is one of product'),
    # types
    ('purchase.total_minor == "a"', "`==` cannot compare a whole number with text (at character 22)"),
    ("purchase.total_minor > 20.50", "money is in minor units, such as 2050 for 20.50 (at character 22)"),
    ("2 < purchase.hour < 5", "`<` cannot compare true or false with a whole number (at character 19)"),
    ('"a" in purchase.store', "`in` cannot look for text in text (at character 5)"),
    ("purchase.hour && true", "`&&` goes with what is true or false, not with a whole number (at character 15)"),
    ('member.segments.contains("x")', "`contains` does not work with a list and text"),
    ('member.tier + "x" == "y"', "`+` does not work with text and text (at character 13)"),
    ('purchase.lines.sku == "A"', "a list has no fields, so `.` cannot follow it (at character 15)"),
    # writing
    ("", "ends too early"),
    ("member.tier ==", "ends too early: something is missing at its end"),
    ("(member.birthday", "ends too early"),
    ("member.birthday)", "cannot be read from `)` on (at character 16)"),
    ('member.tier = "gold"', 'cannot be read from `= "gold"` on (at character 13); write =='),
    ("purchase.hour => 5", "write >="),
    ("purchase.hour ≥ 5", "write >="),
    (
        "member.birthday and purchase.hour < 5",
        "cannot be read from `and purchase.hour <` on (at character 17); write &&",
    ),
    ("member.birthday OR true", "write ||"),
    ("not member.birthday", "write !"),
    ("member.tier == “gold”", 'text goes in straight quotes, such as "gold"'),
    ("member.tier == 'gold", "a quote is open"),
    ("purchase.total_minor >= 2,000", "amounts are in minor units without separators"),
    ('"é" == member.tier && purchase.hours > 1', "`purchase.hours` is not known here (at character 23)"),
    ("member.birthday\n&& purchase.hours > 1", "(line 2, character 4)"),
    ("\ud800", "must be text"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS, ids=[ascii(text)[:40] for text, _ in FAULTS])
def test_a_fault_of_a_condition_says_what_is_wrong_and_where(text: str, words: str) -> None:
    assert words in (check_condition(text, "purchase", TIERS) or "faultless")


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ("purchase", "true"),
        ("purchase", 'member.tier == "" || member.tier in ["silver", "gold"]'),
        ("purchase", 'purchase.weekday in ["sat", "sun"] && !(purchase.hour in [12, 13])'),
        ("purchase", 'purchase.lines.map(l, l.amount_minor).exists(a, a * 2 > 500 + 1) // twice "the price"'),
        ("purchase", 'purchase.lines.exists(purchase, purchase.sku == "A")'),
        ("purchase", "purchase.lines.exists_one(l, l.category == member.attributes['favourite drink'])"),
        ("event", 'event.kind == "review.written" && has(event.data.stars) && event.data.stars >= 4'),
        ("event", 'member.attributes.first + member.attributes.second > 3 && "tea" in member.segments'),
    ],
)
def test_a_condition_without_faults_is_taken_as_it_is(about: About, text: str) -> None:
    assert check_condition(text, about, TIERS) is None


def test_several_faults_of_a_condition_are_told_at_once() -> None:
    fault = check_condition('purchase.totl_minor > 1 && member.teir == "gold"', "purchase")
    assert fault is not None
    assert "did you mean purchase.total_minor?; " in fault
    assert "did you mean member.tier?" in fault


def test_tiers_that_are_not_given_are_not_checked() -> None:
    assert check_condition('member.tier == "platinum"', "purchase") is None
    assert check_condition('member.tier == "platinum"', "purchase", []) == (
        '"platinum" is not a tier; the program has no tiers'
    )


def test_very_long_names_and_very_many_faults_are_told_in_part() -> None:
    for text in ("a" * 1000, "purchase.a" * 90, "?" * 1000, " + ".join(["x == 1"] * 20), "é" * 1000):
        assert len(check_condition(text, "purchase") or "") in range(1, 500)
