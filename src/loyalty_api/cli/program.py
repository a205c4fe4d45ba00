"""``loyalty program``: the program document as code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.text import Text

from loyalty_api.cli.run import EXIT_FAILED, fail, plain_errors, run, writing
from loyalty_api.domain.programs.diff import diff_documents
from loyalty_api.domain.programs.document import Document, encode_document
from loyalty_api.domain.programs.draft import Draft, read_draft
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

    async def work(connection: Connection) -> tuple[Plan, Draft | None]:
        program = await _find(connection, document)
        if program is None:
            return plan_program(document), None
        plan = plan_version(program, document, effective_at=_instant(effective_at), now=now())
        return plan, await _other_draft(connection, program, document)

    _tell(as_json, *run(writing(work)), "would make")


@command.command("apply")
@_file
@_effective
@_json
@plain_errors
def apply(file: Path, effective_at: str | None, as_json: bool) -> None:
    """Publishes FILE as the next version, or creates the program; nothing happens when nothing changes."""
    document = _read(file)

    async def work(connection: Connection) -> tuple[Plan, Draft | None]:
        program = await _find(connection, document)
        if program is None:
            await create_program(connection, document=document, now=now(), actor="cli")
            return plan_program(document), None
        plan = await publish_version(
            connection,
            catalogue=Catalogue(),
            program_id=program.id,
            document=document,
            effective_at=_instant(effective_at),
            now=now(),
            actor="cli",
        )
        return plan, await _other_draft(connection, program, document)

    _tell(as_json, *run(writing(work)), "made")


@command.command("export")
@click.argument("code")
@click.option("--version", type=int, help="any version; the one in force unless said")
@click.option("--draft", is_flag=True, help="the shared draft; the newest version where nothing is drafted")
@click.option("--format", "writing_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@plain_errors
def export(code: str, version: int | None, draft: bool, writing_: str) -> None:
    """Writes a program's document to standard output."""
    if draft and version:
        raise click.UsageError("--draft and --version exclude each other")

    async def work(connection: Connection) -> Document:
        program = await Catalogue().one(connection, await find_program(connection, code))
        if draft:
            return (await read_draft(connection, program)).document
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


async def _other_draft(connection: Connection, program: Program, document: Document) -> Draft | None:
    """The draft, where somebody's edits in it are not those of the document."""
    draft = await read_draft(connection, program)
    return draft if draft.saved and diff_documents(draft.document, document) else None


def _tell(as_json: bool, plan: Plan, draft: Draft | None, verb: str) -> None:
    if as_json:
        click.echo(msgspec.json.encode(plan).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    # Fields that one sentence tells together give it more than once.
    for words in dict.fromkeys(line for change in plan.changes for line in change.words.splitlines()):
        console.print(Text.assemble(("  • ", "cyan"), words))
    if plan.changes:
        start = "the beginning of time" if plan.version == 1 else rfc3339(plan.effective_at)
        console.print(f"{verb} version {plan.version}, in force from {start}")
    else:
        console.print(f"nothing changes; version {plan.version} says the same")
    if draft is not None and draft.changed_at is not None:
        told = f"the draft that {draft.changed_by} saved at {rfc3339(draft.changed_at)} stays as it is, unpublished"
        console.print(f"note: {told}; see it with `program export --draft`", style="dim", markup=False)
