"""Faults of a program document: each at its place, all at once, in words that say what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import InvalidDocument
from tests.make.program import BASE_RULE, TIERS, make_document


def faults_of(raw: object) -> dict[str, str]:
    with pytest.raises(InvalidDocument) as refused:
        read_document(raw)
    return {error.field: error.message for error in refused.value.errors}


def levels(*values: tuple[str, Any]) -> dict[str, Any]:
    return {"levels": [{"code": code, "from": value} for code, value in values]}


def rules(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": f"rule-{number}"} | rule for number, rule in enumerate(changed)]


EVENT = {"per_event": {"kind": "review.written", "points": 5}}
COUNT = 'purchase.lines.filter(line, line.sku == "A").size() > 2'
SPEND = {"per_spend": {"points": 1, "per_minor": 100}}
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    # how rules stand beside each other, and when they work
    (
        {"earning_rules": rules(SPEND | {"claims_lines": True})},
        "earning_rules[0].claims_lines",
        "names skus, categories",
    ),
    (
        {"earning_rules": rules(SPEND | {"claims_lines": True, "lines": {"exclude": {"skus": ["A"]}}})},
        "earning_rules[0].claims_lines",
        "names skus, categories or labels",
    ),
    (
        {"earning_rules": rules({"multiplier": 2, "claims_lines": True, "lines": {"skus": ["A"]}})},
        "earning_rules[0].claims_lines",
        "goes with a rule that gives points",
    ),
    (
        {"earning_rules": rules(SPEND | {"claims_lines": "yes"})},
        "earning_rules[0].claims_lines",
        "must be true or false",
    ),
    (
        {"earning_rules": rules(SPEND | {"stacking": "solo"})},
        "earning_rules[0].stacking",
        "must be exclusive or last or",
    ),
    ({"earning_rules": rules(SPEND | {"state": "off"})}, "earning_rules[0].state", "must be dry_run or ended or live"),
    (
        {"earning_rules": rules(SPEND | {"priority": 1001})},
        "earning_rules[0].priority",
        "whole number from -1,000 to 1,000",
    ),
    (
        {"earning_rules": rules(SPEND | {"min_total_minor": 0})},
        "earning_rules[0].min_total_minor",
        "must be a whole number",
    ),
    (
        {"earning_rules": rules(SPEND | {"caps": {"per_purchase": 0}})},
        "earning_rules[0].caps.per_purchase",
        "from 1 to",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"weekdays": ["friday"]}})},
        "earning_rules[0].schedule.weekdays[0]",
        "must be fri or mon or",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"hours": {"from": "7pm"}}})},
        "earning_rules[0].schedule.hours.from",
        "must be a time of the day in quotes, such as '17:30'",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"hours": {"until": "24:01"}}})},
        "earning_rules[0].schedule.hours.until",
        "24:01 is not a time of the day",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"hours": {"from": "22:00", "until": "02:00"}}})},
        "earning_rules[0].schedule.hours.until",
        "for hours across midnight, write two rules",
    ),
    (
        {"earning_rules": rules(*[SPEND | {"state": "dry_run"}] * 11)},
        "earning_rules",
        "11 rules are dry runs; at most 10",
    ),
    # conditions, and rules about events
    (
        {"earning_rules": rules(SPEND, SPEND | {"when": "purchase.totl_minor > 1"})},
        "earning_rules[1].when",
        "did you mean purchase.total_minor?",
    ),
    ({"earning_rules": rules(SPEND | {"when": "purchase.hour"})}, "earning_rules[0].when", "must be true or false"),
    ({"earning_rules": rules(SPEND | {"when": True})}, "earning_rules[0].when", "must be text of 1 to 1000 characters"),
    ({"earning_rules": rules(SPEND | {"when": "1 < 2" + " " * 1000})}, "earning_rules[0].when", "1 to 1000 characters"),
    (
        {"earning_rules": rules(SPEND | {"when": 'member.tier == "platinum"'})},
        "earning_rules[0].when",
        "is not a tier; the tiers are bronze, silver, gold",
    ),
    (
        {"earning_rules": rules(EVENT | {"when": "purchase.hour < 12"})},
        "earning_rules[0].when",
        "purchase.… is for rules about purchases, and this is a per_event rule",
    ),
    ({"earning_rules": rules(*[SPEND | {"when": COUNT}] * 18)}, "earning_rules", "steps for every line of a purchase"),
    ({"earning_rules": rules(EVENT | {"lines": {"skus": ["A"]}})}, "earning_rules[0].lines", "rules about purchases"),
    ({"earning_rules": rules(EVENT | {"claims_lines": True})}, "earning_rules[0].claims_lines", "about purchases"),
    ({"earning_rules": rules(EVENT | {"min_total_minor": 5})}, "earning_rules[0].min_total_minor", "about purchases"),
    (
        {"earning_rules": rules(EVENT | {"caps": {"per_purchase": 5}})},
        "earning_rules[0].caps.per_purchase",
        "about purchases",
    ),
    ({"earning_rules": rules(EVENT | {"multiplier": 2})}, "earning_rules[0]", "not per_event and multiplier"),
    (
        {"earning_rules": rules({"per_event": {"kind": "Enrolled!", "points": 5}})},
        "earning_rules[0].per_event.kind",
        "must be a kind of event in small letters, such as enrolled or review.written, not 'Enrolled!'",
    ),
    ({"earning_rules": rules({"per_event": {"kind": "a"}})}, "earning_rules[0].per_event.points", "is missing"),
    # settings
    ({"program": "Coffee Club"}, "program", "must be a code: small letters, digits, - and _, such as gold-double"),
    ({"program": ""}, "program", "must be a code"),
    ({"program": "a" * 65}, "program", "must be a code"),
    ({"program": 7}, "program", "must be a code"),
    ({"currency": "euro"}, "currency", "must be a currency code of three capital letters, such as EUR, not 'euro'"),
    ({"currency": "XQX"}, "currency", "XQX is not a currency of ISO 4217, such as EUR"),
    ({"time_zone": "Berlin"}, "time_zone", "'Berlin' is not a time zone, such as Europe/Berlin"),
    ({"time_zone": "../../etc/passwd"}, "time_zone", "is not a time zone"),
    ({"region": "Germany"}, "region", "must be a country code of two capital letters, such as DE"),
    ({"region": "XX"}, "region", "XX is not a country, such as DE"),
    ({"mode": "demo"}, "mode", "must be live or test, not 'demo'"),
    ({"mode": True}, "mode", "must be live or test, not true"),
    ({"name": 7}, "name", "must be text of 1 to 200 characters, not 7"),
    ({"name": "x" * 201}, "name", "must be text of 1 to 200 characters"),
    ({"name": "a\x00b"}, "name", "must be text of 1 to 200 characters"),
    ({"nmae": "Coffee Club"}, "nmae", "is not a field here; did you mean name?"),
    ({"surveys": []}, "surveys", "is not a field here"),
    ({"earning_rules": rules(SPEND | {"code": "base\n"})}, "earning_rules[0].code", "must be a code"),
    ({"currency": "EUR\n"}, "currency", "must be a currency code"),
    # points
    ({"points": []}, "points", "must be a group of fields, not a list"),
    ({"points": {"rounding": "up"}}, "points.rounding", "must be ceil or floor or nearest, not 'up'"),
    ({"points": {"pending": {}}}, "points.pending", "must say either days or until"),
    ({"points": {"pending": {"days": 1, "until": "shipped"}}}, "points.pending", "must say either days or until"),
    ({"points": {"pending": {"days": -1}}}, "points.pending.days", "must be a whole number from 0 to 3,660, not -1"),
    ({"points": {"expiry": "sometimes"}}, "points.expiry", "must be never, or a group of fields, not 'sometimes'"),
    ({"points": {"expiry": {}}}, "points.expiry", "must say one of days, months, inactivity_days and on; or be never"),
    ({"points": {"expiry": {"days": 1, "months": 1}}}, "points.expiry", "must say one of"),
    ({"points": {"expiry": {"months": 1.5}}}, "points.expiry.months", "must be a whole number from 1 to 120, not 1.5"),
    (
        {"points": {"expiry": {"months": True}}},
        "points.expiry.months",
        "must be a whole number from 1 to 120, not true",
    ),
    ({"points": {"expiry": {"days": 0}}}, "points.expiry.days", "must be a whole number from 1 to 3,660, not 0"),
    (
        {"points": {"expiry": {"days": 9, "round_up_to": "month_end"}}},
        "points.expiry.round_up_to",
        "goes with months only",
    ),
    ({"points": {"expiry": {"on": "02-29"}}}, "points.expiry.on", "02-29 is not a day that every year has"),
    ({"points": {"expiry": {"on": "13-01"}}}, "points.expiry.on", "13-01 is not a day that every year has"),
    ({"points": {"expiry": {"on": 1231}}}, "points.expiry.on", "must be a month and a day in quotes, such as '12-31'"),
    # tiers
    ({"tiers": {"levels": []}}, "tiers.levels", "must have 1 to 50 entries"),
    ({"tiers": levels(("a", 10))}, "tiers.levels[0].from", "the first tier starts from 0"),
    ({"tiers": levels(("a", 0), ("b", 0))}, "tiers.levels[1].from", "must be more than that of the tier before"),
    ({"tiers": levels(("a", 0), ("a", 5))}, "tiers.levels[1].code", "a is used twice"),
    ({"tiers": levels(("a", 0), ("b", -5))}, "tiers.levels[1].from", "must be a whole number from 0 to"),
    ({"tiers": {"levels": [{"code": "a"}]}}, "tiers.levels[0].from", "is missing"),
    (
        {"tiers": TIERS | {"measure": "visits"}},
        "tiers.measure",
        "must be points_earned or purchases or spend, not 'visits'",
    ),
    ({"tiers": TIERS | {"window": {"months": 0}}}, "tiers.window.months", "must be a whole number from 1 to 120"),
    (
        {"tiers": TIERS | {"window": "yearly"}},
        "tiers.window",
        "must be calendar_year or lifetime, or a group of fields",
    ),
    ({"tiers": TIERS | {"downgrade": {"steps": "two"}}}, "tiers.downgrade.steps", "must be full or one"),
    ({"tiers": TIERS | {"window": {"month": 6}}}, "tiers.window.month", "did you mean months?"),
    # rules
    ({"earning_rules": None}, "earning_rules", "must be a list, not empty"),
    ({"earning_rules": {"base": SPEND}}, "earning_rules", "must be a list, not a group of fields"),
    ({"earning_rules": ["base"]}, "earning_rules[0]", "must be a group of fields, not 'base'"),
    ({"earning_rules": [SPEND]}, "earning_rules[0].code", "is missing"),
    ({"earning_rules": [BASE_RULE, BASE_RULE]}, "earning_rules[1].code", "base is used twice"),
    (
        {"earning_rules": rules({})},
        "earning_rules[0]",
        "must say one of per_spend, per_unit, flat, per_event, multiplier",
    ),
    ({"earning_rules": rules(SPEND | {"flat": 5})}, "earning_rules[0]", "not per_spend and flat"),
    (
        {"earning_rules": rules({"per_spend": {"points": 0, "per_minor": 100}})},
        "earning_rules[0].per_spend.points",
        "must be more than 0",
    ),
    (
        {"earning_rules": rules({"per_spend": {"points": -1, "per_minor": 100}})},
        "earning_rules[0].per_spend.points",
        "must be a number from 0 to 1,000,000 with at most 6 decimals, not -1",
    ),
    (
        {"earning_rules": rules({"per_spend": {"points": "1", "per_minor": 100}})},
        "earning_rules[0].per_spend.points",
        "must be a number from 0 to 1,000,000 with at most 6 decimals, not '1'",
    ),
    ({"earning_rules": rules({"per_spend": {"points": 1}})}, "earning_rules[0].per_spend.per_minor", "is missing"),
    (
        {"earning_rules": rules({"per_spend": {"points": 1, "per_minor": 0}})},
        "earning_rules[0].per_spend.per_minor",
        "must be a whole number from 1 to 1,000,000,000,000,000, not 0",
    ),
    ({"earning_rules": rules({"per_unit": 0})}, "earning_rules[0].per_unit", "must be more than 0"),
    ({"earning_rules": rules({"flat": 0})}, "earning_rules[0].flat", "must be a whole number from 1 to"),
    ({"earning_rules": rules({"flat": 1.5})}, "earning_rules[0].flat", "must be a whole number from 1 to"),
    ({"earning_rules": rules({"multiplier": 1001})}, "earning_rules[0].multiplier", "must be at most 1,000"),
    (
        {"earning_rules": rules(SPEND | {"tiers": ["platinum"]})},
        "earning_rules[0].tiers[0]",
        "platinum is not a tier; the tiers are bronze, silver, gold",
    ),
    (
        {"tiers": None, "earning_rules": rules(SPEND | {"tiers": ["gold"]})},
        "earning_rules[0].tiers[0]",
        "gold is not a tier; the program has no tiers",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"from": "2026-02-30"}})},
        "earning_rules[0].schedule.from",
        "2026-02-30 is not a day of the calendar",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"from": "2026-12-31", "until": "2026-01-01"}})},
        "earning_rules[0].schedule.until",
        "must not be before from",
    ),
    (
        {"earning_rules": rules(SPEND | {"schedule": {"until": "31.12.2026"}})},
        "earning_rules[0].schedule.until",
        "must be a date in quotes, such as '2026-11-21'",
    ),
    ({"earning_rules": rules(SPEND | {"lines": {"sku": ["A"]}})}, "earning_rules[0].lines.sku", "did you mean skus?"),
    ({"earning_rules": rules(SPEND | {"lines": {"skus": "A"}})}, "earning_rules[0].lines.skus", "must be a list"),
    (
        {"earning_rules": rules(SPEND | {"lines": {"exclude": {"labels": [""]}}})},
        "earning_rules[0].lines.exclude.labels[0]",
        "must be text of 1 to 100 characters",
    ),
    ({"earning_rules": rules(*[SPEND] * 301)}, "earning_rules", "must have 0 to 300 entries"),
]


@pytest.mark.parametrize(
    ("changes", "place", "words"), FAULTS, ids=[f"{place}-{words[:24]}" for _, place, words in FAULTS]
)
def test_a_fault_is_told_at_its_place_and_says_what_to_write(changes: dict, place: str, words: str) -> None:
    found = faults_of(make_document() | changes)
    assert list(found) == [place]
    assert words in found[place]


def test_all_faults_are_told_at_once() -> None:
    found = faults_of(
        {
            "program": "Coffee Club",
            "currency": "euro",
            "mode": "demo",
            "points": {"rounding": "up", "expiry": {"months": 0}},
            "tiers": {"levels": [{"code": "bronze"}, {"from": "x"}]},
            "earning_rules": [{"code": "base", "per_spend": {"points": "one"}}, {"flat": 0}],
            "colour": "brown",
        }
    )
    assert sorted(found) == [
        "colour",
        "currency",
        "earning_rules[0].per_spend.per_minor",
        "earning_rules[0].per_spend.points",
        "earning_rules[1].code",
        "earning_rules[1].flat",
        "mode",
        "points.expiry.months",
        "points.rounding",
        "program",
        "tiers.levels[0].from",
        "tiers.levels[1].code",
        "tiers.levels[1].from",
        "time_zone",
    ]


def test_all_faults_between_fields_are_told_at_once() -> None:
    found = faults_of(
        make_document(
            currency="XQX",
            time_zone="Berlin",
            tiers=levels(("a", 1), ("a", 1)),
            earning_rules=[{"code": "x"}, {"code": "x", "per_unit": 0, "tiers": ["b"]}],
        )
    )
    assert sorted(found) == [
        "currency",
        "earning_rules[0]",
        "earning_rules[1].code",
        "earning_rules[1].per_unit",
        "earning_rules[1].tiers[0]",
        "tiers.levels[0].from",
        "tiers.levels[1].code",
        "tiers.levels[1].from",
        "time_zone",
    ]


@pytest.mark.parametrize("raw", [None, [], "program", 7, True])
def test_what_is_no_group_of_fields_is_no_document(raw: object) -> None:
    assert faults_of(raw)["document"].startswith("must be a group of fields, not ")


def test_more_scoped_multipliers_than_can_be_weighed_are_a_fault() -> None:
    scoped = [{"code": f"m{n}", "multiplier": 2, "lines": {"skus": [f"S{n}"]}} for n in range(10)]
    assert list(faults_of(make_document(earning_rules=[SPEND | {"code": "base"}, *scoped]))) == ["earning_rules"]
    assert read_document(make_document(earning_rules=[SPEND | {"code": "base"}, *scoped[:9]]))
    assert read_document(make_document(earning_rules=scoped)), "with nothing to multiply there is nothing to weigh"


def test_faults_of_fields_and_faults_between_fields_are_told_at_once() -> None:
    document = make_document(
        currency="Euro",
        time_zone="Moon",
        points={"rounding": "up", "expiry": {"months": 1, "days": 2}},
        tiers={"levels": [{"code": "bronze", "from": 5}, {"code": "silver", "from": "many"}]},
        earning_rules=[
            {"code": "a", "flat": "many"},
            {"code": "a", "flat": 1, "multiplier": 2},
            {"code": "b", "per_spend": {"points": 0, "per_minor": 100}, "schedule": {"from": "2026-13-01"}},
            {"code": "c", "flat": 1, "when": 'member.tier == "gold"'},
            {"code": "d", "flat": 1, "when": "member.age > 17"},
        ],
    )
    assert sorted(faults_of(document)) == [
        "currency",
        "earning_rules[0].flat",
        "earning_rules[1]",
        "earning_rules[1].code",
        "earning_rules[2].per_spend.points",
        "earning_rules[2].schedule.from",
        "earning_rules[4].when",
        "points.expiry",
        "points.rounding",
        "tiers.levels[0].from",
        "tiers.levels[1].from",
        "time_zone",
    ]


def test_a_very_long_wrong_value_is_quoted_in_part() -> None:
    assert len(faults_of(make_document() | {"currency": "x" * 10_000})["currency"]) < 200


def test_a_number_of_five_thousand_digits_is_a_fault_like_any_other() -> None:
    with pytest.raises(InvalidDocument):
        read_document(read_json(b'{"name": 1' + b"0" * 5000 + b"}"))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e99999999999999999999}', b"[" * 100_000]
)
def test_what_is_no_json_is_told_so(data: bytes) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read_document(read_json(data))
    assert refused.value.errors[0].field == "document"
