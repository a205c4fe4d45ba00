"""The statements on the openings table: write many, find first answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change, RowType, columns


class OpeningRow(NamedTuple):
    """One row, in the order of the columns."""

    member_id: UUID
    opening_id: UUID
    program_id: UUID
    source: str
    reference: str
    points: int
    earned_at: datetime
    recorded_at: datetime
    transfer_seq: int
    actor: str
    answer: bytes


_ANSWERS = """
SELECT o.opening_id, o.answer
FROM unnest($1::uuid[], $2::uuid[]) AS k (member_id, opening_id) JOIN openings o USING (member_id, opening_id)
"""
OPENING_ROW = RowType("opening_row", OpeningRow._fields)
_INSERT = OPENING_ROW.insert_into("openings")


def openings_change(rows: Sequence[OpeningRow]) -> list[Change]:
    """The change that inserts all rows."""
    return [Change(_INSERT, (rows,))] if rows else []


async def first_answers(connection: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, bytes]:
    """The bytes that were answered first, by opening, for (member, opening) pairs; at least one."""
    member_ids, opening_ids = columns(list(asked))
    return {row[0]: row[1] for row in await connection.fetch(_ANSWERS, member_ids, opening_ids)}
