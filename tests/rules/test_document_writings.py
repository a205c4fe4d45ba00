"""YAML and JSON are two writings of one document, and writing it out reads back the same."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.programs.diff import diff_documents
from loyalty_api.domain.programs.document import Document, decode_document, encode_document
from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import InvalidDocument
from loyalty_api.domain.programs.yaml import read_yaml, write_yaml
from tests.make.program import BASE_RULE, make_document

COFFEE_CLUB = """
program: coffee-club
mode: test
name: Coffee Club
currency: EUR
time_zone: Europe/Berlin
region: DE
points:
  name: beans
  rounding: nearest
  pending: {days: 2}
  expiry: {on: "12-31"}
purchases: {before_enrolment: earn, late_days: 30}
earning_base: {tax: excluded, shipping: included}
tiers:
  measure: spend
  window: {months: 6}
  downgrade: {grace_days: 30, steps: full}
  levels:
    - {code: bronze, from: 0}
    - {code: silver, from: 50000}
earning_rules:
  - {code: base, per_spend: {points: 1.5, per_minor: 100}}
  - code: happy-days
    multiplier: 2.25
    tiers: [silver]
    lines: {categories: [coffee], exclude: {labels: [outlet]}}
    schedule: {from: 2026-11-01, until: "2026-12-31"}
  - {code: on, per_unit: 0.1}
  - {code: "123", flat: 7}
"""
COFFEE_CLUB_JSON = {
    "program": "coffee-club",
    "mode": "test",
    "name": "Coffee Club",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "region": "DE",
    "points": {"name": "beans", "rounding": "nearest", "pending": {"days": 2}, "expiry": {"on": "12-31"}},
    "purchases": {"before_enrolment": "earn", "late_days": 30},
    "earning_base": {"tax": "excluded", "shipping": "included"},
    "tiers": {
        "measure": "spend",
        "window": {"months": 6},
        "downgrade": {"grace_days": 30, "steps": "full"},
        "levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 50000}],
    },
    "earning_rules": [
        {"code": "base", "per_spend": {"points": 1.5, "per_minor": 100}},
        {
            "code": "happy-days",
            "multiplier": 2.25,
            "tiers": ["silver"],
            "lines": {"categories": ["coffee"], "exclude": {"labels": ["outlet"]}},
            "schedule": {"from": "2026-11-01", "until": "2026-12-31"},
        },
        {"code": "on", "per_unit": 0.1},
        {"code": "123", "flat": 7},
    ],
}


def from_yaml(text: str) -> Document:
    return read_document(read_yaml(text)[0])


def from_json(value: object) -> Document:
    return read_document(read_json(json.dumps(value).encode()))


def refusal_of(text: str) -> str:
    with pytest.raises(InvalidDocument) as refused:
        from_yaml(text)
    return refused.value.detail


def test_yaml_and_json_are_the_same_document() -> None:
    assert from_yaml(COFFEE_CLUB) == from_json(COFFEE_CLUB_JSON)


def test_the_key_on_is_a_word_and_so_are_yes_and_off() -> None:
    expiry = from_yaml(COFFEE_CLUB).points.expiry
    assert getattr(expiry, "on", None) == "12-31"
    assert read_yaml("on: yes\noff: No\ny: n")[0] == {"on": "yes", "off": "No", "y": "n"}


def test_dates_are_text_and_decimals_are_exact() -> None:
    assert read_yaml("a: 2026-11-01\nb: 0.1\nc: 1.10\nd: 010\ne: 1_000\nf: 0x10\ng: .5\nh: 1e3")[0] == {
        "a": "2026-11-01",
        "b": Decimal("0.1"),
        "c": Decimal("1.10"),
        "d": 10,
        "e": "1_000",
        "f": "0x10",
        "g": ".5",
        "h": "1e3",
    }


def test_a_decimal_keeps_its_value_through_both_writings() -> None:
    for document in (from_yaml(COFFEE_CLUB), from_json(COFFEE_CLUB_JSON)):
        assert document.earning_rules[2].per_unit == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("program: a\nprogram: b", "program is said twice (line 2)"),
        ("points:\n  name: a\n  name: b", "points.name is said twice (line 3)"),
        ("tiers: &t {levels: []}\nother: *t", "anchors and aliases"),
        ("program: [a", "is not YAML"),
        ("a: b: c", "is not YAML"),
        ("program: a\n---\nprogram: b", "is not YAML"),
        ("? [a, b]\n: c", "a field's name must be a word (line 1)"),
        ("\tprogram: a", "is not YAML"),
        ("program: \x00", "is not YAML"),
        ("", "must be a group of fields, not empty"),
        ("- a", "must be a group of fields, not a list"),
        ("[" * 5000, "document"),
        ("program: !!python/object:os.system {}", "program"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, words: str) -> None:
    assert words in refusal_of(text)


def test_every_place_knows_its_line() -> None:
    _, lines = read_yaml(COFFEE_CLUB)
    assert lines["currency"] == 5
    assert lines["tiers.levels[1].from"] == 21
    assert lines["earning_rules[1].schedule.until"] == 28


def test_what_is_written_out_reads_back_the_same() -> None:
    document = from_json(COFFEE_CLUB_JSON)
    assert from_yaml(write_yaml(document)) == document
    assert decode_document(encode_document(document)) == document
    assert read_document(read_json(encode_document(document))) == document


def test_written_yaml_means_the_same_to_other_readers_of_yaml() -> None:
    """Also to one that takes on, yes and dates for something else than words."""
    document = from_json(COFFEE_CLUB_JSON | {"name": "yes"})
    plain = yaml.safe_load(write_yaml(document))
    assert plain["name"] == "yes"
    assert plain["points"]["expiry"]["on"] == "12-31"
    assert plain["earning_rules"][1]["schedule"]["from"] == "2026-11-01"
    assert plain["earning_rules"][3]["code"] == "123"


def test_settings_at_their_default_are_left_out_of_the_writing() -> None:
    written = write_yaml(from_json(make_document(program="club", points={"rounding": "floor"}, tiers=None)))
    assert not any(line.startswith(("points", "tiers")) for line in written.splitlines())


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=30)
RATES = st.decimals(min_value="0.000001", max_value="1000", places=6)
RULES = st.one_of(
    st.builds(lambda points, per: {"per_spend": {"points": points, "per_minor": per}}, RATES, st.integers(1, 10**15)),
    st.builds(lambda points: {"per_unit": points}, RATES),
    st.builds(lambda points: {"flat": points}, st.integers(1, 10**12)),
    st.builds(lambda factor: {"multiplier": factor}, RATES),
)
CODES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    codes = draw(st.lists(CODES, max_size=4, unique=True))
    rules = [{"code": code} | draw(RULES) for code in codes]
    for rule in rules:
        if draw(st.booleans()) and "multiplier" not in rule:
            rule["lines"] = {
                "skus": draw(st.lists(TEXTS, max_size=3)),
                "exclude": {"labels": draw(st.lists(TEXTS, max_size=2))},
            }
        if draw(st.booleans()):
            rule["schedule"] = {"from": str(draw(st.dates()))}
    return make_document(name=draw(TEXTS), points={"name": draw(TEXTS)}, earning_rules=rules)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(documents())
def test_any_document_survives_both_writings(raw: dict[str, Any]) -> None:
    document = read_document(raw)
    assert from_yaml(write_yaml(document)) == document
    assert read_document(read_json(encode_document(document))) == document


# --- what changed ------------------------------------------------------------------------------------------------


def changes(before: Document | None, after: Document) -> list[str]:
    return [change.text for change in diff_documents(before, after)]


def club(**changed: Any) -> Document:
    return from_json(make_document(program="club", **changed))


def test_nothing_changed_is_no_change_whatever_the_writing() -> None:
    assert changes(from_yaml(COFFEE_CLUB), from_json(COFFEE_CLUB_JSON)) == []
    explicit = club(points={"rounding": "floor", "expiry": "never"})
    assert changes(club(), explicit) == []


def test_a_change_is_one_line_that_names_rules_by_their_code() -> None:
    extra = {"code": "friday", "flat": 50}
    double = {"code": "base", "per_spend": {"points": 2, "per_minor": 100}}
    before, after = club(earning_rules=[BASE_RULE]), club(earning_rules=[extra, double], name="Club")
    assert changes(before, after) == [
        "+ name: Club",
        "+ earning_rules.friday: {flat: 50}",
        "~ earning_rules.base.per_spend.points: 1 → 2",
    ]
    assert changes(after, before) == [
        "~ earning_rules.base.per_spend.points: 2 → 1",
        "- earning_rules.friday: {flat: 50}",
        "- name: Club",
    ]


def test_a_threshold_that_moves_is_told_by_its_tier() -> None:
    after = club(tiers={"levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 60_000}]})
    assert changes(club(), after) == [
        "~ tiers.levels.silver.from: 50000 → 60000",
        "- tiers.levels.gold: {from: 150000}",
    ]


def test_the_order_of_rules_is_no_change_because_it_changes_nothing() -> None:
    one, other = BASE_RULE, {"code": "friday", "flat": 50}
    assert changes(club(earning_rules=[one, other]), club(earning_rules=[other, one])) == []


def test_a_new_program_is_all_additions() -> None:
    assert all(line.startswith("+ ") for line in changes(None, club()))


def test_removing_the_last_rule_is_told_by_its_code() -> None:
    assert changes(club(), club(earning_rules=[])) == [
        "- earning_rules: {base: {per_spend: {points: 1, per_minor: 100}}}"
    ]
