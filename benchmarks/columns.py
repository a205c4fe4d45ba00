"""Which columns a row has, from the product's own tables; so that whoever else writes such a row writes all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import asyncpg

from loyalty_api.tables import metadata

# Where a member has rows of other kinds too.
_OF_PURCHASES = {"outbox": "type = 'purchase.recorded'"}


class Columns(NamedTuple):
    """The names of a table's columns, and the SQL that gives each its value."""

    names: str
    values: str


async def columns_of(
    product: asyncpg.Connection, table: str, worked_out: Mapping[str, str], *, member_id: UUID
) -> Columns:
    """All columns of ``table``: those that are worked out per purchase, and for every other one the value that the
    product's own purchase left there. ``member_id`` has one purchase in the product's database."""
    names = [column.name for column in metadata.tables[table].columns]
    others = [name for name in names if name not in worked_out]
    literals = ", ".join(f"quote_nullable({name}::text) AS {name}" for name in others)
    condition = _OF_PURCHASES.get(table, "true")
    (left,) = await product.fetch(f"SELECT {literals} FROM {table} WHERE member_id = $1 AND {condition}", member_id)
    values = [worked_out.get(name) or f"{left[name]}::{await _kind(product, table, name)}" for name in names]
    return Columns(", ".join(names), ", ".join(values))


async def _kind(connection: asyncpg.Connection, table: str, column: str) -> str:
    return await connection.fetchval(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2",
        table,
        column,
    )
