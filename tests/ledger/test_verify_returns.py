"""`verify` decides every return again: it finds what a superuser did to what one owed, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_line
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

RULES = [
    BASE_RULE,
    {"code": "double", "multiplier": 2, "min_total_minor": 2000},
    {"code": "latte", "flat": 5, "when": "purchase.total_minor >= 1500"},
    {"code": "fifty", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True},
]
MINE = "SELECT return_id FROM returns WHERE member_id = $1 ORDER BY return_id LIMIT 1"
FIRST, SECOND = f"WHERE return_id = ({MINE})", f"WHERE return_id = ({MINE} OFFSET 1)"


def rewritten(column: str, old: str, new: str, which: str = FIRST) -> str:
    """A statement that rewrites a part of a return's JSON."""
    text = f"{column}::text"
    return f"UPDATE returns SET {column} = replace({text}, '{old}', '{new}')::json {which} AND {text} LIKE '%{old}%'"


TAMPERINGS = {
    "points moved from rule to rule": rewritten("by_rule", '"base":10,"double":10', '"base":11,"double":9'),
    "a rule that owes nothing": rewritten("by_rule", '"latte":5', '"lotte":5', SECOND),
    "a part of a line": rewritten("lines", '"amount_minor":1000', '"amount_minor":900'),
    "another amount": f"UPDATE returns SET amount_minor = amount_minor + 1 {FIRST}",
    "a rest that was left": rewritten("rests", '"fifty":2000', '"fifty":1999'),
    "what the rest changed by": rewritten("carry_change", '"fifty":-1000', '"fifty":-999'),
    "what the tier lost": f"UPDATE returns SET tier_value = tier_value - 1 {FIRST}",
    "a line that is none of the purchase": rewritten("lines", '"index":0', '"index":7'),
    "lines that nobody can read": rewritten("lines", '"index":0', '"index":true'),
}


@pytest.fixture(scope="module")
def returner(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """A member who brought a purchase back in parts, and had another voided; then another version. The member's id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {"earning_rules": RULES, "tiers": TIERS})
        member = shop.enrol()
        bought = shop.buy(member, lines=[make_line(1000, line="1", quantity=2), make_line(2000, line="2")])
        voided = shop.buy(member, 2500)
        for number, part in enumerate(({"lines": [{"line": "1"}]}, {"amount_minor": 700})):
            back(shop, bought, f"back-{number}", **part)
        assert shop.call("POST", f"/v1/purchases/{voided['id']}/void").status_code == 201
        shop.publish(earning_rules=[{"code": "base", "per_spend": {"points": 7, "per_minor": 100}}])
        return member["id"]


def back(shop: Shop, bought: dict[str, Any], reference: str, **part: Any) -> None:
    named = {"reference": reference, "purchase": {"id": bought["id"]}, "occurred_at": "2026-03-02T11:00:00Z"}
    answer = shop.call("POST", "/v1/returns", named | part)
    assert answer.status_code == 201, answer.text


@pytest.fixture
async def superuser(own_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may do anything."""
    connection = await asyncpg.connect(own_database_url)
    yield connection
    await connection.close()


async def test_returns_that_nobody_touched_come_out_the_same(returner: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.findings == []
    assert report.checked["returns"] == report.checked["returns_decided"] == 3


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_a_tampered_return_is_found(returner: str, superuser: asyncpg.Connection, name: str) -> None:
    report = await verify_tampered(superuser, TAMPERINGS[name], returner)
    assert "decision" in {finding.law for finding in report.findings}, report.findings
    assert {str(each.member_id) for each in report.findings} == {returner}


async def test_a_return_that_owes_a_point_less_by_its_own_rules_is_found(
    returner: str, superuser: asyncpg.Connection
) -> None:
    rule = "replace(by_rule::text, '\"base\":10', '\"base\":9')::json"
    statement = (
        f"UPDATE returns SET by_rule = {rule}, points_due = points_due - 1, points_taken = points_taken - 1 {FIRST}"
    )
    report = await verify_tampered(superuser, statement, returner)
    told = [finding.what for finding in report.findings if finding.law == "decision"]
    assert any("has points" in what for what in told), report.findings
