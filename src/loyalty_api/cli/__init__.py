"""The ``loyalty`` command: one file per command group, each imported only when it is called."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import click

_COMMANDS = {
    "demo": "everything on this machine: a server, a sample program, weeks of purchases",
    "serve": "the REST API",
    "work": "what time brings: points that mature and expire, notices",
    "migrate": "bring the database to the newest schema",
    "replay": "post purchases from a file over HTTP, resumable",
    "import": "members, opening balances and purchases from a file, resumable",
    "program": "export, plan and apply the program document",
    "verify": "prove the ledger from its rows",
    "insight": "figures worked out of the events: rebuild them",
    "keys": "create, list and revoke API keys",
    "export-schemas": "write the OpenAPI contract",
}


class _Lazy(click.Group):
    """Finds ``loyalty NAME`` in ``cli/name.py`` as ``command``; imports cost seconds, help should not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module: Any = importlib.import_module(f"loyalty_api.cli.{_file(cmd_name)}")
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _file(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loyalty_api")
def main() -> None:
    """A self-hosted loyalty points engine."""
