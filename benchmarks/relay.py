"""``python -m benchmarks.relay``: what giving events their places costs, in CPU of the worker and of PostgreSQL.

Rows of the outbox wait as purchases leave them, one each by any of the members; no subscriber reads them. PostgreSQL's
fsync is on, each batch commits to disk.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import asyncpg
import click
import msgspec

from benchmarks.cpu import Meter
from benchmarks.projection import DAYS, MULTIPLY, post_one
from benchmarks.stage import Stage
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Database
from loyalty_api.worker.relay import Relay

WRITTEN = Path(__file__).parents[1] / "build" / "bench-relay.json"
ROWS, MEMBERS, ROUNDS = 50_000, 20_000, 3

_WAIT = "UPDATE outbox SET position = NULL"


@click.command()
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(1_000))
@click.option("--members", default=MEMBERS, show_default=True, type=click.IntRange(100))
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1))
def main(rows: int, members: int, rounds: int) -> None:
    """Measures, prints and writes build/bench-relay.json."""
    told = {"insight": {"relay": relay_figures(rows, members, rounds)}}
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    click.echo(WRITTEN.read_text())


def relay_figures(rows: int = ROWS, members: int = MEMBERS, rounds: int = ROUNDS) -> dict[str, Any]:
    """CPU of a row in microseconds, of the worker and of PostgreSQL, and rows a second."""
    with Stage(members=members) as stage:
        stage.copy({"product"})
        post_one(stage)
        return asyncio.run(_measure(stage, rows, members, rounds))


async def _measure(stage: Stage, rows: int, members: int, rounds: int) -> dict[str, Any]:
    connection = await asyncpg.connect(stage.url("product"))
    await connection.execute(MULTIPLY, rows, members, DAYS)
    database = await Database.open(stage.url("product"), pool_size=2)
    figures = []
    try:
        for _ in range(rounds):
            await connection.execute(_WAIT)
            await connection.execute("VACUUM ANALYZE outbox")
            await connection.execute("CHECKPOINT")
            figures.append(await _round(database, Meter(stage.server.process_id)))
    finally:
        await database.close()
        await connection.close()
    worker, postgres, per_second = (statistics.median(each) for each in zip(*figures, strict=True))
    return {
        "cpu_us": round(worker + postgres, 1),
        "worker_cpu_us": round(worker, 1),
        "postgres_cpu_us": round(postgres, 1),
        "per_second": round(per_second),
    }


async def _round(database: Database, meter: Meter) -> tuple[float, float, float]:
    """CPU of a row in microseconds, (the worker's, PostgreSQL's), and rows a second."""
    meter.start()
    worker, started = time.process_time(), monotonic()
    done = await Relay(database).round()
    took, worker = monotonic() - started, time.process_time() - worker
    meter.stop()
    return worker * 1e6 / done, meter.seconds[0] * 1e6 / done, done / took


if __name__ == "__main__":
    main()
