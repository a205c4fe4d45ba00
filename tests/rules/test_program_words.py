"""What changes in a program, in sentences; and that every field of the document has some."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from loyalty_api.domain.programs import words
from loyalty_api.domain.programs.diff import diff_documents
from loyalty_api.domain.programs.document import Document, EarningRule, Level
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.programs.words import Sides, words_of
from tests.make.program import BASE_RULE, TIERS, make_document

# Changes by which nothing is told, because a code names what changes: another code is another entry.
NAMED_BY_CODE = {"earning_rules.*.code", "tiers.levels.*.code", "rewards.*.code"}


def document(**changes: Any) -> Document:
    return read_document(make_document(program="club", **changes))


def told(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    """All sentences from one document to another."""
    old = None if before is None else document(**before)
    return [line for change in diff_documents(old, document(**after)) for line in change.words.splitlines()]


def rule(**changes: Any) -> dict[str, Any]:
    """A document with one rule that is like the base rule but for changes."""
    return {"earning_rules": [BASE_RULE | changes]}


def spends(points: Decimal | int, per_minor: int = 100) -> dict[str, Any]:
    return {"per_spend": {"points": points, "per_minor": per_minor}}


def levels(**starts: int) -> dict[str, Any]:
    return {"tiers": {"levels": [{"code": code, "from": start} for code, start in starts.items()]}}


YEAR = {"months": 12, "round_up_to": "month_end"}
NOVEMBER = {"from": "2026-11-01", "until": "2026-12-31"}
STORIES = [
    (rule(), rule(**spends(2)), "Rule base gives 2 points per 1.00 EUR instead of 1"),
    (rule(), rule(**spends(1, 200)), "Rule base gives 1 point per 2.00 EUR instead of 1 point per 1.00 EUR"),
    (rule(**spends(2)), rule(**spends(1)), "Rule base gives 1 point per 1.00 EUR instead of 2"),
    (rule(), rule(**spends(Decimal("1500.5"))), "Rule base gives 1,500.5 points per 1.00 EUR instead of 1"),
    (rule(), rule(schedule=NOVEMBER), "Rule base now works from 1 Nov 2026 until 31 Dec 2026 (before: at any time)"),
    (rule(schedule={"until": "2026-12-31"}), rule(), "Rule base now works at any time (before: until 31 Dec 2026)"),
    (rule(), rule(tiers=["silver", "gold"]), "Rule base now works for tier silver or gold (before: for every tier)"),
    (
        rule(),
        rule(caps={"per_purchase": 5000}),
        "Rule base now gives at most 5,000 points per purchase (before: ",
    ),
    (rule(), rule(state="ended"), "Rule base has ended"),
    (rule(state="ended"), rule(), "Rule base is live now (before: ended)"),
    (rule(), rule(state="dry_run"), "Rule base is only told now, as a dry run (before: live)"),
    (rule(), rule(schedule={}), "Rule base still works at any time"),
    (rule(), {"earning_rules": []}, "Rule base is removed"),
    ({}, {"engagement": {"phone_kinds": ["app_open", "b"]}}, "Phones may now record app_open and b (before: nothing)"),
    (
        levels(a=0, gold=120000),
        levels(a=0, gold=150000),
        "Tier gold starts from 1,500.00 EUR instead of 1,200.00",
    ),
    (levels(a=0), levels(a=0, gold=150000), "New tier gold from 1,500.00 EUR"),
    (levels(a=0, gold=150000), levels(a=0), "Tier gold is removed"),
    ({"tiers": TIERS}, {"tiers": None}, "The tiers bronze, silver and gold are removed"),
    (
        {},
        {"points": {"expiry": YEAR}},
        "Points now expire 12 months after they are earned, rounded up to the month's end (before: never)",
    ),
    (
        {"points": {"pending": {"days": 3}}},
        {"points": {"pending": {"days": 3}, "expiry": {"days": 1}}},
        "Points now expire 1 day after they become available (before: never)",
    ),
    ({}, {"points": {"expiry": {"on": "12-31"}}}, "Points now expire every year at the end of 31 December"),
    (
        {"tiers": TIERS},
        {"tiers": TIERS | {"window": "calendar_year"}},
        "Tiers now count over the calendar year (before: over the last 12 months)",
    ),
    (
        {"tiers": TIERS | {"window": "calendar_year"}},
        {"tiers": TIERS | {"window": "lifetime"}},
        "Tiers now count over a member's whole life (before: over the calendar year)",
    ),
    (
        {"tiers": TIERS},
        {"tiers": TIERS | {"downgrade": {"grace_days": 30, "steps": "full"}}},
        "A tier is now lost after 30 days of grace, down to the tier that is still reached"
        " (before: without grace, one tier at a time)",
    ),
    (
        {},
        {"adjustments": {"limits": {"manage": 100, "admin": 5000}}},
        "Alone, staff may now adjust at most 100 points with a key of scope manage, 5,000 points with a key of scope"
        " admin (before: any number of points)",
    ),
    ({}, {"points": {"rounding": "ceil"}}, "Points are now rounded up (before: down)"),
    (
        {},
        {"earning_base": {"shipping": "included"}},
        "Shipping now counts for points (before: does not count",
    ),
]


@pytest.mark.parametrize(("before", "after", "sentence"), STORIES, ids=[story[2] for story in STORIES])
def test_a_change_is_told_in_a_sentence(before: dict[str, Any], after: dict[str, Any], sentence: str) -> None:
    (line,) = told(before, after)
    assert line.startswith(sentence)


def test_a_new_rule_is_told_whole() -> None:
    friday = {
        "code": "friday",
        "flat": 50,
        "schedule": NOVEMBER | {"weekdays": ["fri"]},
        "min_total_minor": 2000,
    }
    narrow = {
        "code": "narrow",
        "per_unit": 10,
        "lines": {"skus": ["a", "b"], "categories": ["c"], "exclude": {"labels": ["old"]}},
        "claims_lines": True,
        "stacking": "last",
        "priority": 9,
        "state": "dry_run",
    }
    assert told(rule(), {"earning_rules": [BASE_RULE, friday, narrow]}) == [
        "New rule friday: 50 points per purchase, on Fridays, from 1 Nov 2026 until 31 Dec 2026,"
        " from a total of 20.00 EUR",
        "New rule narrow: 10 points per unit, on lines of category c or SKU a or b, but not of label old,"
        " with priority 9, as the last (when it gives points, the rules behind it give none),"
        " claiming its lines, so that wider rules do not see them, as a dry run",
    ]


def test_a_new_program_is_told_without_what_was_before() -> None:
    lines = told(None, {"points": {"expiry": YEAR}})
    assert "Points expire 12 months after they are earned, rounded up to the month's end" in lines
    assert "The currency is EUR" in lines
    assert "New rule base: 1 point per 1.00 EUR" in lines
    assert "New tier silver from 500.00 EUR" in lines
    assert not [line for line in lines if "now" in line or "before" in line]


def test_fields_that_one_sentence_tells_together_tell_the_same() -> None:
    before, after = document(points={"expiry": {"months": 6}}), document(points={"expiry": {"days": 90}})
    changes = diff_documents(before, after)
    assert len(changes) == 2
    assert {each.words for each in changes} == {
        "Points now expire 90 days after they are earned (before: 6 months after they are earned)"
    }


def test_a_text_never_makes_a_second_line() -> None:
    assert told({}, {"name": "Coffee\nClub\u2028!"}) == ["The program is now called Coffee Club ! (before: nothing)"]


@pytest.mark.parametrize(
    ("where", "old", "new", "sentence"),
    [
        ("points.half_life", None, 3, "Points, half life: 3 (before: nothing)"),
        ("surveys.five.money_off.amount_minor", 1, 5000, "Surveys, five, money off, amount minor: 5,000 (before: 1)"),
        ("surveys.five", {"points": 5}, None, "Surveys, five, points: nothing (before: 5)"),
        ("earning_rules.base.moon", [], ["new", "full"], "Earning rules, base, moon: new and full (before: nothing)"),
        ("earning_rules.base.moon.full", True, False, "Earning rules, base, moon, full: no (before: yes)"),
        (
            "earning_rules.base.caps",
            None,
            {"per_member": 5},
            "Earning rules, base, caps: per member 5 (before: nothing)",
        ),
        ("earning_rules.base.state", "live", "asleep", "Earning rules, base, state: asleep (before: live)"),
        ("points.rounding", "floor", "dice", "Points are now rounded dice (before: down)"),
        ("tiers.levels.gold.perks", None, {"a": 1, "b": None}, "Tiers, levels, gold, perks: a 1 (before: nothing)"),
    ],
)
def test_a_field_without_words_is_told_by_its_name(where: str, old: Any, new: Any, sentence: str) -> None:
    sides = Sides(nested(where, old), nested(where, new))
    assert words_of(where, old, new, sides) == sentence


def test_a_new_rule_with_a_field_without_words_tells_that_too() -> None:
    sides = Sides(
        {"earning_rules": {}},
        {"currency": "EUR", "earning_rules": {"r": {"code": "r", "flat": 1, "state": "live", "full_moon": True}}},
    )
    assert words_of("earning_rules.r", None, {"flat": 1}, sides) == "New rule r: 1 point per purchase, full moon yes"


def nested(where: str, value: Any) -> dict[str, Any]:
    """Plain values of a document in which one place holds a value."""
    for name in reversed(where.split(".")):
        value = {name: value}
    return value


# --- every field ------------------------------------------------------------------------------------------------------

TEXTS = ["a", "b", "EUR", "USD", "DE", "AT", "2026-11-01", "2026-12-31", "12-31", "06-30", "12:00", "17:30"]
FIELDS = {Document: "", EarningRule: "earning_rules.*.", Level: "tiers.levels.*.", Reward: "rewards.*."}


def variants(kind: inspect.Type) -> list[Any]:
    """Values of a type, as written, neighbours different in one field only."""
    if isinstance(kind, inspect.Metadata):
        return variants(kind.type)
    if isinstance(kind, inspect.StructType):
        least = {field.encode_name: variants(field.type)[0] for field in kind.fields if field.required}
        pairs = ((field.encode_name, each) for field in kind.fields for each in variants(field.type))
        return [least | {name: each} for name, each in pairs if each is not None]
    if isinstance(kind, inspect.UnionType):
        return [each for option in kind.types for each in variants(option)]
    if isinstance(kind, inspect.ListType):
        if isinstance(kind.item_type, inspect.StructType):  # entries with a code: walked as types of their own
            return [[variants(kind.item_type)[0]]]
        items = variants(kind.item_type)
        return [[], *([each] for each in items), items]
    if isinstance(kind, inspect.LiteralType):
        return list(kind.values)
    if isinstance(kind, inspect.IntType):
        return [(kind.ge or 0) + 2, (kind.ge or 0) + 3]
    if isinstance(kind, inspect.DecimalType):
        return [2, 3]
    simple = {inspect.NoneType: [None], inspect.BoolType: [False, True]}
    if type(kind) in simple:
        return simple[type(kind)]
    return [text for text in TEXTS if re.search(getattr(kind, "pattern", None) or "^[ab]$", text)]


def pairs() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every field of the document, with two documents that differ in a part of it."""
    for kind, prefix in FIELDS.items():
        for field in inspect.type_info(kind).fields:  # type: ignore[attr-defined]
            place = prefix + field.encode_name
            for old, new in itertools.pairwise(variants(field.type)):
                yield place, whole(kind, field.encode_name, old), whole(kind, field.encode_name, new)


def whole(kind: type, name: str, value: Any) -> dict[str, Any]:
    """A document whose entry of a kind has a field with a value; not one that would be published."""
    plain = make_document(program="club")
    if kind is Document:
        return plain | {name: value}
    if kind is Level:
        return plain | {"tiers": {"levels": [{"code": "gold", "from": 1} | {name: value}]}}
    return plain | {"rewards" if kind is Reward else "earning_rules": [{"code": "one"} | {name: value}]}


def test_every_list_of_entries_with_a_code_is_walked() -> None:
    coded = {kind for kind in structs(inspect.type_info(Document)) if hasattr(kind, "code")}
    assert coded == FIELDS.keys() - {Document}


def structs(kind: inspect.Type) -> Iterator[type]:
    """Every struct type inside."""
    if isinstance(kind, inspect.StructType):
        yield kind.cls
        for field in kind.fields:
            yield from structs(field.type)
    for inner in (getattr(kind, "type", None), getattr(kind, "item_type", None), *getattr(kind, "types", ())):
        if inner is not None:
            yield from structs(inner)


@pytest.mark.parametrize("place", sorted({place for place, _, _ in pairs()} - NAMED_BY_CODE))
def test_every_part_of_every_field_has_words_of_its_own(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """None tells less than what changed: the same two documents the other way round are told differently."""
    monkeypatch.setattr(words, "_by_name", unspoken)
    tried = 0
    for each, before, after in pairs():
        if each != place:
            continue
        old, new = (msgspec.convert(side, Document, strict=False) for side in (before, after))
        there, back = ([change.words for change in diff_documents(*way)] for way in ((old, new), (new, old)))
        assert all(there), (before, after)
        if old != new:
            assert sorted(there) != sorted(back), (there, back)
            tried += 1
        assert all(change.words for change in diff_documents(None, new) if change.after)
    assert tried


def unspoken(path: tuple[str, ...], _sides: Sides) -> str:
    raise AssertionError(f"{'.'.join(path)} has no words in domain/programs/words.py")
