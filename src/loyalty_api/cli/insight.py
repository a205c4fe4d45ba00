"""``loyalty insight``: the figures that are worked out of the events."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from loyalty_api.cli.run import plain_errors, run, tell, with_database
from loyalty_api.domain.programs.queries import Catalogue, find_program, program_ids
from loyalty_api.insights.rebuild import rebuild as rebuild_figures
from loyalty_api.kernel.database import Database


@click.group("insight")
def command() -> None:
    """Figures that are worked out of the events, by `loyalty work`."""


@command.command("rebuild")
@click.option("--program", "code", help="one program's; of all unless said")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def rebuild(code: str | None, as_json: bool) -> None:
    """Works the figures out anew from the first event. A worker may go on beside it; until it is done, whoever asks
    for figures is told to wait."""
    counts = run(with_database(lambda database: _rebuild(database, code)))
    tell(as_json, counts, "\n".join(f"{name}: {count:,} rows of events" for name, count in counts.items()))


async def _rebuild(database: Database, code: str | None) -> dict[str, int]:
    """The rows of events that were read, by program."""
    async with database.reader() as connection:
        ids = await program_ids(connection) if code is None else [await find_program(connection, code)]
        programs = await Catalogue().load(connection, ids)
    counts = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for program_id in ids:
            program = programs[program_id]
            task = bar.add_task(program.code, total=None)

            def tell_bar(done: int, total: int, task: TaskID = task) -> None:
                bar.update(task, completed=done, total=total)

            counts[program.code] = await rebuild_figures(
                database, program_id=program.id, zone=program.zone, progress=tell_bar
            )
    return counts
