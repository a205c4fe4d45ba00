"""``loyalty export-schemas``: write the contract that the code speaks."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_api.cli.run import plain_errors


@click.command("export-schemas")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("openapi"))
@plain_errors
def command(folder: Path) -> None:
    """Writes openapi.json, schema.graphql, and a JSON Schema per event below events, into FOLDER (openapi unless
    said)."""
    from loyalty_api.domain.feed.schemas import event_schemas
    from loyalty_api.graphql.schema import write_schema
    from loyalty_api.rest.openapi import encode_contract
    from loyalty_api.rest.router import CONTRACT

    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    target = folder / "openapi.json"
    target.write_bytes(encode_contract(CONTRACT) + b"\n")
    phones = folder / "schema.graphql"
    phones.write_bytes(write_schema())
    schemas = event_schemas()
    for former in events.glob("loyalty.*.json"):
        if former.name not in schemas:
            former.unlink()
    for name, schema in schemas.items():
        (events / name).write_bytes(schema + b"\n")
    click.echo(f"wrote {target}, {phones} and {len(schemas)} schemas of events")
