"""Bringing a file in over HTTP: validated row by row, posted in chunks, each chunk settled before the next.

Where it stands is kept beside the file; every row is idempotent besides (by its reference, or a member by their
identifiers), so that a row that is posted twice never counts twice.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import aiohttp
import msgspec

from loyalty_api.cli.posting import Stopped, send, told_why
from loyalty_api.cli.sheet import SheetRow, read_sheet
from loyalty_api.kernel.refusals import FieldError, Refusal

CHUNK_ROWS = 1000  # as many as a batch may hold


class Kind(NamedTuple):
    """What a file holds: how a row becomes a body, of which type, what else is checked, and where it is posted."""

    name: str
    make_body: Callable[[dict[str, Any], dict[str, str]], dict[str, Any]]
    type: Any
    check: Callable[[Any], list[FieldError]]
    path: str  # of batches


class Ready(NamedTuple):
    """A row that is right as far as it alone can show: its body; or its problem."""

    row: SheetRow
    body: bytes
    problem: str | None


class Progress(msgspec.Struct):
    """Where an import stands: rows 1 to ``rows`` are settled."""

    input: str  # fingerprint of the file, the mapping and where it goes
    rows: int = 0
    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    refused_bytes: int = 0  # length of the errors file that belongs to these rows


def ready(kind: Kind, row: SheetRow, mapping: dict[str, str]) -> Ready:
    """Validates one row without asking anybody."""
    if row.problem:
        return Ready(row, b"", row.problem)
    try:
        body = msgspec.convert(kind.make_body(row.values, mapping), kind.type, strict=False)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        return Ready(row, b"", str(error))
    except Refusal as refusal:  # of one field, raised while it was made
        return Ready(row, b"", _told(refusal.errors) or refusal.detail)
    errors = kind.check(body)
    return Ready(row, msgspec.json.encode(body), _told(errors) if errors else None)


def _told(errors: Any) -> str:
    return "; ".join(f"{each.field} {each.message}" for each in errors)


class Errors:
    """The file of refused rows: written like the input, with the line and the problem besides."""

    def __init__(self, file: Path) -> None:
        self._is_csv = file.suffix.lower() == ".csv"
        self.file = file.with_name(f"{file.stem}.refused{'.csv' if self._is_csv else '.ndjson'}")
        self._columns = _columns(file) if self._is_csv else []

    def line(self, row: SheetRow, problem: str, *, first: bool) -> bytes:
        """The bytes for one row. ``first``: of the file."""
        told = {**row.values, "line": row.number, "problem": problem}
        if not self._is_csv:
            return msgspec.json.encode(told) + b"\n"
        text = io.StringIO()
        writer = csv.DictWriter(text, [*self._columns, "line", "problem"], extrasaction="ignore")
        if first:
            writer.writeheader()
        writer.writerow(told)
        return text.getvalue().encode()


class Import:
    """One file on its way to one server."""

    def __init__(self, kind: Kind, file: Path, mapping: dict[str, str], url: str, key: str, *, restart: bool) -> None:
        self.kind, self.file, self.mapping, self.url, self._key = kind, file, mapping, url.rstrip("/"), key
        self.errors = Errors(file)
        self._progress_file = file.with_name(f"{file.name}.progress.json")
        self.progress = self._begin(restart)

    async def run(self, tick: Callable[[int], None]) -> str | None:
        """Posts what is left; ``tick`` is told how many rows are settled. None, or why it stopped."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        with self.errors.file.open("ab") as refused:
            refused.truncate(self.progress.refused_bytes)
            try:
                async with aiohttp.ClientSession(headers=headers) as session:
                    for chunk in _chunks(self._left()):
                        await self._settle(session, chunk, refused)
                        tick(self.progress.rows)
            except Stopped as stopped:
                return str(stopped)
        if not self.progress.refused:
            self.errors.file.unlink(missing_ok=True)
        return None

    def _left(self) -> Iterator[Ready]:
        rows = islice(read_sheet(self.file), self.progress.rows, None)
        return (ready(self.kind, row, self.mapping) for row in rows)

    async def _settle(self, session: aiohttp.ClientSession, chunk: tuple[Ready, ...], refused: BinaryIO) -> None:
        good = [each for each in chunk if each.problem is None]
        outcomes = await self._post(session, good) if good else []
        told = {each.row.number: outcome for each, outcome in zip(good, outcomes, strict=True)}
        for each in chunk:
            status, problem = told.get(each.row.number, ("refused", each.problem or ""))
            setattr(self.progress, status, getattr(self.progress, status) + 1)
            if status == "refused":
                refused.write(self.errors.line(each.row, problem, first=refused.tell() == 0))
        self.progress.rows += len(chunk)
        self._save(refused)

    async def _post(self, session: aiohttp.ClientSession, good: list[Ready]) -> list[tuple[str, str]]:
        body = b"[" + b",".join(each.body for each in good) + b"]"
        status, answer, _ = await send(session, f"{self.url}{self.kind.path}", body)
        if status == 413 and len(good) > 1:  # long receipts: in halves, in their order
            middle = len(good) // 2
            first = await self._post(session, good[:middle])
            return first + await self._post(session, good[middle:])
        if status == 413:
            return [("refused", _problem(answer))]
        if status != 200:
            raise Stopped(f"the server refuses the batch: {_problem(answer)}")
        results = msgspec.json.decode(answer)["results"]
        return [(each["status"], _words(each["problem"]) if "problem" in each else "") for each in results]

    def _save(self, refused: BinaryIO) -> None:
        refused.flush()
        self.progress.refused_bytes = refused.tell()
        beside = self._progress_file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self.progress))
        beside.replace(self._progress_file)

    def _begin(self, restart: bool) -> Progress:
        with self.file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256")
        content.update(f"{self.kind.name} {sorted(self.mapping.items())} {self.url} {self._key}".encode())
        fingerprint = content.hexdigest()
        try:
            found = msgspec.json.decode(self._progress_file.read_bytes(), type=Progress)
        except (OSError, msgspec.DecodeError):
            found = None
        return found if found and found.input == fingerprint and not restart else Progress(fingerprint)


def _problem(body: bytes) -> str:
    try:
        return _words(msgspec.json.decode(body))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return told_why(body)


def _words(problem: dict[str, Any]) -> str:
    fields = [f"{each['field']} {each['message']}" for each in problem.get("errors", [])]
    return "; ".join(fields) or problem["detail"]


def _chunks(rows: Iterator[Ready]) -> Iterator[tuple[Ready, ...]]:
    while chunk := tuple(islice(rows, CHUNK_ROWS)):
        yield chunk


def _columns(file: Path) -> list[str]:
    names: dict[str, None] = {}
    for row in islice(read_sheet(file), 1000):
        names.update(dict.fromkeys(row.values))
    return list(names)
