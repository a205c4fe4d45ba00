"""Reads of redemptions and of coupon pools."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import select

from loyalty_api.domain.rewards.coupon_effect import CouponEffect
from loyalty_api.domain.rewards.model import redemptions
from loyalty_api.domain.rewards.refusals import PoolNotFound
from loyalty_api.domain.rewards.store import Redemption, open_ask, read_redemptions
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key
from loyalty_api.kernel.together import ask


class Pool(NamedTuple):
    """A pool of codes. ``left``: how many were neither given out nor used."""

    pool: str
    uses: int
    effect: CouponEffect | None
    size: int
    left: int
    made_at: datetime


_WRITTEN = "SELECT code, written FROM coupon_codes WHERE program_id = $1 AND code = ANY($2::text[])"
# Those who hold a code in a reservation that ran out let go of it, be that booked or not.
_POOLS = """
SELECT p.pool, p.uses, p.effect, p.size,
       p.size - COALESCE(s.taken, 0)
         + (SELECT count(*) FROM redemptions r
            WHERE r.program_id = $1 AND r.pool = p.pool AND r.status = 'reserved' AND r.expires_at <= $2) AS left,
       p.made_at
FROM coupon_pools p
LEFT JOIN reward_stocks s ON s.program_id = p.program_id AND s.stock = 'pool:' || p.pool
WHERE p.program_id = $1 AND ($3::text IS NULL OR p.pool = $3)
ORDER BY p.pool
"""


async def list_pools(connection: Connection, *, program_id: UUID, now: datetime, pool: str | None = None) -> list[Pool]:
    """The program's pools, by code; or the one of this code. ``now``: the program's present."""
    rows = await connection.fetch(_POOLS, program_id, now, pool)
    return [
        Pool(
            row["pool"],
            row["uses"],
            msgspec.json.decode(row["effect"], type=CouponEffect) if row["effect"] else None,
            row["size"],
            row["left"],
            row["made_at"],
        )
        for row in rows
    ]


async def read_pool(connection: Connection, *, program_id: UUID, now: datetime, pool: str) -> Pool:
    """One pool. Refuses: PoolNotFound."""
    found = await list_pools(connection, program_id=program_id, now=now, pool=pool)
    if not found:
        raise PoolNotFound(f"The program has no pool {pool!r}.")
    return found[0]


async def written_codes(connection: Connection, *, program_id: UUID, codes: Collection[str]) -> dict[str, str]:
    """Codes as they are written."""
    return {row["code"]: row["written"] for row in await connection.fetch(_WRITTEN, program_id, list(codes))}


async def list_redemptions(
    connection: Connection, *, program_id: UUID, member_ids: Collection[UUID] | None, page: Page
) -> list[Redemption]:
    """Redemptions, newest first; one more than the page when there are more."""
    statement = select(*(redemptions.c[name] for name in Redemption.__struct_fields__))
    statement = statement.where(redemptions.c.program_id == program_id)
    if member_ids is not None:
        statement = statement.where(redemptions.c.member_id.in_(member_ids))
    before = page_key(page, UUID)
    if before is not None:
        statement = statement.where(redemptions.c.redemption_id < before)
    statement = statement.order_by(redemptions.c.redemption_id.desc()).limit(page.limit + 1)
    return read_redemptions(await fetch(connection, statement))


async def reserved_by(connection: Connection, *, member_ids: Collection[UUID], now: datetime) -> list[Redemption]:
    """What is set aside for these members at ``now``, the program's present, newest first."""
    found = read_redemptions(await ask(connection, open_ask(member_ids)))
    still = [each for each in found if each.status_at(now) == "reserved"]
    return sorted(still, key=lambda each: each.redemption_id, reverse=True)


LATEST = 20  # that a phone is told live of
_LATEST = f"""
SELECT {", ".join(Redemption.__struct_fields__)} FROM redemptions
WHERE program_id = $1 AND member_id = ANY($2::uuid[]) ORDER BY redemption_id DESC LIMIT $3
"""


async def latest_redemptions(
    connection: Connection, *, program_id: UUID, member_ids: Collection[UUID], limit: int = LATEST
) -> list[Redemption]:
    """The latest redemptions of a member and of their aliases, newest first."""
    return read_redemptions(await connection.fetch(_LATEST, program_id, list(member_ids), limit))


async def redemption_rewards(
    connection: Connection, *, member_ids: Collection[UUID], redemption_ids: Collection[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Which reward some redemptions of these members were of, for a history."""
    rows = await connection.fetch(
        "SELECT redemption_id, reward FROM redemptions"
        " WHERE member_id = ANY($1::uuid[]) AND redemption_id = ANY($2::uuid[])",
        list(member_ids),
        list(redemption_ids),
    )
    return {row["redemption_id"]: row for row in rows}


class Handed(NamedTuple):
    """A code that a member was given. ``uses``: how often it may be used in all."""

    redemption_id: UUID
    reward: str
    given_at: datetime | None
    written: str
    uses: int
    used: int


COUPONS_MAX = 100  # the latest of a member
_HANDED = """
SELECT r.redemption_id, r.reward, r.closed_at, c.written, c.uses, c.used
FROM redemptions r JOIN coupon_codes c ON c.program_id = $1 AND c.code = r.code
WHERE r.member_id = ANY($2::uuid[]) AND r.status = 'completed' AND r.code IS NOT NULL
ORDER BY r.redemption_id DESC LIMIT $3
"""


async def coupons_of(connection: Connection, *, program_id: UUID, member_ids: Collection[UUID]) -> list[Handed]:
    """The latest codes that a member was given by rewards, newest first."""
    rows = await connection.fetch(_HANDED, program_id, list(member_ids), COUPONS_MAX)
    return [Handed(*row) for row in rows]


async def redeemed_with(connection: Connection, *, member_id: UUID, purchase_id: UUID) -> list[asyncpg.Record]:
    """(redemption_id, points, transfer_seq) of the redemptions that were completed with a purchase, oldest first."""
    return await connection.fetch(
        "SELECT redemption_id, points, transfer_seq FROM redemptions"
        " WHERE member_id = $1 AND purchase_id = $2 ORDER BY redemption_id",
        member_id,
        purchase_id,
    )
