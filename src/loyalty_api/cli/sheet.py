"""Rows of a file as dictionaries, whatever they are written in: CSV, NDJSON or Parquet."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

CELL_CHARACTERS_MAX = 1_000_000
OURS = ("line", "problem")  # columns that an errors file has besides those of its input


class SheetRow(NamedTuple):
    """One row, numbered from 1; ``problem``: why it cannot be read at all."""

    number: int
    values: dict[str, Any]
    problem: str | None = None


class Unreadable(Exception):
    """The file as a whole cannot be read; says why and what to do."""


def read_sheet(file: Path) -> Iterator[SheetRow]:
    """The rows in their order. Empty cells and blank lines are left out, and the columns of an errors file with them.

    Raises Unreadable.
    """
    readers = {".csv": _csv, ".ndjson": _ndjson, ".jsonl": _ndjson, ".parquet": _parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise Unreadable(f"{file.name} must end in one of {', '.join(readers)}")
    try:
        yield from reader(file)
    except UnicodeDecodeError:
        raise Unreadable(f"{file.name} is not UTF-8; save it as UTF-8") from None
    except csv.Error as error:
        raise Unreadable(f"{file.name} is not CSV: {error}") from None


def _csv(file: Path) -> Iterator[SheetRow]:
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        head = opened.readline()
        opened.seek(0)
        delimiter = max(",;\t", key=head.count)
        for number, cells in enumerate(csv.DictReader(opened, delimiter=delimiter), 1):
            more = cells.pop(None, None)
            values = {name: cell for name, cell in cells.items() if cell not in (None, "") and name not in OURS}
            yield SheetRow(number, values, "has more cells than there are columns" if more else None)


def _ndjson(file: Path) -> Iterator[SheetRow]:
    with file.open("rb") as opened:
        number = 0
        for line in opened:
            if not line.strip():
                continue
            number += 1
            try:
                row = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield SheetRow(number, {"row": line.decode(errors="replace").strip()}, f"is not JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield SheetRow(number, {"row": row}, "must be a JSON object")
                continue
            yield SheetRow(number, {name: each for name, each in row.items() if each is not None and name not in OURS})


def _parquet(file: Path) -> Iterator[SheetRow]:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise Unreadable("Parquet needs pyarrow: pip install 'loyalty_api[parquet]', or save it as CSV") from None
    number = 0
    for batch in parquet.ParquetFile(file).iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield SheetRow(number, {name: each for name, each in row.items() if each is not None and name not in OURS})
