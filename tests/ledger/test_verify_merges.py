"""`verify` finds what a superuser did to merges behind the product's back, and merging amid sales loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from tests.ledger.tampering import verify_tampered
from tests.ledger.test_races import post_all
from tests.make.purchase import make_purchase
from tests.make.shop import Shop
from tests.scenarios.test_merges import merge, undo
from tests.scenarios.test_returns import post_return

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database

TAMPERINGS = {
    "a missing merge": ("cause", "DELETE FROM merges WHERE alias_id = $1"),
    "changed points": ("merge", "UPDATE merges SET points = points + 1 WHERE alias_id = $1"),
    "a debt that was none": ("merge", "UPDATE merges SET debt = 1 WHERE alias_id = $1"),
    "one that was undone": (
        "merge",
        "UPDATE merges SET undone_at = merged_at, points_returned = 0, lots_returned = 0 WHERE alias_id = $1",
    ),
    "an alias of nobody": ("merge", "UPDATE members SET merged_into = NULL WHERE member_id = $1"),
    "a survivor without aliases": ("merge", "UPDATE members SET aliases = NULL WHERE aliases IS NOT NULL"),
    "a day that was taken out": ("tier", "UPDATE tier_days SET value = value - 1 WHERE member_id <> $1"),
    "a return that is gone": ("cause", "DELETE FROM returns WHERE member_id = $1"),
    "a return of other points": ("return", "UPDATE returns SET points_taken = points_taken - 1 WHERE member_id = $1"),
    "points that never arrived": ("transit", "DELETE FROM transfers WHERE kind = 'merge' AND member_id <> $1"),
}


@pytest.fixture(scope="module")
def an_alias(start_api: Callable, own_database_url: str, own_operator: str) -> str:
    """One who was merged after a purchase, part of which came back since; the id."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {})
        alias, survivor = shop.enrol(), shop.enrol()
        bought = shop.buy(alias, 10_000)
        shop.buy(survivor, 5_000)
        merge(shop, alias, survivor)
        assert post_return(shop, bought, amount_minor=3_000).status_code == 201
        return alias["id"]


async def test_each_tampering_with_a_merge_is_found_by_its_law(
    an_alias: str, own_database: Database, own_database_url: str
) -> None:
    assert (await verify(own_database)).findings == []
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            values = (an_alias,) if "$1" in statement else ()
            report = await verify_tampered(superuser, statement, *values)
            assert law in {finding.law for finding in report.findings}, f"{name} was not found: {report.findings}"
    finally:
        await superuser.close()
    assert (await verify(own_database)).found == 0


async def test_purchases_while_members_are_merged_and_taken_apart_all_count_once(
    own_shop: Shop, apis: list[str], own_database: Database
) -> None:
    alias, survivor = own_shop.enrol(), own_shop.enrol()
    bodies = [make_purchase((alias, survivor)[n % 2]["card"], 100) for n in range(300)]
    requests = [(apis[n % 2], body) for n, body in enumerate(bodies)]
    selling = asyncio.create_task(post_all(requests, own_shop.key, "/v1/purchases"))
    for _ in range(5):
        merged = await asyncio.to_thread(merge, own_shop, alias, survivor)
        await asyncio.to_thread(undo, own_shop, merged)
    merged = await asyncio.to_thread(merge, own_shop, alias, survivor)
    answers = await selling
    assert {answer.status_code for answer in answers} == {201}
    again = await post_all(requests, own_shop.key, "/v1/purchases")
    assert [answer.content for answer in again] == [answer.content for answer in answers]
    assert own_shop.points(survivor) == (300, 0)
    assert (await verify(own_database)).findings == []
