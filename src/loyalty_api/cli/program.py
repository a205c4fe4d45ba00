"""``loyalty program``: the program document as code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from loyalty_api.cli.run import EXIT_FAILED, fail, plain_errors, run, tell, writing
from loyalty_api.domain.programs.document import Document, encode_document
from loyalty_api.domain.programs.publish import (
    Plan,
    create_program,
    plan_program,
    plan_version,
    publish_version,
)
from loyalty_api.domain.programs.queries import Catalogue, Program, find_program
from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import InvalidDocument, ProgramNotFound
from loyalty_api.domain.programs.yaml import read_yaml, write_yaml
from loyalty_api.kernel.clock import now, rfc3339
from loyalty_api.kernel.database import Connection

_effective = click.option(
    "--effective-at", help="in force from this instant (RFC 3339 with an offset); at once unless said"
)
_json = click.option("--json", "as_json", is_flag=True, help="for machines")
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("program")
def command() -> None:
    """The program document: plan shows what would change, apply does it, export writes what is in force."""


@command.command("plan")
@_file
@_effective
@_json
@plain_errors
def plan(file: Path, effective_at: str | None, as_json: bool) -> None:
    """Shows what applying FILE would change; writes nothing."""
    document = _read(file)

    async def work(connection: Connection) -> Plan:
        program = await _find(connection, document)
        if program is None:
            return plan_program(document)
        return plan_version(program, document, effective_at=_instant(effective_at), now=now())

    _tell(as_json, run(writing(work)), "would make")


@command.command("apply")
@_file
@_effective
@_json
@plain_errors
def apply(file: Path, effective_at: str | None, as_json: bool) -> None:
    """Publishes FILE as the next version, or creates the program; nothing happens when nothing changes."""
    document = _read(file)

    async def work(connection: Connection) -> Plan:
        program = await _find(connection, document)
        if program is None:
            await create_program(connection, document=document, now=now(), actor="cli")
            return plan_program(document)
        return await publish_version(
            connection,
            catalogue=Catalogue(),
            program_id=program.id,
            document=document,
            effective_at=_instant(effective_at),
            now=now(),
            actor="cli",
        )

    _tell(as_json, run(writing(work)), "made")


@command.command("export")
@click.argument("code")
@click.option("--version", type=int, help="any version; the one in force unless said")
@click.option("--format", "writing_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@plain_errors
def export(code: str, version: int | None, writing_: str) -> None:
    """Writes a program's document to standard output."""

    async def work(connection: Connection) -> Document:
        program = await Catalogue().one(connection, await find_program(connection, code))
        found = program.version(version) if version else program.version_at(program.present(now()))
        return found.document

    document = run(writing(work))
    if writing_ == "yaml":
        click.echo(write_yaml(document), nl=False)
    else:
        click.echo(msgspec.json.format(encode_document(document), indent=2).decode())


def _read(file: Path) -> Document:
    """The document in a file; every fault is told with its line, then the command ends."""
    lines: dict[str, int] = {}
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            return read_document(read_json(text.encode()))
        raw, lines = read_yaml(text)
        return read_document(raw)
    except UnicodeDecodeError:
        fail(f"{file} is not text in UTF-8.")
    except InvalidDocument as refusal:
        for error in refusal.errors:
            line = next((lines[place] for place in _outwards(error.field) if place in lines), None)
            click.echo(f"{file}{f':{line}' if line else ''}: {error.field}: {error.message}", err=True)
        count = len(refusal.errors)
        fail(f"{file} has {count} fault{'s' if count > 1 else ''}; nothing was changed.", EXIT_FAILED)
    raise AssertionError("unreachable")


def _outwards(place: str) -> list[str]:
    """The place and everything around it: ``a.b[1].c``, ``a.b[1]``, ``a.b``, ``a``."""
    places = [place]
    while place:
        cut = max(place.rfind("."), place.rfind("["))
        place = place[:cut] if cut > 0 else ""
        places.append(place)
    return places


async def _find(connection: Connection, document: Document) -> Program | None:
    try:
        program_id = await find_program(connection, document.program)
    except ProgramNotFound:
        return None
    return await Catalogue().one(connection, program_id)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError("--effective-at must be an instant, such as 2027-01-01T00:00:00+01:00") from None
    if instant.tzinfo is None:
        raise click.UsageError("--effective-at needs an offset, such as 2027-01-01T00:00:00+01:00")
    return instant.astimezone(UTC)


def _tell(as_json: bool, plan: Plan, verb: str) -> None:
    if not plan.changes:
        tell(as_json, plan, f"nothing changes; version {plan.version} says the same")
        return
    start = "the beginning of time" if plan.version == 1 else rfc3339(plan.effective_at)
    lines = [f"  {change.text}" for change in plan.changes]
    tell(as_json, plan, "\n".join([*lines, f"{verb} version {plan.version}, in force from {start}"]))
