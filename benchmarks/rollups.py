"""``python -m benchmarks.rollups``: what the figures of a year take to read, judged.

SQL leaves what the events of a year of purchases would: members by days, months and tiers, some merged, closed, with
returns and with points that expired; the counts of people are made of these as a migration makes them, and the worker
works out grids ahead; and of two years the sums of lots by days, full, as they do not grow with the number of
purchases. Then every metric over a year of months, by everything that it can be asked by, the cohorts, and recency,
frequency and monetary value are read through what the REST doors call. Beside them, not judged: by everything over half
a year of weeks and a month of days, as the doors ask unless they are told.
Writes build/rollups.json, and the figures into build/bench.json too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from benchmarks.machine import machine_facts
from benchmarks.reads import median_ms
from benchmarks.shop import PROGRAM
from benchmarks.written import add_to_bench
from benchmarks.year import EMPLOYEES, PURCHASES_A_MEMBER, STORES, fill
from loyalty_api.domain.programs.publish import create_program
from loyalty_api.domain.programs.queries import Catalogue, program_ids
from loyalty_api.domain.programs.read import read_document
from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.cohorts import read_cohorts
from loyalty_api.insights.grids import Wanted, tell_grid
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import periods_between, start_of, step
from loyalty_api.insights.series import Present, read_series
from loyalty_api.kernel.clock import local_date, monotonic, now
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate
from loyalty_api.worker.grader import Grader

WRITTEN = Path(__file__).parents[1] / "build" / "rollups.json"
PURCHASES = 10_000_000
READ_MS_MAX = 300
READS, ENOUGH_SECONDS = 3, 4.0  # whatever takes longer is not read again
SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}


@click.command()
@click.option("--purchases", default=PURCHASES, show_default=True, type=click.IntRange(10_000))
def main(purchases: int) -> None:
    """Measures, judges, prints and writes build/rollups.json."""
    with EmbeddedPostgres(settings=SETTINGS) as server:
        told = asyncio.run(_measure(server.url("postgres"), purchases))
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    add_to_bench("rollups", told["insight"]["rollups"])
    click.echo(WRITTEN.read_text())
    raise SystemExit(0 if told["insight"]["rollups"]["passed"] else 1)


async def _measure(url: str, purchases: int) -> dict[str, Any]:
    await migrate(url)
    database = await Database.open(url, pool_size=2)
    try:
        await database.write(
            lambda connection: create_program(connection, document=read_document(PROGRAM), now=now(), actor="bench")
        )
        await fill(database, url, purchases)
        started = monotonic()
        await Grader(database, clock=now, buyers_min=0).round()
        worked_out = round(1000 * (monotonic() - started), 1)
        found = await _reads(database)
        beside = await _reads_by_weeks_and_days(database)
    finally:
        await database.close()
    slowest = max(found, key=lambda each: found[each])
    judged = {"slowest": slowest, "slowest_ms": found[slowest], "passed": found[slowest] <= READ_MS_MAX}
    facts = {
        "grids_worked_out_ms": worked_out,
        "purchases": purchases,
        "members": purchases // PURCHASES_A_MEMBER,
        "stores": STORES,
        "employees": EMPLOYEES,
        "read_ms_max": READ_MS_MAX,
    }
    return {"insight": {"rollups": found | facts | beside | judged}, "machine": await machine_facts(url)}


async def _reads(database: Database) -> dict[str, float]:
    asked, present = await _asked(database, "month", 12)
    reads = _of_metrics(asked, present)
    reads["cohorts"] = lambda connection: read_cohorts(connection, asked, present)
    reads["rfm"] = lambda connection: tell_grid(connection, Wanted(asked.program_id, asked.through), now())
    return {f"{name}_ms": await _median_ms(database, read) for name, read in reads.items()}


async def _reads_by_weeks_and_days(database: Database) -> dict[str, Any]:
    """The slowest of all metrics by all groups."""
    found = {}
    for period, count in ("week", 26), ("day", 31):
        reads = _of_metrics(*await _asked(database, period, count))
        took = {name: await _median_ms(database, read) for name, read in reads.items() if "_by_" in name}
        slowest = max(took, key=lambda each: took[each])
        found |= {f"slowest_by_{period}": slowest, f"slowest_by_{period}_ms": took[slowest]}
    return found


async def _asked(database: Database, period: str, count: int) -> tuple[Asked, Present]:
    async with database.reader() as connection:
        (program_id,) = await program_ids(connection)
        program = await Catalogue().one(connection, program_id)
    through = local_date(now(), program.zone)
    periods = periods_between(step(start_of(through, period), period, 1 - count), through, period)
    named = {"program_id": program_id, "zone": program.zone, "period": period, "periods": periods}
    return Asked(**named, cost_minor_per_100=1, through=through), Present(now(), program.zone)


def _of_metrics(asked: Asked, present: Present) -> dict[str, Callable[[Connection], Awaitable[object]]]:
    """Each metric, and each by everything that it can be asked by."""
    return {
        f"{slug}_by_{by}" if by else slug: partial(
            read_series, metric=metric, asked=replace(asked, by=by), present=present
        )
        for slug, metric in METRICS.items()
        for by in (None, *metric.groups)
    }


async def _median_ms(database: Database, read: Callable[[Any], Awaitable[object]]) -> float:
    return await median_ms(database, read, reads=READS, enough_seconds=ENOUGH_SECONDS)


if __name__ == "__main__":
    main()
