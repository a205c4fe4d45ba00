"""Figures whose projector, and whose database, are killed while they are worked out, and worked out anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import issue_operator_key
from tests.insight.story import live, make_story
from tests.make.insight import kept, program_of, project, stamp, take
from tests.make.lots import cohorts_by_hand
from tests.make.problem import problem
from tests.make.reward import make_reward
from tests.make.shop import Shop

from loyalty_api.domain.points.cohorts import read_cohorts
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.kernel.clock import local_date, now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate

BATCH = 7


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that may be killed, and keeps what it committed."""
    with EmbeddedPostgres() as server:
        yield server


@pytest.fixture(scope="module")
async def database_url(server: EmbeddedPostgres) -> str:
    await migrate(server.url())
    return server.url()


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def lived(opened: Database, database_url: str, start_api: Callable[..., Any]) -> tuple[Shop, Program]:
    """A shop's half year, none of which has been read."""
    operator = await issue_operator_key(opened)
    http = httpx.Client(base_url=start_api(database_url).url, timeout=60)
    shop = Shop.open(http, operator, {"rewards": [make_reward("five-off", points=50)]})
    members = live(shop, make_story(11, purchases=60))
    for member in list(members.values())[:5]:
        answer = shop.call("GET", f"/v1/members/{member['id']}/points").json()
        if answer["available"] >= 50:
            shop.redeem(member)
    program = await program_of(opened, shop)
    await stamp(opened, program)
    return shop, program


async def is_as_if_nothing_had_happened(database: Database, shop: Shop, program: Program) -> None:
    """What is left to be read is read; then all of it is what it is when it is read at once, and what the lots say."""
    await project(database, shop)
    left = await kept(database, program)
    assert len(left["receipts"]) > 60
    terms: dict[str, Any] = {"program_id": program.id, "zone": program.zone, "period": "day"}
    through = local_date(program.present(now()), program.zone)
    async with database.reader() as connection:
        sums = await read_cohorts(connection, **terms, through=through)
        assert sums == await cohorts_by_hand(connection, program, through=through, period="day")
    await database.write(lambda connection: begin_again(connection, program.id))
    await project(database, shop)
    assert await kept(database, program) == left


async def killed(shop: Shop, url: str, *more: str, batches: int) -> None:
    """A projector of its own is killed in its last batch."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.ledger.dying_projector", shop.document["program"], str(BATCH), str(batches)),
        *more,
        env={**os.environ, "LOYALTY_DATABASE_URL": url},
    )
    assert await process.wait() == -signal.SIGKILL


async def test_projectors_that_are_killed_amid_their_work_count_each_event_once(
    lived: tuple[Shop, Program], opened: Database, database_url: str
) -> None:
    shop, program = lived
    await killed(shop, database_url, batches=0)
    assert not any((await kept(opened, program)).values())
    await killed(shop, database_url, batches=3)
    await killed(shop, database_url, batches=2)
    await is_as_if_nothing_had_happened(opened, shop, program)


async def test_figures_whose_making_anew_is_killed_are_refused_until_another_has_made_them(
    lived: tuple[Shop, Program], opened: Database, database_url: str
) -> None:
    shop, program = lived
    await project(opened, shop)
    before = await kept(opened, program)
    await killed(shop, database_url, "again", batches=4)
    problem(shop.call("GET", "/v1/insight/metrics/purchases"), 503, "insight.rebuilding")
    await killed(shop, database_url, batches=1)
    problem(shop.call("GET", "/v1/insight/cohorts"), 503, "insight.rebuilding")
    await project(opened, shop)
    assert await kept(opened, program) == before
    assert shop.call("GET", "/v1/insight/metrics/purchases").status_code == 200


@pytest.mark.parametrize("again", [False, True])
async def test_a_database_that_is_killed_amid_projection_has_counted_each_event_once_when_it_is_back(
    lived: tuple[Shop, Program], opened: Database, server: EmbeddedPostgres, again: bool
) -> None:
    shop, program = lived
    if again:
        await project(opened, shop)
        await opened.write(lambda connection: begin_again(connection, program.id))
    for _ in range(3):
        reading = asyncio.create_task(read_on(opened, program))
        await until_read(server.url(), program, more=2 * BATCH)
        await asyncio.to_thread(server.kill)
        with contextlib.suppress(Exception):  # whatever a database that is gone looks like
            await reading
        reading.cancel()
        await asyncio.to_thread(server.restart)
    await is_as_if_nothing_had_happened(opened, shop, program)


async def read_on(database: Database, program: Program) -> None:
    while await take(database, program, batch=BATCH):
        pass


async def until_read(url: str, program: Program, *, more: int) -> None:
    """Until so many more rows are read."""
    watching, query = await asyncpg.connect(url), "SELECT position FROM feed_cursors WHERE program_id = $1"
    try:
        begun = await watching.fetchval(query, program.id) or 0
        while (await watching.fetchval(query, program.id) or 0) < begun + more:
            pass
    finally:
        await watching.close()
