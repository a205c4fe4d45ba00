"""`verify` finds what a superuser did to redemptions, stock and codes behind the product's back."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.reward import make_pool, make_reward
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

MINE = "member_id = $1"
TAMPERINGS = {
    "a missing redemption": ("cause", f"DELETE FROM redemptions WHERE {MINE} AND status = 'reserved'"),
    "other points": ("redemption", f"UPDATE redemptions SET points = points + 1 WHERE {MINE} AND kind = 'coupon'"),
    "another transfer": ("redemption", f"UPDATE redemptions SET transfer_seq = 99 WHERE {MINE} AND kind = 'coupon'"),
    "a cancelled one that was spent": (
        "redemption",
        f"UPDATE redemptions SET status = 'cancelled', expires_at = closed_at WHERE {MINE} AND reward = 'once'",
    ),
    "a missing hold": ("redemption", f"DELETE FROM holds WHERE {MINE}"),
    "a hold that stands longer": ("redemption", f"UPDATE holds SET until = until + interval '1 day' WHERE {MINE}"),
    "a hold that is closed": ("redemption", f"UPDATE holds SET closing_seq = 1 WHERE {MINE} AND closing_seq IS NULL"),
    "a hold that nobody waits for": ("due", f"UPDATE balances SET next_due_at = NULL WHERE {MINE}"),
    "another program": ("cause", f"UPDATE redemptions SET program_id = member_id WHERE {MINE}"),
    "a freed reference": ("reference", f"DELETE FROM reference_claims WHERE {MINE} AND kind = 'redemption'"),
    "a coupon's freed reference": ("reference", f"DELETE FROM reference_claims WHERE {MINE} AND kind = 'coupon'"),
    "a purchase that never was": (
        "redemption",
        f"UPDATE redemptions SET purchase_id = member_id WHERE {MINE} AND reward = 'once'",
    ),
    "more than one may have": (
        "limit",
        f"UPDATE redemptions SET reward = 'once' WHERE {MINE} AND kind = 'coupon'",
    ),
    "a stock of which less is taken": (
        "stock",
        "UPDATE reward_stocks s SET taken = 0 FROM members m WHERE m.member_id = $1 AND m.program_id = s.program_id",
    ),
    "more taken than there was": (
        "stock",
        f"UPDATE redemptions SET stocked = true, reward = 'once' WHERE {MINE}",
    ),
    "a code that was used more": ("coupon", "UPDATE coupon_codes SET used = 1 WHERE $1::uuid IS NOT NULL"),
    "a use that is gone": ("coupon", f"DELETE FROM coupon_uses WHERE {MINE}"),
    "a code given to another": ("coupon", "UPDATE coupon_codes SET issued_to = $1 WHERE issued_to IS NOT NULL"),
    "a pool that lost a code": ("coupon", "UPDATE coupon_pools SET size = size + 1 WHERE $1::uuid IS NOT NULL"),
}


@pytest.fixture(scope="module")
def a_spending_member(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """A member with a reward of a stock, a code, a reservation, a cancelled one and a used coupon; the member's id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        rewards = [
            make_reward("once", points=10, stock=1, per_member={"limit": 1}),
            make_reward("voucher", points=10, money_off=None, coupon={"pool": "spring"}),
            make_reward("mug", points=10),
        ]
        cent = {"code": "base", "per_spend": {"points": 1, "per_minor": 1}}
        shop = Shop.open(http, own_operator, {"earning_rules": [cent], "rewards": rewards})
        member = shop.enrol()
        shop.buy(member, 1000)
        shop.call("POST", "/v1/coupons/pools", make_pool())
        shop.redeem(member, "once")
        code = shop.redeem(member, "voucher")["coupon"]
        shop.redeem(member, "mug", complete=False)
        cancelled = shop.redeem(member, "mug", complete=False)
        assert shop.call("POST", f"/v1/redemptions/{cancelled['id']}/cancel").status_code == 200
        body = {"reference": "use-1", "member": {"id": member["id"]}}
        assert shop.call("POST", f"/v1/coupons/{code}/redeem", body).status_code == 201
        return member["id"]


async def test_redemptions_that_nobody_touched_have_no_findings(a_spending_member: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert report.findings == []
    assert (report.checked["redemptions"], report.checked["holds"], report.checked["coupon_uses"]) == (4, 2, 1)


async def test_each_tampering_with_rewards_is_found_by_its_law(
    a_spending_member: str, own_database: Database, own_database_url: str
) -> None:
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            report = await verify_tampered(superuser, statement, a_spending_member)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0
