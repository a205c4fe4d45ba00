"""The movements of points by month, as the ledger recorded them: each line opens where the one before closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from loyalty_api.insights.periods import Period, label_of
from loyalty_api.kernel.database import Connection

_PARTS = """
COALESCE(sum(points_opened), 0)::bigint, COALESCE(sum(points_earned), 0)::bigint,
COALESCE(sum(points_redeemed - points_given_back), 0)::bigint, COALESCE(sum(points_taken_back), 0)::bigint,
COALESCE(sum(points_expired), 0)::bigint, COALESCE(sum(points_adjusted), 0)::bigint
"""
_BEFORE = f"SELECT {_PARTS} FROM insight_program_days WHERE program_id = $1 AND day < $2"
_MONTHS = f"""
SELECT date_trunc('month', day::timestamp)::date, {_PARTS}
FROM insight_program_days WHERE program_id = $1 AND day >= $2::date AND day <= $3::date GROUP BY 1
"""


class Movement(msgspec.Struct, frozen=True):
    """opening + brought_along + earned - redeemed - taken_back - expired + adjusted = closing. ``brought_along``:
    opening balances from elsewhere. ``redeemed``: less what was given back. ``taken_back``: for returns. Debts are
    taken off."""

    month: str
    opening: int
    brought_along: int
    earned: int
    redeemed: int
    taken_back: int
    expired: int
    adjusted: int
    closing: int


async def read_movements(
    connection: Connection, *, program_id: UUID, months: Sequence[Period], through: date
) -> list[Movement]:
    """Of each of the months, which follow each other, what happened up to the end of ``through``."""
    opening = _change(*await connection.fetchrow(_BEFORE, program_id, months[0].first))
    rows = await connection.fetch(_MONTHS, program_id, months[0].first, min(months[-1].last, through))
    parts = {first: tuple(rest) for first, *rest in rows}
    movements = []
    for month in months:
        mine = parts.get(month.first, (0,) * 6)
        closing = opening + _change(*mine)
        movements.append(Movement(label_of(month.first, "month"), opening, *mine, closing))
        opening = closing
    return movements


def _change(opened: int, earned: int, redeemed: int, taken_back: int, expired: int, adjusted: int) -> int:
    return opened + earned - redeemed - taken_back - expired + adjusted
