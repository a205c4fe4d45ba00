"""The statements on the purchases table that the hot path needs: write many, find first answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change, RowType, columns


class PurchaseRow(msgspec.Struct, kw_only=True):
    """One row, in the order of the columns."""

    member_id: UUID
    purchase_id: UUID
    program_id: UUID
    source: str
    reference: str
    occurred_at: datetime
    recorded_at: datetime
    currency: str
    store: str | None
    employee: str | None
    channel: str | None
    total_minor: int
    base_minor: int
    lines: bytes
    coupons: bytes
    earnings: bytes
    dry_runs: bytes | None
    inputs: bytes | None
    points_earned: int
    points_pending: int
    tier_value: int | None
    version: int
    tier: str | None
    transfer_seq: int | None
    actor: str
    answer: bytes


_ANSWERS = """
SELECT p.purchase_id, p.answer
FROM unnest($1::uuid[], $2::uuid[]) AS k (member_id, purchase_id) JOIN purchases p USING (member_id, purchase_id)
"""


PURCHASE_ROW = RowType("purchase_row", PurchaseRow.__struct_fields__)
_written = attrgetter(*PurchaseRow.__struct_fields__)
_INSERT = PURCHASE_ROW.insert_into("purchases")


def purchases_change(rows: Sequence[PurchaseRow]) -> list[Change]:
    """The change that inserts all rows."""
    return [Change(_INSERT, ([_written(row) for row in rows],))] if rows else []


async def first_answers(connection: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, bytes]:
    """The bytes that were answered first, by purchase, for (member, purchase) pairs; at least one."""
    member_ids, purchase_ids = columns(list(asked))
    return {row[0]: row[1] for row in await connection.fetch(_ANSWERS, member_ids, purchase_ids)}
