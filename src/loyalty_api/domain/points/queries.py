"""Reads of the ledger: balances, what expires when, and the history of a member."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import func, select

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.model import lots, transfers
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key


class Points(msgspec.Struct, frozen=True):
    """A member's points by state. ``available`` is what may be spent; a debt is taken off."""

    available: int
    pending: int
    reserved: int
    lifetime_earned: int


class Expiring(msgspec.Struct, frozen=True):
    """Points that expire at one instant."""

    points: int
    at: datetime


_POINTS = """
SELECT member_id, spendable - debt AS available, pending, reserved, lifetime_earned
FROM balances WHERE member_id = ANY($1::uuid[])
"""


async def points_of(connection: Connection, member_ids: Collection[UUID]) -> dict[UUID, Points]:
    """The members' points, in one statement."""
    rows = await connection.fetch(_POINTS, list(member_ids))
    return {row["member_id"]: Points(*tuple(row)[1:]) for row in rows}


async def expiring_points(
    connection: Connection, *, member_id: UUID, after: datetime, until: datetime
) -> list[Expiring]:
    """What expires after one instant and up to another, earliest first."""
    statement = (
        select(func.sum(lots.c.remaining), lots.c.expires_at)
        .where(
            lots.c.member_id == member_id,
            lots.c.remaining > 0,
            ~lots.c.pending,
            lots.c.expires_at > after,
            lots.c.expires_at <= until,
        )
        .group_by(lots.c.expires_at)
        .order_by(lots.c.expires_at)
    )
    return [Expiring(int(points), at) for points, at in map(tuple, await fetch(connection, statement))]


async def history(connection: Connection, *, member_id: UUID, page: Page) -> list[asyncpg.Record]:
    """The member's transfers, newest first; one more than the page when there are more."""
    statement = (
        select(transfers)
        .where(transfers.c.member_id == member_id)
        .order_by(transfers.c.seq.desc())
        .limit(page.limit + 1)
    )
    before = page_key(page, int)
    if before is not None:
        statement = statement.where(transfers.c.seq < max(0, min(before, 2**62)))
    return await fetch(connection, statement)


def account_name(number: int) -> str:
    """The account as people read it: ``spendable``, ``issued``."""
    return Account(number).name.lower()
