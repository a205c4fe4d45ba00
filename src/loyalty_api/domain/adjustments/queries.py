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
    connection: Connection, *, program_id: UUID, status: str | None, member_ids: Collection[UUID] | None, page: Page
) -> list[Adjustment]:
    """Adjustments of these members' points, newest first; one more than the page when there are more."""
    statement = select(*(adjustments.c[name] for name in COLUMNS)).where(adjustments.c.program_id == program_id)
    if status is not None:
        statement = statement.where(adjustments.c.status == status)
    if member_ids is not None:
        mine = adjustments.c.member_id.in_(member_ids), adjustments.c.to_member_id.in_(member_ids)
        statement = statement.where(or_(*mine))
    before = page_key(page, UUID)
    if before is not None:
        statement = statement.where(adjustments.c.adjustment_id < before)
    statement = statement.order_by(adjustments.c.adjustment_id.desc()).limit(page.limit + 1)
    return read_adjustments(await fetch(connection, statement))


async def adjustment_reasons(
    connection: Connection, *, member_ids: Collection[UUID], adjustment_ids: Collection[UUID]
) -> dict[UUID, asyncpg.Record]:
    """(reason, reversal) of some adjustments of these members' points, for a history."""
    rows = await connection.fetch(
        "SELECT adjustment_id, reason, reversal FROM adjustments"
        " WHERE (member_id = ANY($1::uuid[]) OR to_member_id = ANY($1::uuid[])) AND adjustment_id = ANY($2::uuid[])",
        list(member_ids),
        list(adjustment_ids),
    )
    return {row["adjustment_id"]: row for row in rows}
