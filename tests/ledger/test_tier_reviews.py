"""Reviews of tiers beside tills and other workers: each move once, each night in parts, whoever was cut off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from tests.ledger.test_races import post_all
from tests.make.program import TIERS
from tests.make.purchase import make_purchase
from tests.make.shop import Shop
from tests.make.time import let_time_pass

from loyalty_api.domain.lifecycle.nightly import run_due
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.domain.programs.queries import Catalogue, Program, find_program
from loyalty_api.domain.tiers.review import review_due
from loyalty_api.kernel.database import Connection, Database

BOUGHT_AT = "2026-03-02T12:00:00+01:00"
SHORT = datetime(2027, 3, 2, tzinfo=ZoneInfo("Europe/Berlin"))
MEMBERS = 25


@pytest.fixture
def silver(apis: list[str], own_operator: str, own_database_url: str) -> Iterator[tuple[Shop, list[dict[str, Any]]]]:
    """A shop with members of the second tier whose year is over, and no night was run since."""
    with httpx.Client(base_url=apis[0], timeout=30) as http:
        shop = Shop.open(http, own_operator, {"tiers": TIERS})
        shop.set_clock(BOUGHT_AT)
        members = [shop.enrol() for _ in range(MEMBERS)]
        for member in members:
            shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
        let_time_pass(own_database_url, shop, SHORT.isoformat())
        yield shop, members


async def program_of(database: Database, shop: Shop) -> Program:
    async with database.reader() as connection:
        return await Catalogue().one(connection, await find_program(connection, shop.document["program"]))


async def told(database: Database, program: Program) -> list[tuple[Any, str]]:
    """(member, data) of the program's events of tiers."""
    async with database.reader() as connection:
        rows = await connection.fetch(
            "SELECT member_id, data::text FROM outbox WHERE program_id = $1 AND type = 'tier.changed'", program.id
        )
    return [tuple(row) for row in rows]


def codes(shop: Shop, members: list[dict[str, Any]]) -> Counter[str]:
    return Counter(shop.member(member["id"])["tier"]["code"] for member in members)


async def test_two_workers_at_once_lower_each_tier_once(
    silver: tuple[Shop, list[dict[str, Any]]], own_database: Database
) -> None:
    shop, members = silver
    program = await program_of(own_database, shop)
    both = await asyncio.gather(*(run_due(own_database, program, now=SHORT) for _ in range(2)))
    assert sum(ran.tiers for ran in both) == MEMBERS
    assert (await run_due(own_database, program, now=SHORT)).tiers == 0
    assert codes(shop, members) == {"bronze": MEMBERS}
    events = await told(own_database, program)
    assert {str(member) for member, _ in events} == {member["id"] for member in members}
    assert len(events) == MEMBERS
    assert events[0][1] == (
        '{"from":"silver","to":"bronze","reason":"reviewed","measure":"spend","window_from":"2026-03-03",'
        '"qualifying_value":0,"as_of":"2027-03-02"}'
    )
    assert (await verify(own_database)).found == 0


async def test_a_review_that_was_cut_off_goes_on_where_it_was(
    silver: tuple[Shop, list[dict[str, Any]]], own_database: Database
) -> None:
    shop, members = silver
    program = await program_of(own_database, shop)

    async def page(connection: Connection) -> tuple[int, bool]:
        return await review_due(connection, program, now=SHORT, limit=10)

    assert await own_database.write(page) == (10, True)

    async def cut_off(connection: Connection) -> None:
        assert await page(connection) == (10, True)
        raise KeyError("the power is gone")

    with pytest.raises(KeyError):
        await own_database.write(cut_off)
    assert codes(shop, members) == {"bronze": 10, "silver": 15}
    assert (await run_due(own_database, program, now=SHORT)).tiers == 15
    assert len(await told(own_database, program)) == MEMBERS
    assert (await verify(own_database)).found == 0


async def test_tills_that_post_while_tiers_are_reviewed_lose_nothing(
    silver: tuple[Shop, list[dict[str, Any]]], apis: list[str], own_database: Database
) -> None:
    shop, members = silver
    program = await program_of(own_database, shop)
    bodies = [make_purchase(member["card"], 30_000, occurred_at=SHORT.isoformat()) for member in members * 4]
    requests = [(apis[number % 2], body) for number, body in enumerate(bodies)]
    posting = asyncio.create_task(post_all(requests, shop.key))
    ran = [await run_due(own_database, program, now=SHORT) for _ in range(3)]
    answers = await posting
    assert Counter(answer.status_code for answer in answers) == {201: 4 * MEMBERS}
    lowered = sum(each.tiers for each in ran)
    assert codes(shop, members) == {"silver": MEMBERS}, "120,000 hold silver, whoever was first"
    moved = [len(shop.call("GET", f"/v1/members/{each['id']}/tier/history").json()["items"]) for each in members]
    assert sum(moved) == MEMBERS + 2 * lowered
    assert (await verify(own_database)).found == 0


async def test_whom_time_cannot_touch_is_not_looked_at(
    silver: tuple[Shop, list[dict[str, Any]]], own_database: Database, own_database_url: str
) -> None:
    shop, members = silver
    program = await program_of(own_database, shop)
    await run_due(own_database, program, now=SHORT)
    at = SHORT.isoformat()
    shop.buy(members[0], 60_000, occurred_at=at)
    connection = await asyncpg.connect(own_database_url)
    try:
        query = "SELECT due_on::text FROM tier_reviews WHERE program_id = $1 AND member_id::text = $2"
        for night in ("2027-03-03T12:00:00+01:00", "2027-03-04T12:00:00+01:00"):
            await run_due(own_database, program, now=datetime.fromisoformat(night))
            assert await connection.fetchval(query, program.id, members[0]["id"]) == "2028-03-02"
            assert await connection.fetchval(query, program.id, members[1]["id"]) is None
    finally:
        await connection.close()
