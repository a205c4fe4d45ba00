"""A file of purchases as NDJSON, which can be gone on with from any line: what CSV and Parquet are made into first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from loyalty_api.cli.mapping import fact_body
from loyalty_api.cli.sheet import read_sheet
from loyalty_api.domain.purchases.command import Purchase
from loyalty_api.kernel.refusals import Refusal

SHEETS = (".csv", ".parquet")


def as_lines(file: Path) -> Path:
    """The file itself, or for CSV and Parquet its rows as purchases in FILE.ndjson beside it, written once.

    Columns are called as for ``loyalty import purchases``. A row that is no purchase is kept as it is, to be refused
    with its problem. Raises Unreadable.
    """
    if file.suffix.lower() not in SHEETS:
        return file
    lines = file.with_name(f"{file.name}.ndjson")
    if lines.exists() and lines.stat().st_mtime_ns >= file.stat().st_mtime_ns:
        return lines
    part = lines.with_name(f"{lines.name}.part")
    with part.open("wb") as opened:
        for row in read_sheet(file):
            opened.write(msgspec.json.encode(_purchase(fact_body(row.values, {}))) + b"\n")
    part.replace(lines)
    return lines


def _purchase(body: dict[str, Any]) -> Any:
    """With numbers for the texts of cells, where it can be a purchase."""
    try:
        return msgspec.convert(body, Purchase, strict=False)
    except (msgspec.ValidationError, ValueError, Refusal):
        return body
