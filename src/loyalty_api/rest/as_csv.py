"""Tables as CSV (RFC 4180), for those who ask for it by ``Accept: text/csv`` or ``format=csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.route import Answer, Call

FORMAT = "csv: the same as text/csv, as with Accept: text/csv; json unless given"
CSV_TYPE = b"text/csv; charset=utf-8; header=present"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(call: Call) -> bool:
    """Whether the answer is to be CSV. Refuses (InvalidRequest) other formats."""
    wanted = call.query.get("format")
    if wanted not in (None, "csv", "json"):
        raise InvalidRequest.of(FieldError("format", "must be csv or json"))
    if wanted is not None:
        return wanted == "csv"
    kinds = [each.partition(";")[0].strip().lower() for each in call.accept.split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def answer_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Answer:
    """A table; null is an empty field. Text that a spreadsheet would take for a formula is led by an apostrophe."""
    written = io.StringIO(newline="")
    csv.writer(written).writerow(header)
    write_csv(written, rows)
    return Answer(200, written.getvalue().encode(), content_type=CSV_TYPE)


def write_csv(target: TextIO, rows: Iterable[Sequence[Any]]) -> None:
    """Rows of a table, behind those that were written before."""
    csv.writer(target).writerows([_field(value) for value in row] for row in rows)


def _field(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
