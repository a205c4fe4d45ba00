"""`verify` finds what a superuser did to the rows behind the product's back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

TAMPERINGS = {
    "a changed balance": ("balance", "UPDATE balances SET spendable = spendable + 1 WHERE member_id = $1"),
    "a changed transfer": ("chain", "UPDATE transfers SET points = points + 1 WHERE member_id = $1 AND seq = 2"),
    "a transfer of another time": (
        "chain",
        "UPDATE transfers SET occurred_at = occurred_at - interval '1 day' WHERE member_id = $1 AND seq = 2",
    ),
    "a missing transfer": ("chain", "DELETE FROM transfers WHERE member_id = $1 AND seq = 2"),
    "a missing last transfer": ("chain", "DELETE FROM transfers WHERE member_id = $1 AND seq = 3"),
    "a broken chain": ("chain", "UPDATE transfers SET hash = sha256(hash) WHERE member_id = $1 AND seq = 1"),
    "a lot that drifted": (
        "lots",
        "UPDATE lots SET remaining = remaining - 1 WHERE member_id = $1 AND transfer_seq = 1",
    ),
    "a purchase without its transfer": (
        "cause",
        "UPDATE purchases SET transfer_seq = 99 WHERE member_id = $1 AND transfer_seq = 3",
    ),
    "a missing purchase": ("cause", "DELETE FROM purchases WHERE member_id = $1 AND transfer_seq = 3"),
    "a freed reference": ("reference", "DELETE FROM reference_claims WHERE member_id = $1"),
    "a missing event": ("event", "DELETE FROM outbox WHERE member_id = $1 AND seq = 2"),
    "a day that lost its spend": ("tier", "UPDATE tier_days SET value = value - 1 WHERE member_id = $1"),
    "a tier out of nowhere": ("tier", "UPDATE member_tiers SET tier = 'gold', moves = 1 WHERE member_id = $1"),
    "a move that is missing": ("tier", "DELETE FROM tier_moves WHERE member_id = $1 AND seq = 1"),
    "a move that its figures do not lead to": (
        "tier",
        "UPDATE tier_moves SET value = value - 1 WHERE member_id = $1 AND seq = 1",
    ),
    "a move that begins elsewhere": (
        "tier",
        "UPDATE tier_moves SET from_tier = 'silver' WHERE member_id = $1 AND seq = 1",
    ),
    "a tier that no review would lower": ("tier", "DELETE FROM tier_reviews WHERE member_id = $1"),
    "a review that comes late": (
        "tier",
        "UPDATE tier_reviews SET policy = 1, due_on = '2028-01-01' WHERE member_id = $1",
    ),
    "a review that never comes": ("tier", "UPDATE tier_reviews SET policy = 1, due_on = NULL WHERE member_id = $1"),
    "rows of nobody": ("cause", "DELETE FROM members WHERE member_id = $1"),
}


@pytest.fixture(scope="module")
def api_alone(start_api: Callable, own_database_url: str) -> str:
    """One API process; its address."""
    return start_api(own_database_url).url


@pytest.fixture(scope="module")
def three_purchases(api_alone: str, own_operator: str) -> str:
    """A member with three purchases that reach silver, and a neighbour with one; the member's id."""
    with httpx.Client(base_url=api_alone, timeout=30) as http:
        levels = [("bronze", 0), ("silver", 6000), ("gold", 150_000)]
        tiers = {"levels": [{"code": code, "from": value} for code, value in levels]}
        shop = Shop.open(http, own_operator, {"tiers": tiers})
        member, neighbour = shop.enrol(), shop.enrol()
        for amount in (1000, 2000, 3000):
            shop.buy(member, amount)
        shop.buy(neighbour, 700)
        return member["id"]


async def test_a_ledger_that_nobody_touched_has_no_findings(three_purchases: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.found == 0
    assert report.checked["transfers"] == 4
    assert report.checked["purchases"] == 4
    assert report.checked["members"] == 2


async def test_each_tampering_is_found_by_its_law(
    three_purchases: str, own_database: Database, own_database_url: str, server_url: str
) -> None:
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            report = await verify_tampered(superuser, statement, three_purchases)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
            assert all(str(finding.member_id) == three_purchases for finding in report.findings), name
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0


def test_the_command_exits_with_one_and_names_the_offender(three_purchases: str, own_database_url: str) -> None:
    member_id = three_purchases
    command = [sys.executable, "-m", "loyalty_api", "verify"]
    environment = {"LOYALTY_DATABASE_URL": own_database_url}
    clean = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (clean.returncode, "every law holds" in clean.stdout) == (0, True), clean.stderr

    asyncio.run(
        _tamper(own_database_url, "UPDATE balances SET spendable = spendable + 1 WHERE member_id = $1", member_id)
    )
    broken = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    asyncio.run(
        _tamper(own_database_url, "UPDATE balances SET spendable = spendable - 1 WHERE member_id = $1", member_id)
    )
    assert broken.returncode == 1
    assert member_id in broken.stdout


async def _tamper(url: str, statement: str, member_id: str) -> None:
    superuser = await asyncpg.connect(url)
    await superuser.execute(statement, member_id)
    await superuser.close()


async def test_the_application_may_not_change_or_remove_transfers(three_purchases: str, own_database: Database) -> None:
    for statement in ("UPDATE transfers SET points = 1", "DELETE FROM transfers", "TRUNCATE transfers"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own_database.write(lambda connection, statement=statement: connection.execute(statement))
