"""`verify` decides every purchase again: it finds what a superuser did to decisions and to what rules remember."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_line
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.laws_budgets import BudgetSums
from loyalty_api.domain.lifecycle.laws_decisions import Rulebook
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

RULES = [
    BASE_RULE,
    {"code": "bonus", "flat": 50},
    {"code": "vegan", "flat": 7, "when": 'member.attributes.diet == "vegan"'},
    {"code": "fifty", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True},
    {"code": "daily", "flat": 3, "caps": {"per_member": {"points": 4, "days": 1}}},
    {"code": "few", "flat": 5, "budget": {"points": 1000}},
    {"code": "gift", "flat": 9, "counts_for_tier": False},
    {"code": "silver", "flat": 1, "tiers": ["silver"]},
    {"code": "tried", "flat": 11, "state": "dry_run"},
]
FIRST = "WHERE member_id = $1 AND transfer_seq = 1"
FIRST_TRANSFER = "WHERE member_id = $1 AND seq = 1"


def replaced(column: str, *pairs: tuple[str, str]) -> str:
    """A statement that rewrites parts of the first purchase's JSON."""
    text = f"{column}::text"
    for old, new in pairs:
        text = f"replace({text}, '{old}', '{new}')"
    return f"UPDATE purchases SET {column} = {text}::json {FIRST} AND {column}::text LIKE '%{pairs[0][0]}%'"


TAMPERINGS = {
    "points moved from rule to rule": (
        "decision",
        replaced("earnings", ('"points":30', '"points":31'), (":50,", ":49,")),
    ),
    "an earning on another base": ("decision", replaced("earnings", ('"base_minor":3000', '"base_minor":3001'))),
    "an earning by another version": ("decision", replaced("earnings", ('"version":1', '"version":2'))),
    "an earning of another rule": ("decision", replaced("earnings", ('"rule":"bonus"', '"rule":"bonsu"'))),
    "a dry run that would have given more": ("decision", replaced("dry_runs", ('"points":11', '"points":12'))),
    "a dry run that is gone": ("decision", f"UPDATE purchases SET dry_runs = NULL {FIRST}"),
    "another base": ("decision", f"UPDATE purchases SET base_minor = base_minor + 1 {FIRST}"),
    "another total": ("decision", f"UPDATE purchases SET total_minor = total_minor + 1 {FIRST}"),
    "another tier": ("decision", f"UPDATE purchases SET tier = 'silver' {FIRST}"),
    "another value for the tier": ("decision", f"UPDATE purchases SET tier_value = tier_value + 1 {FIRST}"),
    "another version": ("decision", f"UPDATE purchases SET version = 2 {FIRST}"),
    "a version that does not exist": ("decision", f"UPDATE purchases SET version = 3 {FIRST}"),
    "a line of another amount": ("decision", replaced("lines", ('"amount_minor":3000', '"amount_minor":3100'))),
    "a line outside of the base of another amount": ("decision", replaced("lines", (":499", ":498"))),
    "a line of another kind": ("decision", replaced("lines", (',"kind":"shipping"', ""))),
    "lines that nobody can read": ("decision", replaced("lines", ('"amount_minor":3000', '"amount_minor":true'))),
    "a condition that held": ("decision", replaced("inputs", ('"vegan":true', '"vegan":false'))),
    "a condition that no rule has": ("decision", replaced("inputs", ('"vegan":true', '"vegan":true,"bonus":true'))),
    "inputs that are gone": ("decision", f"UPDATE purchases SET inputs = NULL {FIRST}"),
    "a cap that left less": ("decision", replaced("inputs", ('"caps.per_member":4', '"caps.per_member":2'))),
    "a cap that is gone": ("decision", replaced("inputs", ('"caps.per_member":4', '"caps.per_purchase":4'))),
    "a rest that waited before": ("decision", replaced("inputs", ('"rests"', '"carried":{"fifty":1},"rests"'))),
    "a rest that was left": ("carry", replaced("inputs", ('"fifty":3000', '"fifty":2999'))),
    "a rest that waits": ("carry", "UPDATE earning_carries SET rest_minor = rest_minor + 1 WHERE member_id = $1"),
    "a rest that is gone": ("carry", "DELETE FROM earning_carries WHERE member_id = $1"),
    "a day that gave more": ("cap", "UPDATE earning_days SET points = points + 1 WHERE member_id = $1"),
    "a day that gave less": ("cap", "UPDATE earning_days SET points = points - 1 WHERE member_id = $1"),
    "a day that is another": ("cap", "UPDATE earning_days SET day = day - 1 WHERE member_id = $1"),
    "a day that is gone": ("cap", "DELETE FROM earning_days WHERE member_id = $1"),
}
BUDGET_TAMPERINGS = {
    "spent less": "UPDATE budget_slices SET spent = spent - 1 WHERE spent > 0",
    "spent more": "UPDATE budget_slices SET spent = spent + 1 WHERE spent > 0",
    "spent elsewhere": "UPDATE budget_slices SET rule = 'bonus'",
    "granted more": "UPDATE budget_slices SET granted = granted + 1 WHERE spent > 0",
    "another size": "UPDATE budget_slices SET budget = budget + 1 WHERE spent > 0",
    "slices that are gone": "DELETE FROM budget_slices",
    "a budget that was never so large": """UPDATE program_versions SET document =
        replace(document::text, '"budget":{"points":1000}', '"budget":{"points":9}')::json""",
}


@pytest.fixture(scope="module")
def vegan(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """A member with two purchases, beside a neighbour with one; then another version. The member's id."""
    tiers = TIERS | {"measure": "points_earned"}
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {"earning_rules": RULES, "tiers": tiers})
        member, neighbour = shop.enrol(attributes={"diet": "vegan"}), shop.enrol()
        shop.buy(member, lines=[make_line(3000), make_line(499, sku="POST", kind="shipping")])
        shop.buy(member, 2500)
        shop.buy(neighbour, 700)
        shop.publish(earning_rules=[rule for rule in RULES if rule["code"] != "bonus"])
        return member["id"]


@pytest.fixture
async def superuser(own_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may do anything."""
    connection = await asyncpg.connect(own_database_url)
    yield connection
    await connection.close()


async def test_decisions_that_nobody_touched_come_out_the_same(vegan: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.findings == []
    assert report.checked["decisions"] == report.checked["purchases"] == 3
    assert (report.checked["carries"], report.checked["earning_days"], report.checked["budget_slices"]) == (2, 2, 16)


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_a_tampered_decision_is_found_by_its_law(vegan: str, superuser: asyncpg.Connection, name: str) -> None:
    law, statement = TAMPERINGS[name]
    report = await verify_tampered(superuser, statement, vegan)
    assert law in {finding.law for finding in report.findings}, report.findings
    assert {str(each.member_id) for each in report.findings if each.law != "budget"} == {vegan}


@pytest.mark.parametrize("name", BUDGET_TAMPERINGS)
async def test_a_tampered_budget_is_found(vegan: str, superuser: asyncpg.Connection, name: str) -> None:
    report = await verify_tampered(superuser, BUDGET_TAMPERINGS[name])
    assert {(finding.law, finding.member_id) for finding in report.findings} == {("budget", None)}, report.findings


async def test_points_that_match_everywhere_but_in_the_decision_are_found(
    vegan: str, superuser: asyncpg.Connection
) -> None:
    """The purchase and its rule say one point more; so do its tier, its transfers, its lot and its balance."""
    statements = [
        replaced("earnings", ('"points":30', '"points":31')),
        f"UPDATE purchases SET points_earned = points_earned + 1, tier_value = tier_value + 1 {FIRST}",
        "UPDATE tier_days SET value = value + 1 WHERE member_id = $1",
        "UPDATE member_tiers SET window_sum = window_sum + 1 WHERE member_id = $1",
        "UPDATE balances SET spendable = spendable + 1, lifetime_earned = lifetime_earned + 1 WHERE member_id = $1",
        "UPDATE lots SET points = points + 1, remaining = remaining + 1 WHERE member_id = $1 AND transfer_seq = 1",
    ]
    moved = "UPDATE transfers SET spendable_after = spendable_after + 1 WHERE member_id = $1"
    transaction = superuser.transaction()
    await transaction.start()
    for statement in (*statements[1:], moved, f"UPDATE transfers SET points = points + 1 {FIRST_TRANSFER}"):
        assert not (await superuser.execute(statement, vegan)).endswith(" 0")
    report = await verify_tampered(superuser, statements[0], vegan)
    await transaction.rollback()
    assert {finding.law for finding in report.findings} == {"decision", "chain"}


def _slices(spent: int) -> list[dict[str, Any]]:
    row = {"program_id": PROGRAM, "rule": "few", "slice": 1, "budget": 100, "granted": 100, "spent": spent}
    return [row]


PROGRAM = uuid.UUID(int=1)


@pytest.mark.parametrize(("before", "got", "after", "found"), [(5, 5, 5, 0), (5, 8, 9, 0), (5, 4, 9, 1), (5, 10, 9, 1)])
def test_a_budget_that_is_spent_while_verify_runs_is_no_finding_unless_points_are_missing(
    before: int, got: int, after: int, found: int
) -> None:
    sums = BudgetSums(_slices(before), Rulebook())
    sums._got[PROGRAM, "few"] = got
    broken = [what for _, what in sums.check(_slices(after), []) if "its purchases got" in what]
    assert len(broken) == found
