"""The laws of what many members share: no stock and no code is ever exceeded, and each count is what was taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from loyalty_api.domain.lifecycle.laws import Broken
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.kernel.database import Connection

_STOCKS = """
WITH taken AS (
  SELECT program_id, 'reward:' || reward AS stock, count(*) AS pieces FROM redemptions
  WHERE stocked AND status IN ('reserved', 'completed') GROUP BY 1, 2
  UNION ALL
  SELECT program_id, 'pool:' || pool, sum(pieces)::bigint FROM (
    SELECT program_id, pool, count(*) AS pieces FROM redemptions
    WHERE pool IS NOT NULL AND status IN ('reserved', 'completed') GROUP BY 1, 2
    UNION ALL
    SELECT program_id, pool, count(*) FROM coupon_codes WHERE issued_to IS NULL AND used > 0 GROUP BY 1, 2
  ) p GROUP BY 1, 2
)
SELECT COALESCE(s.program_id, t.program_id) AS program_id, COALESCE(s.stock, t.stock) AS stock,
       COALESCE(s.taken, 0) AS said, COALESCE(t.pieces, 0) AS pieces, p.size
FROM reward_stocks s FULL JOIN taken t USING (program_id, stock)
LEFT JOIN coupon_pools p ON p.program_id = COALESCE(s.program_id, t.program_id)
                        AND 'pool:' || p.pool = COALESCE(s.stock, t.stock)
WHERE $1::uuid IS NULL OR COALESCE(s.program_id, t.program_id) = $1
ORDER BY 1, 2
"""
_CODES = """
SELECT c.program_id, c.code, c.pool, c.used, c.uses, COALESCE(u.times, 0) AS times
FROM coupon_codes c
LEFT JOIN (SELECT program_id, code, count(*) AS times FROM coupon_uses GROUP BY 1, 2) u USING (program_id, code)
WHERE (c.used <> COALESCE(u.times, 0) OR c.used > c.uses) AND ($1::uuid IS NULL OR c.program_id = $1) LIMIT 100
"""
_ISSUED = """
SELECT r.redemption_id, c.issued_to FROM redemptions r
LEFT JOIN coupon_codes c ON c.program_id = r.program_id AND c.code = r.code
WHERE r.pool IS NOT NULL AND r.status = 'completed' AND c.issued_to IS DISTINCT FROM r.redemption_id
  AND ($1::uuid IS NULL OR r.program_id = $1) LIMIT 100
"""
_SIZES = """
SELECT p.program_id, p.pool, p.size, count(c.code) AS codes
FROM coupon_pools p LEFT JOIN coupon_codes c USING (program_id, pool)
WHERE $1::uuid IS NULL OR p.program_id = $1
GROUP BY 1, 2, 3 HAVING p.size <> count(c.code) LIMIT 100
"""


async def check_stock(connection: Connection, catalogue: Catalogue, program_id: UUID | None) -> list[Broken]:
    """Every law about stock and codes that is broken, as of the one instant that the connection sees; of one program,
    or of all (None)."""
    rows = await connection.fetch(_STOCKS, program_id)
    programs = await catalogue.load(connection, {row["program_id"] for row in rows})
    largest: dict[tuple, int] = {}
    for program in programs.values():
        for version in program.versions:
            for reward in version.document.rewards:
                key = (program.id, f"reward:{reward.code}")
                largest[key] = max(largest.get(key, 0), reward.stock or 0)
    broken = []
    for row in rows:
        most = row["size"] if row["size"] is not None else largest.get((row["program_id"], row["stock"]), 0)
        if row["said"] != row["pieces"]:
            broken.append(("stock", f"{row['said']} of {row['stock']} are said to be taken, {row['pieces']} are"))
        if row["pieces"] > most:
            broken.append(("stock", f"{row['pieces']} of {row['stock']} are taken, there were {most} at most"))
    return [*broken, *[each async for each in _codes(connection, program_id)]]


async def _codes(connection: Connection, program_id: UUID | None) -> AsyncIterator[Broken]:
    for row in await connection.fetch(_CODES, program_id):
        yield "coupon", f"a code of pool {row['pool']} is said to be used {row['used']} times, it was {row['times']}"
    for row in await connection.fetch(_ISSUED, program_id):
        yield "coupon", f"redemption {row['redemption_id']} has no code, or one that was given to another"
    for row in await connection.fetch(_SIZES, program_id):
        yield "coupon", f"pool {row['pool']} is said to have {row['size']} codes, it has {row['codes']}"
