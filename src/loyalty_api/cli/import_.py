"""``loyalty import``: members, opening balances and purchases from a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from loyalty_api.cli.bringing import Import, Kind, ready
from loyalty_api.cli.mapping import BadMapping, fact_body, member_body, read_mapping
from loyalty_api.cli.run import EXIT_UNREACHABLE, fail, plain_errors, run, tell
from loyalty_api.cli.sheet import Unreadable, read_sheet
from loyalty_api.domain.openings.command import Opening, check_opening
from loyalty_api.domain.purchases.command import Purchase, check_purchase
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.rest.member_shapes import EnrolBody


def _check_member(body: EnrolBody) -> list[FieldError]:
    if body.identifiers or body.number:
        return []
    return [FieldError("identifiers", "must name the member, so that they are enrolled once")]


MEMBERS = Kind("members", member_body, EnrolBody, _check_member, "/v1/members/batch")
BALANCES = Kind("balances", fact_body, Opening, check_opening, "/v1/openings/batch")
PURCHASES = Kind("purchases", fact_body, Purchase, check_purchase, "/v1/purchases/batch")


@click.group("import")
def command() -> None:
    """Brings in what another system knows, from CSV, NDJSON or Parquet (by the file's ending).

    A column is a field by its name; --map COLUMN=FIELD names others, and COLUMN=- leaves one out. A member is named
    by a column identifier:card (or :phone, :email, :external_id). Stopped in the middle, the same command goes on
    where it was. Refused rows go to FILE.refused.csv (or .ndjson) with their problem: mend them and import that file.
    Exit code 1 if rows were refused, 3 if it stopped.
    """


def _options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        [
            click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
            click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="card_no=identifier:card"),
            click.option("--dry-run", is_flag=True, help="validates every row and posts nothing"),
            click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="where the API is served"),
            click.option("--key", envvar="LOYALTY_KEY", help="an API key, or LOYALTY_KEY"),
            click.option("--restart", is_flag=True, help="from the first row, whatever was done before"),
            click.option("--json", "as_json", is_flag=True, help="for machines"),
        ]
    ):
        function = option(function)
    return plain_errors(function)


@command.command("members")
@_options
def members(**options: Any) -> None:
    """Enrols each row: identifier:KIND or number, given_name, family_name, email, phone, birth_date, language,
    attribute:NAME, enrolled_at, store. Who is known by an identifier stays untouched."""
    _import(MEMBERS, **options)


@command.command("balances")
@_options
def balances(**options: Any) -> None:
    """Brings in each row as a lot: reference, identifier:KIND, points, earned_at, and available_at, expires_at if the
    program should not make them. Needs a key with scope admin."""
    _import(BALANCES, **options)


@command.command("purchases")
@_options
def purchases(**options: Any) -> None:
    """Records each row as a purchase that earns by the program of its time: reference, source, identifier:KIND,
    occurred_at, currency, total_minor, store, employee, channel; in NDJSON and Parquet also lines."""
    _import(PURCHASES, **options)


def _import(
    kind: Kind,
    *,
    file: Path,
    pairs: tuple[str, ...],
    dry_run: bool,
    url: str,
    key: str | None,
    restart: bool,
    as_json: bool,
) -> None:
    try:
        mapping = read_mapping(pairs)
        if dry_run:
            _validate(kind, file, mapping, as_json)
        elif not key:
            fail("give an API key with --key or LOYALTY_KEY")
        else:
            _post(Import(kind, file, mapping, url, key, restart=restart), as_json)
    except (BadMapping, Unreadable) as error:
        fail(str(error))


def _validate(kind: Kind, file: Path, mapping: dict[str, str], as_json: bool) -> None:
    rows, faults = 0, []
    for row in read_sheet(file):
        rows += 1
        problem = ready(kind, row, mapping).problem
        if problem:
            faults.append({"line": row.number, "problem": problem})
    shown = [f"  row {each['line']}: {each['problem']}" for each in faults]
    text = "\n".join([f"{rows:,} rows, {len(faults):,} of them faulty; nothing was posted", *shown])
    tell(as_json, {"rows": rows, "faulty": len(faults), "faults": faults}, text)
    sys.exit(1 if faults else 0)


def _post(bringing: Import, as_json: bool) -> None:
    stopped = run(_with_bar(bringing))
    told = bringing.progress
    text = f"{told.rows:,} rows: {told.recorded:,} recorded, {told.replayed:,} known, {told.refused:,} refused"
    if told.refused:
        text += f"\nrefused rows are in {bringing.errors.file}"
    counts = {"rows": told.rows, "recorded": told.recorded, "replayed": told.replayed, "refused": told.refused}
    tell(as_json, counts, text)
    if stopped:
        again = f"Run the same command again to go on from row {told.rows + 1:,}."
        fail(f"{stopped.rstrip('.')}. {again}", EXIT_UNREACHABLE)
    sys.exit(1 if told.refused else 0)


async def _with_bar(bringing: Import) -> str | None:
    total = await asyncio.to_thread(lambda: sum(1 for _ in read_sheet(bringing.file)))
    name = bringing.kind.name
    columns = (TextColumn("import"), BarColumn(), MofNCompleteColumn(), TextColumn(name), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("import", total=total, completed=bringing.progress.rows)
        return await bringing.run(lambda rows: bar.update(task, completed=rows))
