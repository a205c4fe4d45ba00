"""What a reference stands for by now, for reads that are composed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, Table, select

from loyalty_api.domain.claims.model import reference_claims


def other_record(table: Table, *, kind: str, record_id: str) -> ScalarSelect[Any]:
    """The record that a row's reference stands for instead of the row; NULL: for the row. ``record_id``: its column."""
    claims = reference_claims.c
    return (
        select(claims.record_id)
        .where(
            claims.program_id == table.c.program_id,
            claims.kind == kind,
            claims.source == table.c.source,
            claims.reference == table.c.reference,
            claims.record_id != table.c[record_id],
        )
        .scalar_subquery()
    )
