"""Reads of tiers: what a member holds now, since when, what is missing to the next, what keeps it, and every move."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import select

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.descent import Keeps, keeps
from loyalty_api.domain.tiers.model import tier_moves
from loyalty_api.domain.tiers.rules import Next, Window, rank_of
from loyalty_api.domain.tiers.standing import Standing, read_standings, standings_ask
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key
from loyalty_api.kernel.together import ask

_DAYS = """
SELECT member_id, day, value FROM tier_days
WHERE member_id = ANY($1::uuid[]) AND day BETWEEN $2::date AND $3::date ORDER BY member_id, day
"""
_SHORT = "SELECT member_id, short_since, moves FROM tier_reviews WHERE member_id = ANY($1::uuid[])"


class Held(msgspec.Struct, frozen=True):
    """A member's tier: ``since`` is empty for the tier that everyone starts with, and so is what keeps it."""

    code: str
    since: datetime | None
    value: int
    next: Next | None
    keeps: Keeps | None


async def held_tiers(
    connection: Connection, *, program_id: UUID, tiers: Tiers, member_ids: list[UUID], window: Window
) -> dict[UUID, Held]:
    """The tiers that the program's members hold, with the measure over ``window``, which ends today."""
    windows = {program_id: window}
    standings = read_standings(await ask(connection, standings_ask(member_ids, windows)), windows)
    kept = await _keeps(connection, tiers, [each for each in standings.values() if each.moves], window)
    held = {}
    for member_id, standing in standings.items():
        code, following = standing.progress(tiers)
        held[member_id] = Held(code, standing.since, standing.window_sum, following, kept.get(member_id))
    return held


async def _keeps(
    connection: Connection, tiers: Tiers, moved: list[Standing], window: Window
) -> dict[UUID, Keeps | None]:
    """What keeps the tiers of those who ever moved."""
    if not moved:
        return {}
    members = [standing.member_id for standing in moved]
    days: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for row in await connection.fetch(_DAYS, members, *window):
        days[row["member_id"]].append((row["day"], row["value"]))
    short = {member_id: grace for member_id, *grace in await connection.fetch(_SHORT, members)}
    kept = {}
    for standing in moved:
        grace = short.get(standing.member_id)
        short_since = standing.grace(*grace) if grace else None
        rank = rank_of(tiers.levels, standing.tier)
        kept[standing.member_id] = keeps(
            tiers, rank, days[standing.member_id], today=window.last, short_since=short_since
        )
    return kept


async def days_of(connection: Connection, *, member_id: UUID) -> list[tuple[date, int]]:
    """All that the member's days add up to, by day."""
    rows = await connection.fetch("SELECT day, value FROM tier_days WHERE member_id = $1 ORDER BY day", member_id)
    return [(row["day"], row["value"]) for row in rows]


async def latest_move(connection: Connection, *, member_id: UUID) -> asyncpg.Record | None:
    """The latest move of the member's tier; None: it never moved."""
    return await connection.fetchrow(
        "SELECT seq, from_tier, to_tier, recorded_at FROM tier_moves WHERE member_id = $1 ORDER BY seq DESC LIMIT 1",
        member_id,
    )


async def moves_of(connection: Connection, *, member_id: UUID, page: Page) -> list[asyncpg.Record]:
    """The moves of the member's tier, newest first; one more than the page when there are more."""
    statement = (
        select(tier_moves)
        .where(tier_moves.c.member_id == member_id)
        .order_by(tier_moves.c.seq.desc())
        .limit(page.limit + 1)
    )
    before = page_key(page, int)
    if before is not None:
        statement = statement.where(tier_moves.c.seq < max(0, min(before, 2**31 - 1)))
    return await fetch(connection, statement)
