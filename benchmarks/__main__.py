"""``python -m benchmarks``: everything from one run, in turns; two tables and build/bench.json.

CPU comes first because it is the figure that a busy machine bends least.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from contextlib import ExitStack

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from benchmarks import home
from benchmarks.history import History
from benchmarks.insight import measure_insight
from benchmarks.load import TICK_SECONDS
from benchmarks.machine import machine_facts
from benchmarks.rehearsal import Rehearsed, rehearse
from benchmarks.report import PURCHASE, figures_table, judge, ratios_table, result
from benchmarks.rounds import Figures, take_turns
from benchmarks.stage import Stage
from benchmarks.variants import ALONE, MEMBERS, PLANS, Plan, members_needed, open_variants
from benchmarks.written import BENCH, BUILD, write_bench, write_json
from benchmarks.wrk import wrk_path
from loyalty_api.kernel.clock import now

LINES, RULES = 5, 5
WIDTH = 120  # of the tables, where no terminal says its own
SECONDS = 5  # of three, the first purchase of each connection is already half of the slowest hundredth


@click.command()
@click.option("--only", default="", help="Variants with one of these words in their name, as product,postgres.")
@click.option("--seconds", default=SECONDS, show_default=True, type=click.IntRange(1), help="Of one turn.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Behind the warm-up.")
def main(only: str, seconds: int, rounds: int) -> None:
    """Measures, prints and writes build/bench.json (build/bench-part.json with --only)."""
    words = [word for word in only.split(",") if word]
    plans = [plan for plan in PLANS if not words or any(word in plan.name for word in words)]
    if not plans:
        raise click.BadParameter(f"no variant is called so; there are {', '.join(plan.name for plan in PLANS)}")
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        figures, machine = _Run(plans, seconds, rounds, progress).measure()
    judged = judge(figures)
    more: dict[str, object] = {}
    if not words:
        console.print("the home screen of a phone, the relay, figures, a webhook, and a million members' worth …")
        with Stage(members=home.MEMBERS) as stage:
            screens = home.measure_home(stage, seconds=seconds, rounds=rounds)
        figures |= screens
        judged += judge(screens, [home.OVER])
        costs = [each.cpu_us for each in figures[PURCHASE]]
        more["insight"], verdicts = measure_insight(purchase_cpu_us=statistics.median(costs))
        judged += verdicts
    console.print(
        figures_table(figures, f"POST /v1/purchases, {LINES} lines, {RULES} rules, {MEMBERS.ordinary:,} members")
    )
    console.print(ratios_table(judged))
    console.print(", ".join(f"{name} {value}" for name, value in machine.items() if not isinstance(value, dict)))
    setup = {"members": MEMBERS.ordinary, "rounds": rounds, "round_seconds": seconds, "lines": LINES, "rules": RULES}
    content = result(figures, judged, setup=setup, machine=machine, **more)
    written = BUILD / "bench-part.json" if words else BENCH
    if words:
        write_json(written, content)
    else:
        write_bench(content)
    console.print(f"written to {written.relative_to(BUILD.parent)}")


class _Run:
    def __init__(self, plans: Sequence[Plan], seconds: int, rounds: int, progress: Progress) -> None:
        self._plans = plans
        self._databases = {plan.database for plan in plans}
        self._seconds = seconds
        self._rounds = rounds
        self._progress = progress
        self._task: TaskID = progress.add_task("starting PostgreSQL", total=None)

    def measure(self) -> tuple[dict[str, list[Figures]], dict[str, object]]:
        """(the figures behind the warm-up, what they were measured on)"""
        self._say("starting PostgreSQL and making members")
        with Stage(members=members_needed(self._rounds)) as stage:
            machine = asyncio.run(machine_facts(stage.url("postgres")))
            machine["load_generator"] = "wrk" if wrk_path() else "benchmarks/load.py"
            self._say("copying the database")
            stage.copy(self._databases | {"product", ALONE})
            self._say("rehearsing: do all leave the same rows?")
            rehearsed = asyncio.run(rehearse(stage, orm="orm" in self._databases))
            history = History(stage.url("history"), say=self._say)
            if "history" in self._databases:
                asyncio.run(self._write_history(history, stage, rehearsed))
            stage.checkpoint()
            if "history" in self._databases:
                asyncio.run(history.index())
            stage.warm(self._databases)
            with ExitStack() as opened:
                variants = open_variants(stage, self._plans, rehearsed.arguments, now(), opened)
                before = asyncio.run(self._recorded(stage))
                turns = len(variants) * (self._rounds + 1) * self._seconds / TICK_SECONDS
                self._progress.live.auto_refresh = False  # drawn by the tick: a thread would take turns with the load
                self._progress.update(self._task, total=turns, completed=0)
                figures = take_turns(
                    variants,
                    postgres=stage.server.process_id,
                    seconds=self._seconds,
                    rounds=self._rounds,
                    say=self._say,
                    tick=lambda: self._progress.update(self._task, advance=1, refresh=True),
                )
            self._check_recorded(before, asyncio.run(self._recorded(stage)), figures)
        return {name: rounds[1:] for name, rounds in figures.items()}, machine

    def _say(self, what: str) -> None:
        self._progress.update(self._task, description=what, refresh=True)

    async def _write_history(self, history: History, stage: Stage, rehearsed: Rehearsed) -> None:
        product = await asyncpg.connect(stage.url("product"))
        try:
            await history.write(product, MEMBERS, member_id=rehearsed.small)
        finally:
            await product.close()

    async def _recorded(self, stage: Stage) -> dict[str, int]:
        """How many purchases each database has."""
        counts = {}
        for name in self._databases:
            connection = await asyncpg.connect(stage.url(name))
            try:
                counts[name] = await connection.fetchval("SELECT count(*) FROM purchases")
            finally:
                await connection.close()
        return counts

    def _check_recorded(self, before: dict[str, int], after: dict[str, int], figures: dict[str, list[Figures]]) -> None:
        """What was answered is there, and what was never sent is not."""
        for database in self._databases - {ALONE}:  # pgbench also works outside of what is measured
            rounds = [each for plan in self._plans if plan.database == database for each in figures[plan.name]]
            answered, sent = sum(each.answered for each in rounds), sum(each.sent for each in rounds)
            recorded = after[database] - before[database]
            assert answered <= recorded <= sent, f"{database}: {sent} sent, {answered} answered, {recorded} recorded"


if __name__ == "__main__":
    main()
