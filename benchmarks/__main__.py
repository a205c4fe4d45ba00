"""Purchases at 64 connections: CPU per purchase, purchases per second, latencies; one table and build/bench.json.

CPU comes first because it is the figure that a busy machine bends least.
"""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.cpu import tree_seconds
from benchmarks.load import TICK_SECONDS, Load
from benchmarks.machine import machine_facts
from benchmarks.purchases import Requests
from benchmarks.served import HOST, Served
from benchmarks.shop import open_shop
from benchmarks.wrk import Wrk, wrk_path
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate

MEMBERS = 100_000
CONNECTIONS = 64
WARM_UP_SECONDS = 5.0
ROUNDS = 5
ROUND_SECONDS = 4.0
RESULT = Path(__file__).parents[1] / "build" / "bench.json"


class Figures(NamedTuple):
    """One round; CPU per purchase in microseconds."""

    cpu_us: float
    api_cpu_us: float
    postgres_cpu_us: float
    generator_cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float


_LABELS = {
    "cpu_us": "CPU per purchase, API and PostgreSQL (µs)",
    "api_cpu_us": "  of it API",
    "postgres_cpu_us": "  of it PostgreSQL",
    "generator_cpu_us": "CPU per purchase, load generator (µs)",
    "per_second": "purchases per second",
    "p50_ms": "p50 (ms)",
    "p99_ms": "p99 (ms)",
}


def main() -> None:
    """Measures, prints and writes."""
    console = Console()
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        rounds, machine = _measure(progress)
    console.print(_table(rounds))
    console.print(", ".join(f"{name} {value}" for name, value in machine.items() if not isinstance(value, dict)))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(_result(rounds, machine)), indent=2) + b"\n")
    console.print(f"written to {RESULT.relative_to(RESULT.parents[1])}")


def _measure(progress: Progress) -> tuple[list[Figures], dict[str, object]]:
    task = progress.add_task("starting PostgreSQL", total=None)
    with EmbeddedPostgres() as server:
        url = server.url()
        machine = asyncio.run(machine_facts(url))
        progress.update(task, description=f"making {MEMBERS:,} members")
        asyncio.run(migrate(url))
        shop = asyncio.run(open_shop(url, members=MEMBERS))
        progress.update(task, description="starting the API")
        with Served(url) as served:
            roots = served.process_id, server.process_id
            requests = Requests(shop, HOST, now())
            machine["load_generator"] = "wrk" if wrk_path() else "benchmarks/load.py"
            generator = Wrk if wrk_path() else Load
            with generator((HOST, served.port), requests, connections=CONNECTIONS) as load:
                rounds, answered, sent = _run(load, roots, progress, task)
        recorded = asyncio.run(_recorded(url))
        assert answered <= recorded <= sent, f"{sent} sent, {answered} answered 201, but {recorded} are recorded"
    return rounds, machine


def _run(load: Load | Wrk, roots: tuple[int, int], progress: Progress, task: object) -> tuple[list[Figures], int, int]:
    """(the rounds behind the warm-up, purchases answered in all, purchases sent in all)"""
    steps = (WARM_UP_SECONDS + ROUNDS * ROUND_SECONDS) / TICK_SECONDS
    progress.live.auto_refresh = False  # drawn by the tick: a thread would take turns with the load
    progress.update(task, total=steps, completed=0)

    def tick() -> None:
        progress.update(task, advance=1, refresh=True)

    progress.update(task, description="warming up")
    warm_up = load.run(WARM_UP_SECONDS, tick)
    answered, sent = warm_up.answered, warm_up.sent
    rounds = []
    for number in range(1, ROUNDS + 1):
        progress.update(task, description=f"round {number} of {ROUNDS}")
        before = [tree_seconds(root) for root in roots]
        seen = load.run(ROUND_SECONDS, tick)
        api, postgres = (tree_seconds(root) - start for root, start in zip(roots, before, strict=True))
        answered += seen.answered
        sent += seen.sent
        rounds.append(
            Figures(
                cpu_us=(api + postgres) / seen.sent * 1e6,
                api_cpu_us=api / seen.sent * 1e6,
                postgres_cpu_us=postgres / seen.sent * 1e6,
                generator_cpu_us=seen.cpu_seconds / seen.sent * 1e6,
                per_second=seen.answered / seen.seconds,
                p50_ms=seen.p50_ms,
                p99_ms=seen.p99_ms,
            )
        )
    return rounds, answered, sent


async def _recorded(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT count(*) FROM purchases")
    finally:
        await connection.close()


def _table(rounds: list[Figures]) -> Table:
    table = Table(title=f"POST /v1/purchases, 5 lines, 5 rules, {MEMBERS:,} members, {CONNECTIONS} connections")
    table.add_column("")
    for name in ("median", "lowest", "highest"):
        table.add_column(name, justify="right")
    for name, label in _LABELS.items():
        values = _spread(rounds, name)
        digits = 1 if name.endswith("_ms") else 0
        table.add_row(label, *(f"{value:,.{digits}f}" for value in values))
    return table


def _spread(rounds: list[Figures], name: str) -> tuple[float, float, float]:
    values = [getattr(figures, name) for figures in rounds]
    return statistics.median(values), min(values), max(values)


def _result(rounds: list[Figures], machine: dict[str, object]) -> dict:
    spreads = {name: [round(value, 1) for value in _spread(rounds, name)] for name in Figures._fields}
    product = {name: values[0] for name, values in spreads.items() if name != "generator_cpu_us"}
    product["lowest_highest"] = {name: values[1:] for name, values in spreads.items() if name != "generator_cpu_us"}
    return {
        "purchase": {str(CONNECTIONS): {"product": product}},
        "load_generator": {"cpu_us": spreads["generator_cpu_us"][0]},
        "setup": {"members": MEMBERS, "rounds": ROUNDS, "round_seconds": ROUND_SECONDS, "lines": 5, "rules": 5},
        "machine": machine,
    }


if __name__ == "__main__":
    main()
