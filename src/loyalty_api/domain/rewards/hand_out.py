"""Handing out codes of a pool: to each redemption one that nobody else was given."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from loyalty_api.domain.rewards.codes import make_place
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.kernel.database import Connection, RaceLost

# From a random place on, and around: who looks at the same time looks elsewhere.
_FREE = """
(SELECT code, written FROM coupon_codes
 WHERE program_id = $1 AND pool = $2 AND issued_to IS NULL AND used = 0 AND place >= $3
 ORDER BY program_id, pool, place, code LIMIT $4)
UNION ALL
(SELECT code, written FROM coupon_codes
 WHERE program_id = $1 AND pool = $2 AND issued_to IS NULL AND used = 0 AND place < $3
 ORDER BY program_id, pool, place, code LIMIT $4)
LIMIT $4
"""


async def choose_codes(connection: Connection, counter: Counter) -> None:
    """Chooses a code for each redemption that was completed and is to have one.

    Raises RaceLost when a pool has fewer than its stock says: others are about to take them.
    """
    wanting: dict[tuple[UUID, str], list[Redemption]] = defaultdict(list)
    for each in counter.without_code:
        assert each.pool is not None, "only redemptions of a pool want a code"
        wanting[each.program_id, each.pool].append(each)
    for (program_id, pool), redemptions in wanting.items():
        rows = await connection.fetch(_FREE, program_id, pool, make_place(), len(redemptions))
        if len(rows) < len(redemptions):
            raise RaceLost
        for each, row in zip(redemptions, rows, strict=True):
            each.code, counter.written[each.redemption_id] = row["code"], row["written"]
