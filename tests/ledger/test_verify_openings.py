"""`verify` finds what a superuser did to opening balances behind the product's back."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

TAMPERINGS = {
    "a missing opening": ("cause", "DELETE FROM openings WHERE member_id = $1 AND reference = 'a'"),
    "changed points": ("cause", "UPDATE openings SET points = points + 1 WHERE member_id = $1"),
    "another transfer": ("cause", "UPDATE openings SET transfer_seq = 99 WHERE member_id = $1"),
    "another program": ("cause", "UPDATE openings SET program_id = member_id WHERE member_id = $1"),
    "another kind of cause": ("cause", "UPDATE transfers SET cause_kind = 'purchase' WHERE member_id = $1"),
    "another kind of transfer": ("cause", "UPDATE transfers SET kind = 'earn' WHERE member_id = $1"),
    "a freed reference": ("reference", "DELETE FROM reference_claims WHERE member_id = $1 AND kind = 'opening'"),
    "a reference of nothing": (
        "reference",
        "UPDATE reference_claims SET record_id = member_id WHERE member_id = $1 AND kind = 'opening'",
    ),
    "a missing event": ("event", "UPDATE outbox SET type = 'other' WHERE member_id = $1 AND type = 'points.opened'"),
    "a lot that holds more": ("lots", "UPDATE lots SET points = points + 1, remaining = remaining + 1"),
    "rows of nobody": ("cause", "DELETE FROM members WHERE member_id = $1"),
}


@pytest.fixture(scope="module")
def a_newcomer(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """A member who brought two lots along, one of them pending; the member's id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {})
        member = shop.enrol()
        lot = {"member": {"id": member["id"]}, "points": 100, "earned_at": "2026-01-10T12:00:00Z"}
        later = {"reference": "b", "available_at": "2026-06-01T00:00:00Z"}
        answer = shop.call("POST", "/v1/openings/batch", [lot | {"reference": "a"}, lot | later])
        assert [each["status"] for each in answer.json()["results"]] == ["recorded", "recorded"]
        return member["id"]


async def test_openings_that_nobody_touched_have_no_findings(a_newcomer: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.found == 0
    assert report.checked["openings"] == report.checked["opening_references"] == 2


async def test_each_tampering_with_an_opening_is_found_by_its_law(
    a_newcomer: str, own_database: Database, own_database_url: str
) -> None:
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            values = (a_newcomer,) if "$1" in statement else ()
            report = await verify_tampered(superuser, statement, *values)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0
