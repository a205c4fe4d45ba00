"""``loyalty verify``: prove the ledger from its rows."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from loyalty_api.cli.run import EXIT_FAILED, plain_errors, run, tell, with_database
from loyalty_api.domain.lifecycle.verify import Report, verify
from loyalty_api.domain.operations.report import Ran, report_jobs
from loyalty_api.kernel.clock import monotonic, now
from loyalty_api.kernel.database import Database

SHOWN_MAX = 20


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def command(as_json: bool) -> None:
    """Works every law of the ledger out again; exits with 1 and the first offenders if one is broken.

    What came of it is kept for /metrics.
    """
    report = run(with_database(_verify))
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


async def _verify(database: Database) -> Report:
    columns = (TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TextColumn("members"), TimeRemainingColumn())
    begun = monotonic()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("verify", total=None)
        report = await verify(database, progress=lambda done, total: bar.update(task, completed=done, total=total))
    ran = Ran("verify", now(), report.found == 0, round((monotonic() - begun) * 1000), report.found)
    await database.write(lambda connection: report_jobs(connection, [ran], {}))
    return report
