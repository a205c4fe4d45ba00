"""POST /v1/quotes: the same decision as the purchase that follows, and nothing written."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import PRESENT, Shop

RULES = [
    BASE_RULE,
    {"code": "beans", "per_unit": 10, "lines": {"skus": ["ESP"]}, "claims_lines": True},
    {"code": "silver-double", "multiplier": 2, "tiers": ["silver"]},
    {"code": "monday", "flat": 20, "schedule": {"weekdays": ["mon"], "hours": {"from": "09:00", "until": "11:00"}}},
    {"code": "big", "flat": 50, "min_total_minor": 20_000, "stacking": "last", "priority": -1},
    {"code": "summer", "flat": 1, "schedule": {"from": "2026-06-01"}},
    {"code": "tried", "flat": 7, "state": "dry_run"},
    {"code": "old", "flat": 7, "state": "ended"},
]


def quote(shop: Shop, purchase: dict[str, Any], **options: Any) -> Any:
    return shop.call("POST", "/v1/quotes", {k: v for k, v in purchase.items() if k != "reference"}, **options)


@pytest.fixture
def ruled(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop(earning_rules=RULES)


def test_a_quote_says_what_every_rule_would_give_or_why_not(ruled: Shop) -> None:
    member = ruled.enrol()
    lines = [make_line(500, sku="ESP", quantity=2), make_line(90)]
    answer = quote(ruled, make_purchase(member["card"], lines=lines, occurred_at="2026-03-02T10:30:00Z"))
    assert answer.status_code == 200, answer.text
    points = answer.json()["points"]
    assert {each["rule"]: each["points"] for each in points["earnings"]} == {"beans": 20}
    assert {each["rule"]: each["why"] for each in points["not_fired"]} == {
        "base": "1 point per 1.00: what is left to it, after other rules claimed their goods, is too little",
        "big": "only from a total of 200.00",
        "monday": "only from 09:00 until 11:00",
        "old": "has ended",
        "silver-double": "only for silver; the tier is bronze",
        "summer": "starts on 2026-06-01",
        "tried": "is a dry run: would have given 7",
    }
    assert answer.json()["tier"] == {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 49_410}}


def test_stopped_and_excluded_rules_name_who_did_it(make_shop: Callable[..., Shop]) -> None:
    rules = [BASE_RULE, {"code": "first", "flat": 1, "stacking": "last", "priority": 5}]
    shop = make_shop(earning_rules=rules)
    member = shop.enrol()
    told = quote(shop, make_purchase(member["card"], 1000)).json()["points"]
    assert told["not_fired"] == [{"rule": "base", "why": "first stops the rules behind it"}]
    shop.publish(earning_rules=[BASE_RULE, {"code": "first", "flat": 1, "stacking": "exclusive"}])
    told = quote(shop, make_purchase(member["card"], 1000, occurred_at=PRESENT)).json()["points"]
    assert told["not_fired"] == [{"rule": "base", "why": "first earns alone"}]


def test_a_multiplier_whose_points_are_rounded_away_does_not_blame_the_rule_that_it_multiplies(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, {"code": "tenth-more", "multiplier": 1.1}])
    member = shop.enrol()
    told = quote(shop, make_purchase(member["card"], 900)).json()["points"]
    why = "1.1 times the points: after rounding, that changes nothing"
    assert (told["earned"], told["not_fired"]) == (9, [{"rule": "tenth-more", "why": why}])
    told = quote(shop, make_purchase(member["card"], 90)).json()["points"]
    assert told["not_fired"][1]["why"] == "no rule that it multiplies gave points on its goods"


def test_a_step_that_is_still_not_whole_is_told_with_what_waited_of_it(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(
        earning_rules=[{"code": "fifty", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True}]
    )
    member = shop.enrol()
    bought = shop.buy(member, 6000)
    returned = {"reference": "back", "source": "s", "purchase": {"id": bought["id"]}, "occurred_at": PRESENT}
    assert shop.call("POST", "/v1/returns", returned | {"amount_minor": 2000}).status_code == 201
    told = quote(shop, make_purchase(member["card"], 500)).json()["points"]
    assert told["not_fired"][0]["why"] == ("1 point per 50.00, and with what waited from before there is 45.00")


def test_quotes_are_the_purchases_that_follow_over_random_baskets(ruled: Shop) -> None:
    draw = random.Random(20_261_124)
    members = [ruled.enrol() for _ in range(4)]
    for _ in range(80):
        member = draw.choice(members)
        lines = [
            make_line(draw.randrange(30_000), sku=draw.choice(["ESP", "TEA"]), quantity=draw.randrange(4))
            for _ in range(draw.randrange(1, 6))
        ]
        instant = f"2026-0{draw.randrange(1, 3)}-{draw.randrange(1, 29):02}T{draw.randrange(24):02}:30:00Z"
        purchase = make_purchase(member["card"], lines=lines, occurred_at=instant)
        quoted = quote(ruled, purchase).json()
        bought = ruled.post(purchase).json()
        fired = {name: quoted["points"][name] for name in ("earned", "pending", "earnings")}
        assert (fired, quoted["tier"]) == (bought["points"], bought["tier"])
        rules = {each["rule"] for part in ("earnings", "not_fired") for each in quoted["points"][part]}
        assert rules == {rule["code"] for rule in RULES}


async def test_a_quote_writes_nothing(ruled: Shop, database_url: str) -> None:
    member = ruled.enrol()
    connection = await asyncpg.connect(database_url)
    try:
        before = await _everything(connection, member["id"])
        assert quote(ruled, make_purchase(member["card"], 60_000)).json()["tier"]["changed"] is True
        assert await _everything(connection, member["id"]) == before
    finally:
        await connection.close()


async def _everything(connection: asyncpg.Connection, member_id: str) -> dict[str, list]:
    tables = ("balances", "member_tiers", "tier_days", "tier_moves", "transfers", "lots", "purchases", "outbox")
    return {t: await connection.fetch(f"SELECT * FROM {t} WHERE member_id = $1", member_id) for t in tables}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"member": {"identifier": "card:0000"}}, 404, "member.not_found"),
        ({"currency": "USD"}, 422, "purchase.wrong_currency"),
        ({"total_minor": 7}, 422, "request.invalid"),
        ({"occurred_at": "2026-03-03T12:00:00Z"}, 422, "purchase.in_the_future"),
        ({"reference": "R-1"}, 422, "request.invalid"),
    ],
)
def test_a_quote_is_refused_for_what_the_purchase_would_be(
    shop: Shop, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {k: v for k, v in make_purchase(shop.enrol()["card"], 1000).items() if k != "reference"} | changes
    answer = shop.call("POST", "/v1/quotes", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_program_without_tiers_quotes_none(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=None)
    assert TIERS not in shop.document.values()
    assert quote(shop, make_purchase(shop.enrol()["card"], 1000)).json()["tier"] is None
