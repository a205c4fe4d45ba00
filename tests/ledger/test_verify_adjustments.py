"""`verify` finds what a superuser did to adjustments behind the product's back, and races end exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.ledger.test_races import post_all
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

TAMPERINGS = {
    "a missing adjustment": ("cause", "DELETE FROM adjustments WHERE member_id = $1 AND reference = 'a'"),
    "changed points": ("adjustment", "UPDATE adjustments SET points = points + 1 WHERE member_id = $1"),
    "one that only waits": (
        "adjustment",
        "UPDATE adjustments SET status = 'rejected', transfer_seq = NULL WHERE member_id = $1 AND reference = 'a'",
    ),
    "a reversal that was none": ("adjustment", "UPDATE adjustments SET status = 'booked' WHERE status = 'reversed'"),
    "other points reversed": ("adjustment", "UPDATE adjustments SET points_reversed = 1 WHERE status = 'reversed'"),
    "another taker": ("cause", "UPDATE adjustments SET to_member_id = program_id WHERE to_member_id IS NOT NULL"),
    "another program": ("cause", "UPDATE adjustments SET program_id = member_id WHERE member_id = $1"),
    "a freed reference": ("reference", "DELETE FROM reference_claims WHERE member_id = $1 AND kind = 'adjustment'"),
    "a reference of nothing": (
        "reference",
        "UPDATE reference_claims SET record_id = member_id WHERE member_id = $1 AND kind = 'adjustment'",
    ),
    "a missing event": ("event", "UPDATE outbox SET type = 'other' WHERE member_id = $1 AND type = 'points.adjusted'"),
    "points that never arrived": (
        "transit",
        "DELETE FROM transfers WHERE kind = 'move' AND member_id <> $1",
    ),
}


def adjust(shop: Shop, member: dict[str, Any], reference: str, points: int, **changes: Any) -> dict[str, Any]:
    body = {"reference": reference, "points": points, "reason": "put right"} | changes
    where = "move" if "to" in changes else "adjustments"
    answer = shop.call("POST", f"/v1/members/{member['id']}/points/{where}", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def a_member(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """One who was given points twice, once by mistake, and passed some on; the id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {})
        member, sister = shop.enrol(), shop.enrol()
        adjust(shop, member, "a", 100)
        mistake = adjust(shop, member, "b", 30)
        answer = shop.call("POST", f"/v1/adjustments/{mistake['id']}/reverse", {"reason": "a mistake"})
        assert answer.status_code == 200
        adjust(shop, member, "c", 40, to=sister["id"])
        return member["id"]


async def test_each_tampering_with_an_adjustment_is_found_by_its_law(
    a_member: str, own_database: Database, own_database_url: str
) -> None:
    report = await verify(own_database)
    assert report.findings == []
    assert report.checked["adjustments"] == 4  # the one that moved points is of both members
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            values = (a_member,) if "$1" in statement else ()
            report = await verify_tampered(superuser, statement, *values)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0


async def test_moves_to_and_fro_and_approvals_at_once_on_two_processes_end_exact(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    own_shop.publish(adjustments={"limits": {"manage": 10}})
    own_shop.set_clock("2026-03-02T13:00:00Z")
    clerk, chiefs = own_shop.issue_key("manage"), [own_shop.issue_key("admin") for _ in range(2)]
    one, other = own_shop.enrol(), own_shop.enrol()
    for member in (one, other):
        adjust(own_shop, member, f"start-{member['id']}", 100)
    moves = [
        (apis[n % 2], {"reference": f"m-{n}", "points": 3, "reason": "to and fro", "to": (other, one)[n % 2]["id"]})
        for n in range(60)
    ]
    for giver, those in ((one, moves[::2]), (other, moves[1::2])):
        answers = await post_all(those, own_shop.key, f"/v1/members/{giver['id']}/points/move")
        told = Counter(answer.json().get("status") or answer.json()["code"] for answer in answers)
        assert told["booked"] == 30, told
    assert own_shop.points(one)[0] + own_shop.points(other)[0] == 200
    body = {"reference": "big", "points": 50, "reason": "big"}
    asked = own_shop.call("POST", f"/v1/members/{one['id']}/points/adjustments", body, key=clerk["key"]).json()
    before = own_shop.points(one)[0]
    for chief in chiefs:
        answers = await post_all(
            [(apis[n % 2], {}) for n in range(10)], chief["key"], f"/v1/adjustments/{asked['id']}/approve"
        )
        assert {answer.status_code for answer in answers} == {200}
    assert own_shop.points(one)[0] == before + 50
    assert (await verify(own_database)).findings == []
