"""`verify` finds what a superuser did to events behind the product's back."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.engagement import per_event
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

OF_REVIEW = "member_id = $1 AND kind = 'review.written'"
TAMPERINGS = {
    "a missing engagement": ("cause", f"DELETE FROM engagements WHERE {OF_REVIEW} AND points_earned > 0"),
    "a missing engagement without points": ("event", "DELETE FROM engagements WHERE member_id = $1 AND kind = 'visit'"),
    "changed points": (
        "cause",
        f"UPDATE engagements SET points_earned = points_earned + 1 WHERE {OF_REVIEW} AND points_earned > 0",
    ),
    "changed earnings": (
        "cause",
        "UPDATE engagements SET earnings = replace(earnings::text, '20', '21')::json"
        f" WHERE {OF_REVIEW} AND points_earned > 0",
    ),
    "changed pending points": ("cause", f"UPDATE engagements SET points_pending = 1 WHERE {OF_REVIEW}"),
    "another transfer": ("cause", f"UPDATE engagements SET transfer_seq = 99 WHERE {OF_REVIEW}"),
    "another program": ("cause", f"UPDATE engagements SET program_id = member_id WHERE {OF_REVIEW}"),
    "another kind of cause": ("cause", "UPDATE transfers SET cause_kind = 'purchase' WHERE member_id = $1"),
    "a freed reference": ("reference", "DELETE FROM reference_claims WHERE member_id = $1 AND kind = 'engagement'"),
    "a reference of nothing": (
        "reference",
        "UPDATE reference_claims SET record_id = member_id WHERE member_id = $1 AND kind = 'engagement'",
    ),
    "a lost reference": ("reference", f"UPDATE engagements SET reference = NULL WHERE {OF_REVIEW}"),
    "a second welcome": (
        "reference",
        "UPDATE engagements SET reference = NULL, kind = 'enrolled' WHERE member_id = $1 AND kind = 'visit'",
    ),
    "a missing event": (
        "event",
        "UPDATE outbox SET type = 'other' WHERE member_id = $1 AND type = 'engagement.recorded'",
    ),
    "a day that lost its points": ("tier", "UPDATE tier_days SET value = value - 1 WHERE member_id = $1"),
    "an event that counts more": ("tier", f"UPDATE engagements SET tier_value = 21 WHERE {OF_REVIEW}"),
    "rows of nobody": ("cause", "DELETE FROM members WHERE member_id = $1"),
}


@pytest.fixture(scope="module")
def an_engaged_member(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """A member with a welcome, a review, a visit without points and a purchase; the member's id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        rules = [per_event(20), per_event(100, "enrolled", code="welcome"), {"code": "base", "flat": 1}]
        tiers = {"levels": [{"code": "all", "from": 0}], "measure": "points_earned"}
        shop = Shop.open(http, own_operator, {"earning_rules": rules, "tiers": tiers})
        member, neighbour = shop.enrol(), shop.enrol()
        shop.engage(member)
        shop.engage(member, "visit")
        shop.buy(member)
        shop.engage(neighbour)
        return member["id"]


async def test_events_that_nobody_touched_have_no_findings(an_engaged_member: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.found == 0
    assert report.checked["engagements"] == 5
    assert report.checked["engagement_references"] == 3


async def test_each_tampering_with_an_event_is_found_by_its_law(
    an_engaged_member: str, own_database: Database, own_database_url: str
) -> None:
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            report = await verify_tampered(superuser, statement, an_engaged_member)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
            assert all(str(finding.member_id) == an_engaged_member for finding in report.findings), name
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0
