"""What became of the points of each month (week, day) in which they were earned: reads of the lots, a whole program at
a time.

Points belong to the period in which their lot was earned, wherever they went since: given back or moved to another
member they keep it. What is taken back for a return was never issued to it, and nor was what paid a debt, which is
what an earlier return could not take back.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.accounts import LOT_ACCOUNTS, Account
from loyalty_api.kernel.database import Connection


class CohortDay(NamedTuple):
    """What one local day did to the points of the period that begins at ``first``: how many were issued, redeemed and
    expired, each less what was undone of it."""

    first: date
    day: date
    issued: int
    redeemed: int
    expired: int


class CohortEnd(NamedTuple):
    """The lots of the period that begins at ``first``: of how many members they are, and the local day on which the
    last of them ends; None: one of them never does, or waits for an event."""

    first: date
    members: int
    ends_on: date | None


_HELD = f"({', '.join(str(account.value) for account in sorted(LOT_ACCOUNTS))})"
# Points that enter the lots count plus, those that leave them minus; what moves within them does nothing.
_DAYS = f"""
WITH moved AS (
  SELECT l.earned_at, t.recorded_at, t.from_account AS other, l.points
  FROM lots l JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
  WHERE l.program_id = $1 AND t.recorded_at < $3
  UNION ALL
  SELECT l.earned_at, t.recorded_at,
         CASE WHEN t.to_account IN {_HELD} THEN t.from_account ELSE t.to_account END,
         CASE WHEN t.to_account IN {_HELD} THEN d.points ELSE -d.points END
  FROM draws d
  JOIN transfers t ON t.member_id = d.member_id AND t.seq = d.transfer_seq
  JOIN lots l ON l.member_id = d.member_id AND l.lot_id = d.lot_id
  WHERE d.program_id = $1 AND t.recorded_at < $3
    AND (t.from_account IN {_HELD}) <> (t.to_account IN {_HELD})
)
SELECT date_trunc($4, earned_at AT TIME ZONE $2)::date AS first, (recorded_at AT TIME ZONE $2)::date AS day,
       COALESCE(sum(points) FILTER (
         WHERE other NOT IN ({Account.REDEEMED.value}, {Account.EXPIRED.value})), 0)::bigint AS issued,
       COALESCE(-sum(points) FILTER (WHERE other = {Account.REDEEMED.value}), 0)::bigint AS redeemed,
       COALESCE(-sum(points) FILTER (WHERE other = {Account.EXPIRED.value}), 0)::bigint AS expired
FROM moved GROUP BY 1, 2 ORDER BY 1, 2
"""
_ENDS = """
SELECT date_trunc($4, l.earned_at AT TIME ZONE $2)::date AS first, count(DISTINCT l.member_id) AS members,
       CASE WHEN bool_and(l.expires_at IS NOT NULL) THEN max(CASE
         WHEN l.inactivity_days IS NULL OR l.remaining = 0 THEN (l.expires_at AT TIME ZONE $2)::date
         ELSE GREATEST((l.expires_at AT TIME ZONE $2)::date,
                       (b.last_purchase_at AT TIME ZONE $2)::date + l.inactivity_days)
       END) END AS ends_on
FROM lots l
JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
JOIN balances b ON b.member_id = l.member_id
WHERE l.program_id = $1 AND t.recorded_at < $3
GROUP BY 1 ORDER BY 1
"""


async def cohort_days(
    connection: Connection, *, program_id: UUID, zone: ZoneInfo, recorded_before: datetime, period: str = "month"
) -> list[CohortDay]:
    """Each period's days, by what was recorded before an instant, in their order. ``period``: month, week or day."""
    rows = await connection.fetch(_DAYS, program_id, zone.key, recorded_before, period)
    return [CohortDay(*row) for row in rows]


async def cohort_ends(
    connection: Connection, *, program_id: UUID, zone: ZoneInfo, recorded_before: datetime, period: str = "month"
) -> list[CohortEnd]:
    """Each period's lots that were recorded before an instant, with the dates that they have by now."""
    rows = await connection.fetch(_ENDS, program_id, zone.key, recorded_before, period)
    return [CohortEnd(*row) for row in rows]
