"""Reads of engagement events: one, a filtered page, and what each earned for a history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import select

from loyalty_api.domain.engagement.model import engagements
from loyalty_api.domain.engagement.refusals import EngagementNotFound
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key


class EngagementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None: any."""

    member_ids: Collection[UUID] | None = None
    kind: str | None = None


_SHOWN = [column for column in engagements.c if column.name not in ("answer", "actor")]


async def read_engagement(connection: Connection, *, program_id: UUID, engagement_id: UUID) -> asyncpg.Record:
    """One event. Refuses: EngagementNotFound (also when it belongs to another program)."""
    rows = await fetch(
        connection,
        select(*_SHOWN).where(engagements.c.program_id == program_id, engagements.c.engagement_id == engagement_id),
    )
    if not rows:
        raise EngagementNotFound(f"There is no event {engagement_id} in this program.")
    return rows[0]


async def list_engagements(
    connection: Connection, *, program_id: UUID, wanted: EngagementFilter, page: Page
) -> list[asyncpg.Record]:
    """Events, latest recorded first; one more than the page when there are more."""
    conditions = [engagements.c.program_id == program_id]
    if wanted.member_ids is not None:
        conditions.append(engagements.c.member_id.in_(wanted.member_ids))
    if wanted.kind is not None:
        conditions.append(engagements.c.kind == wanted.kind)
    before = page_key(page, UUID)
    if before is not None:
        conditions.append(engagements.c.engagement_id < before)
    statement = select(*_SHOWN).where(*conditions).order_by(engagements.c.engagement_id.desc()).limit(page.limit + 1)
    return await fetch(connection, statement)


async def engagement_earnings(
    connection: Connection, *, member_ids: Collection[UUID], engagement_ids: Collection[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Kind and earnings of some events of these members."""
    rows = await connection.fetch(
        "SELECT engagement_id, kind, earnings FROM engagements"
        " WHERE member_id = ANY($1::uuid[]) AND engagement_id = ANY($2::uuid[])",
        list(member_ids),
        list(engagement_ids),
    )
    return {row["engagement_id"]: row for row in rows}


async def engagement_dry_runs(connection: Connection, *, program_id: UUID) -> list[asyncpg.Record]:
    """(rule, events, points) of every dry-run rule that would have given points for events, by code."""
    return await connection.fetch(
        "SELECT e->>'rule' AS rule, count(*) AS events, sum((e->>'points')::bigint)::bigint AS points"
        " FROM engagements, json_array_elements(dry_runs) AS e"
        " WHERE program_id = $1 AND dry_runs IS NOT NULL GROUP BY 1 ORDER BY 1",
        program_id,
    )


class Involvement(NamedTuple):
    """How many events of a member there were that somebody sent, and those of advocacy among them that nobody had asked
    for: ``data`` says ``{"solicited": false}``."""

    events: int
    unsolicited: int


ADVOCACY = ("review", "referral", "share")  # what the kinds are, or begin with, as review.written
_INVOLVED = """
SELECT member_id, count(*) AS events,
       count(*) FILTER (WHERE split_part(kind, '.', 1) = ANY($4::text[]) AND data->>'solicited' = 'false')
FROM engagements
WHERE {whose} AND reference IS NOT NULL AND occurred_at >= $2 AND occurred_at < $3
GROUP BY member_id
"""


async def involvement_of(
    connection: Connection, *, member_ids: Collection[UUID], since: datetime, before: datetime
) -> dict[UUID, Involvement]:
    """By member, what occurred in between; of those who did anything. What the product records itself, as enrolments,
    is not counted."""
    sql = _INVOLVED.format(whose="member_id = ANY($1::uuid[])")
    return _involvement(await connection.fetch(sql, list(member_ids), since, before, list(ADVOCACY)))


async def involvement_in(
    connection: Connection, *, program_id: UUID, since: datetime, before: datetime
) -> dict[UUID, Involvement]:
    """The same of everybody in the program."""
    sql = _INVOLVED.format(whose="program_id = $1")
    return _involvement(await connection.fetch(sql, program_id, since, before, list(ADVOCACY)))


def _involvement(rows: list[asyncpg.Record]) -> dict[UUID, Involvement]:
    return {row["member_id"]: Involvement(*tuple(row)[1:]) for row in rows}
