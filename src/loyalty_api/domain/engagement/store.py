"""The statements on the engagements table that recording needs: write many, find first answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Change, RowType, columns


class EngagementRow(NamedTuple):
    """One row, in the order of the columns."""

    member_id: UUID
    engagement_id: UUID
    program_id: UUID
    source: str
    reference: str | None
    kind: str
    data: bytes
    occurred_at: datetime
    recorded_at: datetime
    store: str | None
    employee: str | None
    channel: str | None
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
SELECT e.engagement_id, e.answer
FROM unnest($1::uuid[], $2::uuid[]) AS k (member_id, engagement_id)
JOIN engagements e USING (member_id, engagement_id)
"""


ENGAGEMENT_ROW = RowType("engagement_row", EngagementRow._fields)
_INSERT = ENGAGEMENT_ROW.insert_into("engagements")


def engagements_change(rows: Sequence[EngagementRow]) -> list[Change]:
    """The change that inserts all rows."""
    return [Change(_INSERT, (rows,))] if rows else []


async def first_answers(connection: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, bytes]:
    """The bytes that were answered first, by engagement, for (member, engagement) pairs; at least one."""
    member_ids, engagement_ids = columns(list(asked))
    return {row[0]: row[1] for row in await connection.fetch(_ANSWERS, member_ids, engagement_ids)}
