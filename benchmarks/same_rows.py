"""Proof that what is compared does the same: for the same purchases, the ORM and the stored function leave the rows
that the product leaves, answer the same, tell a repeated reference its first answer, and refuse another content.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import asyncpg

from loyalty_api.domain.points.chain import NO_HASH, Sealed, seal
from loyalty_api.tables import metadata

_OWN_TIMES = {"recorded_at", "last_recorded_at"}
_SAME_IDS = {"member_id", "program_id"}
_HASHES = {"hash", "head_hash"}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Rows = dict[str, list[dict[str, Any]]]


class NotTheSame(Exception):
    """What is compared does not do the same; the message says where."""


async def rows_left(connection: asyncpg.Connection, member_id: UUID) -> Rows:
    """All rows of one member, and how many rows every table has; without what differs by its nature: fresh ids,
    the instant of recording, and hashes over both (of which the length stays)."""
    rows: Rows = {}
    for name, table in sorted(metadata.tables.items()):
        count = await connection.fetchval(f"SELECT count(*) FROM {name}")
        rows[name] = [{"rows": count}]
        if "member_id" in table.columns:
            found = await connection.fetch(f"SELECT * FROM {name} WHERE member_id = $1", member_id)
            rows[name] += sorted(({c: _plain(c, v) for c, v in row.items()} for row in found), key=str)
    return rows


def _plain(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in _OWN_TIMES:
        return "an instant"
    if column in _HASHES:
        return f"{len(value)} bytes"
    if isinstance(value, UUID):
        return value if column in _SAME_IDS else "an id"
    if column == "answer":
        value = value.decode()
    return _ID.sub("an id", value) if isinstance(value, str) else value


def check_rows(product: Rows, other: Rows, whose: str) -> None:
    """Raises NotTheSame with the first difference."""
    for table, ours in product.items():
        theirs = other[table]
        if len(ours) != len(theirs):
            raise NotTheSame(f"{whose} left {len(theirs) - 1} rows of the member in {table}, not {len(ours) - 1}")
        for our, their in zip(ours, theirs, strict=True):
            for column, value in our.items():
                if their[column] != value:
                    raise NotTheSame(f"{whose} left {their[column]!r} in {table}.{column}, not {value!r}")


def check_answers(product: bytes, other: bytes, whose: str) -> None:
    """Raises NotTheSame unless the answers are the same but for their ids."""
    ours, theirs = (_ID.sub("an id", answer.decode()) for answer in (product, other))
    if ours != theirs:
        raise NotTheSame(f"{whose} answered {theirs}, not {ours}")


async def check_seals(connection: asyncpg.Connection, member_id: UUID, whose: str) -> None:
    """Raises NotTheSame unless the member's transfers are a chain."""
    head = NO_HASH
    for row in await connection.fetch("SELECT * FROM transfers WHERE member_id = $1 ORDER BY seq", member_id):
        head = seal(head, Sealed(*(row[name] for name in Sealed._fields)))
        if row["hash"] != head:
            raise NotTheSame(f"{whose} sealed transfer {row['seq']} otherwise than the product would")
    if head != await connection.fetchval("SELECT head_hash FROM balances WHERE member_id = $1", member_id):
        raise NotTheSame(f"{whose} left another head than the last transfer's")
