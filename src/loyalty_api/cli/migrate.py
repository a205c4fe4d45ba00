"""``loyalty migrate``: bring the database to the newest schema."""

from __future__ import annotations

import click

from loyalty_api.cli.run import plain_errors, run, tell
from loyalty_api.settings import read_settings


@click.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def command(as_json: bool) -> None:
    """Applies the migrations that the database lacks; running it again changes nothing."""
    from loyalty_api.kernel.migrate import migrate

    applied = run(migrate(read_settings().database_url))
    text = f"applied: {', '.join(applied)}" if applied else "nothing to apply"
    tell(as_json, {"applied": applied}, text)
