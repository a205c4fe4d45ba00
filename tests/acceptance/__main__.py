"""``make acceptance``: the year replayed in order, shuffled with duplicates into a second program, and day by day into
a third whose points expire and are redeemed by themselves. ``--tenth``: with a tenth of the households."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from rich.console import Console
from rich.table import Table

from loyalty_api.cli.local import serve_locally
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate
from tests.acceptance.baskets import (
    CLOCK,
    ENROLLED_AT,
    OPENING,
    make_document,
    make_living_document,
    read_baskets,
    write_in_order,
    write_shuffled,
)
from tests.acceptance.cdnow import run_cdnow
from tests.acceptance.command import bearer, loyalty, work_once
from tests.acceptance.figures import call, call_many, figures
from tests.acceptance.insight import differences, insight, tell_insight
from tests.acceptance.lifecycle import lifecycle

ZONE = ZoneInfo("America/New_York")
TARGET = Path("build/acceptance.json")

console = Console(width=None if sys.stdout.isatty() else 120)  # a file has no edge to be cut at


def main() -> int:
    """Runs both replays and compares them; 0 when all of it held."""
    households, bodies = read_baskets(every=10 if "--tenth" in sys.argv[1:] else 1)
    console.print(f"{len(households):,} households, {len(bodies):,} baskets")
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(settings={"max_wal_size": "4GB"}) as server:
        asyncio.run(migrate(server.url()))
        runs = {}
        with serve_locally(server.url()) as api:
            operator = loyalty(server, "keys", "create", "--operator", "--name", "acceptance")["key"]
            for name, write in (("in_order", write_in_order), ("shuffled", write_shuffled)):
                file = Path(folder) / f"{name}.ndjson"
                write(bodies, file)
                runs[name] = asyncio.run(_run(server, api.url, operator, name, file, households))
            life = asyncio.run(_live(server, api.url, operator, Path(folder) / "in_order.ndjson", households))
            cdnow = run_cdnow(server, api, operator)
    agree = runs["in_order"].pop("by_member") == runs["shuffled"].pop("by_member")
    TARGET.parent.mkdir(exist_ok=True)
    told_by = {name: run.pop("insight") for name, run in runs.items()} | {"rebuilt": runs["in_order"].pop("rebuilt")}
    differ = differences(told_by)
    told = {"runs": runs, "agree": agree, "lifecycle": life, "cdnow": cdnow, "insight": told_by}
    TARGET.write_text(json.dumps(told, indent=2) + "\n")
    _tell(runs, agree)
    _tell_life(life)
    tell_insight(console, told_by["in_order"])
    console.print(f"insight says the same in order, shuffled and rebuilt: {not differ} {', '.join(differ)}")
    console.print(f"CDNOW: BG/NBD and Gamma-Gamma are those that were published: {cdnow['agrees']}")
    findings = any(run["verify"]["findings"] for run in (*runs.values(), life))
    return 0 if agree and not differ and cdnow["agrees"] and not findings else 1


async def _run(
    server: EmbeddedPostgres, url: str, operator: str, name: str, file: Path, households: list[int]
) -> dict[str, Any]:
    async with aiohttp.ClientSession(url, headers=bearer(operator)) as session:
        made = await call(session, "POST", "/v1/programs", make_document(name.replace("_", "-")))
    async with aiohttp.ClientSession(url, headers=bearer(made["key"])) as session:
        await call(session, "POST", "/v1/test-clock", {"now": CLOCK})
        enrolled = await call_many(
            session, [("POST", "/v1/members", _member(household)) for household in households], f"enrol {name}"
        )
        members = {household: each["id"] for household, each in zip(households, enrolled, strict=True)}
        replay = ["replay", str(file), "--url", url, "--key", made["key"]]
        replayed = await asyncio.to_thread(loyalty, server, *replay)
        found = await figures(session, members, ZONE)
        await asyncio.to_thread(work_once, server)
        found["insight"] = await insight(session)
        if name == "in_order":
            await asyncio.to_thread(loyalty, server, "insight", "rebuild", "--program", "in-order")
            found["rebuilt"] = await insight(session)
    proof = await asyncio.to_thread(loyalty, server, "verify")
    speed = {key: replayed[key] for key in ("replayed", "per_second", "p50_ms", "p99_ms")}
    assert replayed["refused"] == 0, f"{replayed['refused']} rows were refused"
    return found | speed | {"verify": {"findings": proof["findings"], "checked": proof["checked"]}}


async def _live(server: EmbeddedPostgres, url: str, operator: str, file: Path, households: list[int]) -> dict[str, Any]:
    """The year lived through day by day: the clock follows the receipts, and what is due happens in between."""
    async with aiohttp.ClientSession(url, headers=bearer(operator)) as session:
        made = await call(session, "POST", "/v1/programs", make_living_document("living"))
    async with aiohttp.ClientSession(url, headers=bearer(made["key"])) as session:
        await call(session, "POST", "/v1/test-clock", {"now": OPENING})
        enrolled = await call_many(
            session, [("POST", "/v1/members", _member(household)) for household in households], "enrol living"
        )
        replay = ["replay", str(file), "--url", url, "--key", made["key"], "--with-clock", "--restart"]
        replayed = await asyncio.to_thread(loyalty, server, *replay)
        assert replayed["refused"] == 0, f"{replayed['refused']} rows were refused"
        found = await lifecycle(session, [each["id"] for each in enrolled], ZONE)
    proof = await asyncio.to_thread(loyalty, server, "verify")
    return found | {
        "per_second": replayed["per_second"],
        "verify": {"findings": proof["findings"], "checked": proof["checked"]},
    }


def _tell_life(life: dict[str, Any]) -> None:
    table = Table("month", "opening", "earned", "redeemed", "expired", "closing")
    for month, figures_of in life["by_month"].items():
        table.add_row(month, *(f"{figures_of[name]:,}" for name in list(figures_of)))
    console.print(table)
    console.print(f"the living program: verify findings {life['verify']['findings']}")


def _member(household: int) -> dict[str, Any]:
    identifiers = [{"kind": "external_id", "value": str(household)}]
    return {"identifiers": identifiers, "enrolled_at": ENROLLED_AT}


def _tell(runs: dict[str, Any], agree: bool) -> None:
    table = Table("figure", *runs)
    for figure in ("members", "purchases", "replayed", "points_issued", "per_second", "p50_ms", "p99_ms"):
        table.add_row(figure, *(f"{run[figure]:,}" for run in runs.values()))
    for month in runs["in_order"]["purchases_by_month"]:
        cells = (f"{run['purchases_by_month'][month]:,} / {run['points_by_month'][month]:,}" for run in runs.values())
        table.add_row(f"{month} purchases / points", *cells)
    for tier in runs["in_order"]["members_by_tier"]:
        table.add_row(tier, *(f"{run['members_by_tier'].get(tier, 0):,}" for run in runs.values()))
    table.add_row("verify findings", *(str(run["verify"]["findings"]) for run in runs.values()))
    console.print(table)
    console.print(f"every member's points and tier agree: {agree}; figures are in {TARGET}")


if __name__ == "__main__":
    sys.exit(main())
