"""What is sent while a member is being suspended or erased: it waits, and is then decided by what they are."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.change_status import change_status
from loyalty_api.domain.lifecycle.erase_member import erase_member
from loyalty_api.domain.members.status import SUSPENDED
from loyalty_api.domain.programs.queries import Catalogue, Program, find_program
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database

_STUCK = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def stuck(url: str) -> None:
    """Once somebody waits for a lock."""
    watcher = await asyncpg.connect(url)
    try:
        for _ in range(1000):
            if await watcher.fetchval(_STUCK):
                return
            await asyncio.sleep(0.01)
    finally:
        await watcher.close()
    raise AssertionError("nobody waits for what is held")


async def change(connection: Connection, program: Program, member_id: uuid.UUID, what: str) -> None:
    at = program.present(now())
    if what == "erased":
        await erase_member(connection, program, member_id=member_id, now=at, actor="a test")
    else:
        await change_status(
            connection, program, member_id=member_id, status=SUSPENDED, reason="stolen", now=at, actor="a test"
        )


@pytest.mark.parametrize("what", ["suspended", "erased"])
@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/redemptions"])
async def test_nothing_new_is_recorded_for_who_is_not_active_any_more(
    own_shop: Shop, own_database: Database, own_database_url: str, path: str, what: str
) -> None:
    own_shop.publish(rewards=[make_reward("ten", points=10)])
    own_shop.set_clock("2026-03-02T13:00:00Z")
    member = own_shop.enrol()
    own_shop.buy(member, 1000)
    named = {"member": {"id": member["id"]}}
    body = make_purchase(member["card"]) if path == "/v1/purchases" else make_redemption(member["card"], "ten")
    async with own_database.reader() as connection:
        program = await Catalogue().one(connection, await find_program(connection, own_shop.document["program"]))

    async def work(connection: Connection) -> asyncio.Task:
        await change(connection, program, uuid.UUID(member["id"]), what)
        sent = asyncio.create_task(asyncio.to_thread(own_shop.call, "POST", path, body | named))
        await stuck(own_database_url)
        return sent

    answer = await (await own_database.write(work))
    assert answer.json()["code"] == f"member.{what}", answer.text
