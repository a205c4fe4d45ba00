"""Reads of adjustments: a filtered page, and the reasons of some for a history."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import asyncpg
from sqlalchemy import or_, select

from loyalty_api.domain.adjustments.model import adjustments
from loyalty_api.domain.adjustments.store import COLUMNS, Adjustment, read_adjustments
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key


async def list_adjustments(
    connection: Connection, *, program_id: UUID, status: str | None, member_id: UUID | None, page: Page
) -> list[Adjustment]:
    """Adjustments, newest first; one more than the page when there are more. ``member_id``: whose points it changes."""
    statement = select(*(adjustments.c[name] for name in COLUMNS)).where(adjustments.c.program_id == program_id)
    if status is not None:
        statement = statement.where(adjustments.c.status == status)
    if member_id is not None:
        statement = statement.where(or_(adjustments.c.member_id == member_id, adjustments.c.to_member_id == member_id))
    before = page_key(page, UUID)
    if before is not None:
        statement = statement.where(adjustments.c.adjustment_id < before)
    statement = statement.order_by(adjustments.c.adjustment_id.desc()).limit(page.limit + 1)
    return read_adjustments(await fetch(connection, statement))


async def adjustment_reasons(
    connection: Connection, *, member_id: UUID, adjustment_ids: Collection[UUID]
) -> dict[UUID, asyncpg.Record]:
    """(reason, reversal) of some adjustments of one member's points, for a history."""
    rows = await connection.fetch(
        "SELECT adjustment_id, reason, reversal FROM adjustments"
        " WHERE (member_id = $1 OR to_member_id = $1) AND adjustment_id = ANY($2::uuid[])",
        member_id,
        list(adjustment_ids),
    )
    return {row["adjustment_id"]: row for row in rows}
