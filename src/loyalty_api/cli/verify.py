"""``loyalty verify``: prove the ledger from its rows."""

from __future__ import annotations

import asyncio
import os
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from loyalty_api.cli.run import EXIT_FAILED, plain_errors, run, tell, with_database
from loyalty_api.domain.lifecycle.verify import Report, at_once, verify
from loyalty_api.domain.operations.proofs import keep_whole_proof
from loyalty_api.domain.programs.queries import find_program
from loyalty_api.kernel.clock import monotonic, now
from loyalty_api.kernel.database import Database

SHOWN_MAX = 20
LAST = 19  # in the order in which the system lets processes run
RESTS = 3  # times as long as it worked: PostgreSQL, which works for it, knows no last


@click.command("verify")
@click.option("--program", "code", help="this one alone; all of them unless given")
@click.option("--gently", is_flag=True, help="let everybody else go first, and rest three times as long as it works")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def command(code: str | None, gently: bool, as_json: bool) -> None:
    """Works every law of the ledger out again; exits with 1 and the first offenders if one is broken.

    What came of a proof of everything is kept for /metrics. Workers prove each program once a night by themselves.
    """
    if gently:
        os.nice(LAST)
    report = run(with_database(lambda database: _verify(database, code, gently)))
    tell(as_json, {"findings": report.found, "checked": report.checked, "first": report.findings}, summary(report))
    sys.exit(EXIT_FAILED if report.found else 0)


def summary(report: Report) -> str:
    """What was checked and what was found, for people."""
    checked = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.checked.items())
    lines = [f"checked {checked}"]
    if not report.found:
        return "\n".join([*lines, "every law holds"])
    for each in report.findings[:SHOWN_MAX]:
        lines.append(f"  {each.law}: {f'member {each.member_id}: ' if each.member_id else ''}{each.what}")
    if report.found > SHOWN_MAX:
        lines.append(f"  and {report.found - SHOWN_MAX:,} more")
    return "\n".join([*lines, f"{report.found:,} findings"])


async def _verify(database: Database, code: str | None, gently: bool) -> Report:
    columns = (TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TextColumn("members"), TimeRemainingColumn())
    begun, program_id = monotonic(), None
    if code is not None:
        async with database.reader() as connection:
            program_id = await find_program(connection, code)
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("verify", total=None)
        report = await verify(
            database,
            program_id=program_id,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            rest=_rest if gently else at_once,
        )
    if program_id is None:
        took_ms = round((monotonic() - begun) * 1000)
        await database.write(
            lambda connection: keep_whole_proof(connection, now=now(), took_ms=took_ms, findings=report.found)
        )
    return report


async def _rest(worked_seconds: float) -> None:
    await asyncio.sleep(RESTS * worked_seconds)
