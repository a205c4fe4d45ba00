"""``loyalty demo``: everything on this machine, on free loopback ports, from nothing to a proven ledger."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import click
import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loyalty_api.cli import sample
from loyalty_api.cli.local import serve_locally, work_locally
from loyalty_api.cli.replay import Replay
from loyalty_api.cli.run import EXIT_FAILED, fail, plain_errors, run
from loyalty_api.cli.verify import summary
from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.domain.programs.publish import create_program
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.programs.yaml import read_yaml
from loyalty_api.kernel.clock import local_date, now, rfc3339, start_of_day
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.logging import configure_logging
from loyalty_api.kernel.migrate import migrate

ENROLLING = 16  # requests at once

console = Console()


@click.command("demo")
@click.option("--once", is_flag=True, help="end after the summary; exit code 0 only if everything held")
@plain_errors
def command(once: bool) -> None:
    """Starts PostgreSQL, the API and the worker here, runs a coffee chain's weeks through them, and proves the ledger.

    Opens nothing to the network, and leaves nothing behind when it ends (Ctrl-C).
    """
    configure_logging("ERROR")
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    console.print("[bold]loyalty demo[/]: starting PostgreSQL …")
    with EmbeddedPostgres() as server:
        key = run(_prepare(server.url()))
        with (
            serve_locally(server.url(), demo_pages=True) as api,
            work_locally(server.url(), log=server.folder / "worker.log"),
        ):
            held = run(_story(api.url, key, server.url(), server.folder))
            if not once:
                _stay(api.url, key, run(_sign_in(api.url, key, ways=2)))
    sys.exit(0 if held else EXIT_FAILED)


def _as_ctrl_c(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


async def _prepare(url: str) -> str:
    """Schema, sample program and a key; what an operator does once."""
    await migrate(url)
    text = files("loyalty_api.cli").joinpath("coffee.yaml").read_text(encoding="utf-8")
    document = read_document(read_yaml(text)[0])
    database = await Database.open(url, pool_size=1)

    async def work(connection: Connection) -> str:
        program_id = await create_program(connection, document=document, now=now(), actor="demo")
        issued = await issue_key(connection, program_id=program_id, name="demo", scopes=["admin"], now=now())
        return issued.key

    try:
        return await database.write(work)
    finally:
        await database.close()


async def _story(url: str, key: str, database_url: str, folder: Path) -> bool:
    last = local_date(now(), sample.ZONE)
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        enrolled_at = rfc3339(start_of_day(sample.first_day(last), sample.ZONE) - timedelta(days=1))
        bodies = [member | {"enrolled_at": enrolled_at} for member in sample.make_members()]
        members = await _many(session, "POST", [("/v1/members", body) for body in bodies], "enrol")

        file = folder / "purchases.ndjson"
        file.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in sample.make_purchases(last)))
        replay = Replay(file, url, key)
        stopped = await replay.run(concurrency=32)

        paths = [(f"/v1/members/{member['id']}", None) for member in members]
        after = await _many(session, "GET", paths, "read")
    database = await Database.open(database_url, pool_size=2)
    report = await verify(database)
    await database.close()
    _tell(after, replay)
    console.print(f"verify: {summary(report)}")
    told = replay.checkpoint
    return not (stopped or report.found or told.refused or told.replayed or told.rows != told.recorded)


async def _many(
    session: aiohttp.ClientSession, method: str, calls: list[tuple[str, Any]], what: str
) -> list[dict[str, Any]]:
    """The answers to many calls, a few at a time, with a progress bar."""
    answers = []
    for start in track(range(0, len(calls), ENROLLING), description=what.ljust(6), console=console):
        part = calls[start : start + ENROLLING]
        answers += await asyncio.gather(*(_one(session, method, path, body) for path, body in part))
    return answers


async def _one(session: aiohttp.ClientSession, method: str, path: str, body: Any) -> dict[str, Any]:
    async with session.request(method, path, json=body) as answer:
        if answer.status >= 400:
            fail(f"{method} {path} answered {answer.status}: {await answer.text()}")
        return await answer.json()


def _tell(members: list[dict[str, Any]], replay: Replay) -> None:
    tiers = Counter(member["tier"]["code"] for member in members)
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("members", f"{len(members):,}")
    table.add_row("purchases", f"{replay.checkpoint.recorded:,}")
    table.add_row("points", f"{sum(member['points']['available'] for member in members):,}")
    table.add_row("tiers", ", ".join(f"{count:,} {tier}" for tier, count in sorted(tiers.items())))
    figures = replay.figures
    speed = f"{figures.per_second:,.0f} purchases/s, p50 {figures.percentile_ms(50):.0f} ms"
    table.add_row("speed", f"{speed}, p99 {figures.percentile_ms(99):.0f} ms")
    console.print(table)


async def _sign_in(url: str, key: str, *, ways: int) -> list[str]:
    """Refresh tokens of the first sample member, one for each way in, as a shop's back end gives them to its app."""
    async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"}) as session:
        wanted = {"identifier": f"card:{sample.card_of(0)}"}
        member = (await _one(session, "POST", "/v1/members/search", wanted))["items"][0]
        signed_in = [await _one(session, "POST", f"/v1/members/{member['id']}/tokens", None) for _ in range(ways)]
        return [each["refresh_token"] for each in signed_in]


def _stay(url: str, key: str, tokens: list[str]) -> None:
    body = {
        "reference": "my-first",
        "member": {"identifier": f"card:{sample.card_of(0)}"},
        "occurred_at": rfc3339(now().replace(microsecond=0)),
        "currency": "EUR",
        "total_minor": 420,
    }
    console.print("\nTry it in another terminal (the second time it answers the same):\n")
    print(
        f"curl -i {url}/v1/purchases -H 'Authorization: Bearer {key}' \\\n"
        f"  -H 'Content-Type: application/json' -d '{msgspec.json.encode(body).decode()}'"
    )
    console.print("\nOr stand behind a till, in a browser:\n")
    print(f"{url}/demo/till#key={key}")
    console.print("\nwith the phone of a member beside it (or of any other, from the till):\n")
    print(f"{url}/demo/phone#token={tokens[0]}")
    console.print("\nThe contracts, to be read and tried:\n")
    print(f"{url}/docs\n{url}/explorer#token={tokens[1]}")
    console.print("\nCtrl-C ends the demo and removes its data.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
