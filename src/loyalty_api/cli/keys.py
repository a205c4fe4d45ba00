"""``loyalty keys``: create, list and revoke API keys."""

from __future__ import annotations

from uuid import UUID

import click

from loyalty_api.cli.run import plain_errors, run, tell, writing
from loyalty_api.domain.access.issue_key import IssuedKey, issue_key
from loyalty_api.domain.access.queries import list_keys
from loyalty_api.domain.access.revoke_key import revoke_key
from loyalty_api.domain.access.table import PROGRAM_SCOPES
from loyalty_api.domain.programs.queries import find_program
from loyalty_api.kernel.clock import now, rfc3339
from loyalty_api.kernel.database import Connection


@click.group("keys")
def command() -> None:
    """API keys: each belongs to one program and carries scopes."""


@command.command("create")
@click.option("--program", "code", help="the program's code")
@click.option("--operator", is_flag=True, help="a key that may create programs")
@click.option("--metrics", is_flag=True, help="a key that may read /metrics and nothing else")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(PROGRAM_SCOPES))
@click.option("--name", required=True, help="who will use it")
@click.option("--store", help="ties a till's key to its store")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def create(
    code: str | None,
    operator: bool,
    metrics: bool,
    scopes: tuple[str, ...],
    name: str,
    store: str | None,
    as_json: bool,
) -> None:
    """Creates a key and tells it once."""
    if [code is not None, operator, metrics].count(True) != 1:
        raise click.UsageError("say either --program CODE, --operator or --metrics")
    if code is not None and not scopes:
        raise click.UsageError(f"say at least one --scope among {', '.join(PROGRAM_SCOPES)}")

    async def work(connection: Connection) -> IssuedKey:
        program_id = None if code is None else await find_program(connection, code)
        wanted = ["operator"] if operator else ["metrics"] if metrics else list(scopes)
        return await issue_key(connection, program_id=program_id, name=name, scopes=wanted, store=store, now=now())

    issued = run(writing(work))
    tell(
        as_json,
        issued,
        f"{issued.key}\n\nThis is told once; the key is known as {issued.prefix}… ({issued.id}).",
    )


@command.command("list")
@click.option("--program", "code", required=True)
@click.option("--json", "as_json", is_flag=True, help="for machines")
@plain_errors
def list_(code: str, as_json: bool) -> None:
    """Lists a program's keys."""

    async def work(connection: Connection) -> list[dict]:
        rows = await list_keys(connection, await find_program(connection, code))
        return [
            {
                "id": str(row["key_id"]),
                "prefix": row["prefix"],
                "name": row["name"],
                "scopes": row["scopes"],
                "revoked_at": row["revoked_at"] and rfc3339(row["revoked_at"]),
            }
            for row in rows
        ]

    keys = run(writing(work))
    lines = [
        f"{key['id']}  {key['prefix']}…  {', '.join(key['scopes'])}  {key['name']}"
        + (f"  revoked {key['revoked_at']}" if key["revoked_at"] else "")
        for key in keys
    ]
    tell(as_json, keys, "\n".join(lines) or "no keys yet")


@command.command("revoke")
@click.option("--program", "code", required=True)
@click.argument("key_id", type=click.UUID)
@plain_errors
def revoke(code: str, key_id: UUID) -> None:
    """Revokes a key at once."""

    async def work(connection: Connection) -> None:
        program_id = await find_program(connection, code)
        await revoke_key(connection, program_id=program_id, key_id=key_id, now=now())

    run(writing(work))
    click.echo("revoked")
