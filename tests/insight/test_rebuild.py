"""Figures that are worked out anew: the same as before, also beside a worker, and nobody sees half of them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable

from loyalty_api.insights.rebuild import begin_again, rebuild
from loyalty_api.kernel.database import Database
from tests.insight.story import done, live, make_story
from tests.make.insight import ask, kept, project, stamp, take
from tests.make.problem import problem
from tests.make.shop import Shop


async def test_made_anew_by_the_command_every_row_is_as_it_was(
    make_shop: Callable[..., Shop], database: Database, database_url: str
) -> None:
    shop = make_shop()
    members = live(shop, make_story(5, purchases=60))
    done(shop, f"/v1/members/{members[next(iter(members))]['id']}/suspend", {"reason": "x"})
    program = await project(database, shop, batch=11)
    before = await kept(database, program)
    said = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "loyalty_api", "insight", "rebuild", "--program", program.code, "--json"],
        env={**os.environ, "LOYALTY_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=True,
    )
    async with database.reader() as connection:
        events = await connection.fetchval("SELECT count(*) FROM outbox WHERE program_id = $1", program.id)
    assert json.loads(said.stdout) == {program.code: events}
    assert await kept(database, program) == before


async def test_beside_a_worker_and_while_tills_post_every_event_counts_once(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop, told = make_shop(), []
    member = shop.enrol()
    for _ in range(20):
        shop.buy(member, 100)
    program = await project(database, shop)
    anew = asyncio.create_task(
        rebuild(database, program_id=program.id, zone=program.zone, progress=lambda *each: told.append(each), batch=3)
    )
    for _ in range(10):
        await asyncio.to_thread(shop.buy, member, 100)
        await stamp(database, program)
        await take(database, program, batch=2)
    assert await anew >= 21
    await project(database, shop)
    rows = await kept(database, program)
    assert [row["purchases"] for row in rows["days"] if row["purchases"]] == [30]
    assert told == sorted(told)


async def test_until_it_is_done_whoever_asks_is_told_to_wait(shop: Shop, database: Database) -> None:
    shop.buy(shop.enrol(), 100)
    program = await project(database, shop)
    assert ask(shop, "metrics/purchases")["points"][-1]["value"] == 1
    await database.write(lambda connection: begin_again(connection, program.id))
    for path in ("metrics/purchases", "cohorts", "rfm"):
        answer = shop.call("GET", f"/v1/insight/{path}")
        problem(answer, 503, "insight.rebuilding")
        assert answer.headers["retry-after"] == "5"
    await project(database, shop)
    assert ask(shop, "metrics/purchases")["points"][-1]["value"] == 1
