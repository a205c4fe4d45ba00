"""The prover: every program once a night, by one worker, loud where a law is broken, and nothing stops for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs
from tests.conftest import issue_operator_key
from tests.make.shop import Shop, bearer
from tests.make.time import let_time_pass

from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.prover import AGAIN_AFTER, HOLD, Proof, Prover

NOON, NEXT, THIRD = (
    "2026-03-02T12:00:00Z",
    "2026-03-03T00:00:00Z",
    "2026-03-03T23:00:00Z",
)  # in Berlin: 13, 1, 0 o'clock


@pytest.fixture
async def opened(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database of its own, which the proofs find by the environment as the worker does."""
    monkeypatch.setenv("LOYALTY_DATABASE_URL", fresh_database_url)
    database = await Database.open(fresh_database_url, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def shops(
    opened: Database, start_api: Callable[..., Any], fresh_database_url: str
) -> AsyncIterator[tuple[Shop, Shop, httpx.Client]]:
    """Two programs with a purchase each, and their API."""
    operator = await issue_operator_key(opened)
    with httpx.Client(base_url=start_api(fresh_database_url).url, headers=bearer(operator)) as http:
        one, two = Shop.open(http, operator, {}), Shop.open(http, operator, {})
        for shop in (one, two):
            shop.set_clock(NOON)
            shop.buy(shop.enrol(), 1000)
        yield one, two, http


async def pass_to(url: str, shops: tuple[Shop, ...], instant: str) -> None:
    for shop in shops:
        await asyncio.to_thread(let_time_pass, url, shop, instant)


def told(http: httpx.Client) -> tuple[str, dict[str, float]]:
    """(what readiness says of the ledger, the findings of each program and of all)"""
    ready, found = http.get("/health/ready"), {}
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    for line in http.get("/metrics").text.splitlines():
        name, _, value = line.partition(" ")
        if name.startswith(("loyalty_verify_findings", "loyalty_verify_program_findings")):
            found[name.rpartition('program="')[2].rstrip('"}')] = float(value)
    return ready.json()["ledger"], found


async def test_each_night_every_program_is_proved_once_and_a_broken_law_is_told_everywhere(
    opened: Database, shops: tuple[Shop, Shop, httpx.Client], fresh_database_url: str
) -> None:
    one, two, http = shops
    codes = [shop.document["program"] for shop in (one, two)]
    beats = Beats()
    provers = Prover(opened, beats=beats), Prover(opened, beats=beats)
    assert await provers[0].round() == 0  # they are new: from the next night on
    assert told(http) == ("unproved", {})
    await pass_to(fresh_database_url, (one, two), NEXT)
    assert sum(await asyncio.gather(*(each.round() for each in provers))) == 2
    assert [await each.round() for each in provers] == [0, 0]
    assert told(http) == ("holds", dict.fromkeys([*codes, "loyalty_verify_findings"], 0))
    superuser = await asyncpg.connect(fresh_database_url)
    tamper = "UPDATE balances SET spendable = spendable + 1 FROM programs p WHERE p.code = $1 AND {0} = p.program_id"
    await superuser.execute(tamper.format("balances.program_id"), codes[1])
    await superuser.close()
    await pass_to(fresh_database_url, (one, two), THIRD)
    with capture_logs() as logs:
        assert await provers[0].round() == 2
    state, found = told(http)
    assert (state, found[codes[0]]) == ("broken", 0)
    assert found[codes[1]] == found["loyalty_verify_findings"] > 0
    (loud,) = [line for line in logs if line["log_level"] == "error"]
    assert (loud["event"], loud["program"], loud["findings"]) == ("ledger_broken", codes[1], found[codes[1]])
    assert loud["first"][0]["law"] == "balance"
    one.buy(one.enrol(), 1000)  # tills go on


async def test_a_proof_that_cannot_be_made_is_told_and_tried_again_an_hour_later(
    opened: Database,
    shops: tuple[Shop, Shop, httpx.Client],
    fresh_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two, _ = shops
    present = now()
    prover = Prover(opened, clock=lambda: present)
    await prover.round()
    await pass_to(fresh_database_url, (one, two), NEXT)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with capture_logs() as logs:
        assert await prover.round() == 0
    assert [(line["event"], "Is LOYALTY_DATABASE_URL right" in line["reason"]) for line in logs] == [
        ("proof_failed", True),
        ("proof_failed", True),
    ]
    monkeypatch.setenv("LOYALTY_DATABASE_URL", fresh_database_url)
    assert await prover.round() == 0
    present += AGAIN_AFTER + timedelta(seconds=1)
    assert await prover.round() == 2


async def test_a_worker_that_stops_lets_go_at_once_and_one_that_was_killed_after_a_while(
    opened: Database, shops: tuple[Shop, Shop, httpx.Client], fresh_database_url: str
) -> None:
    one, two, _ = shops
    present = now()
    begun = asyncio.Event()

    async def endless(_: Program) -> Proof:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def quick(_: Program) -> Proof:
        return Proof(0)

    def prover(prove: Callable[[Program], Any]) -> Prover:
        return Prover(opened, clock=lambda: present, prove=prove)

    await prover(quick).round()
    await pass_to(fresh_database_url, (one,), NEXT)
    stop = asyncio.Event()
    stopped = asyncio.create_task(prover(endless).round(stop))
    await begun.wait()
    assert await prover(quick).round() == 0  # it is being made
    stop.set()
    assert await stopped == 0
    assert await prover(quick).round() == 1
    await pass_to(fresh_database_url, (two,), NEXT)
    begun.clear()
    killed = asyncio.create_task(prover(endless).round())
    await begun.wait()
    present += HOLD + timedelta(seconds=1)  # nobody said for so long that it is still being made
    assert await prover(quick).round() == 1
    killed.cancel()
