"""What became of the points of each month (week, day) in which they were earned, a whole program at a time.

Points belong to the period in which their lot was earned, wherever they went since: given back or moved to another
member they keep it. What is taken back for a return was never issued to it, and nor was what paid a debt, which is
what an earlier return could not take back.

Read from ``lot_days``, which are kept up; from the lots themselves, all of them, until those are complete.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.accounts import LOT_ACCOUNTS, Account
from loyalty_api.kernel.clock import add_days, start_of_day
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
    """The local day on which the last lot of the period that begins at ``first`` ends at the earliest; None: one of
    them never does, or waits for an event."""

    first: date
    ends_on: date | None


class Cohorts(NamedTuple):
    """All of it, and what members owe."""

    days: list[CohortDay]
    ends: list[CohortEnd]
    owed: int


_IS_FOLDED = "SELECT all_members FROM folded_programs WHERE program_id = $1"
_FOLDED_DAYS = """
SELECT first, day, issued, redeemed, expired FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = $3 AND (issued <> 0 OR redeemed <> 0 OR expired <> 0)
ORDER BY first, day
"""
_FOLDED_SUMS = """
SELECT first, $2::date, sum(issued)::bigint, sum(redeemed)::bigint, sum(expired)::bigint FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = $3 AND first >= $4::date AND first <= $5::date
GROUP BY first HAVING sum(issued) <> 0 OR sum(redeemed) <> 0 OR sum(expired) <> 0 ORDER BY first
"""
_FOLDED_ENDS = """
SELECT first, CASE WHEN sum(endless) = 0 THEN max(ends_on) END FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = $3 AND first >= $4::date AND first <= $5::date
  AND (ends_on IS NOT NULL OR endless <> 0)
GROUP BY first ORDER BY first
"""
_FOLDED_OWED = """
SELECT COALESCE(sum(owed), 0)::bigint FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = 'month' AND owed <> 0
"""

_HELD = f"({', '.join(str(account.value) for account in sorted(LOT_ACCOUNTS))})"
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
), days AS (
  SELECT date_trunc($4, earned_at AT TIME ZONE $2)::date AS first, (recorded_at AT TIME ZONE $2)::date AS day,
         COALESCE(sum(points) FILTER (
           WHERE other NOT IN ({Account.REDEEMED.value}, {Account.EXPIRED.value})), 0)::bigint AS issued,
         COALESCE(-sum(points) FILTER (WHERE other = {Account.REDEEMED.value}), 0)::bigint AS redeemed,
         COALESCE(-sum(points) FILTER (WHERE other = {Account.EXPIRED.value}), 0)::bigint AS expired
  FROM moved GROUP BY 1, 2
)
SELECT * FROM days WHERE issued <> 0 OR redeemed <> 0 OR expired <> 0 ORDER BY first, day
"""
_ENDS = """
SELECT date_trunc($4, l.earned_at AT TIME ZONE $2)::date AS first,
       CASE WHEN bool_and(l.expires_at IS NOT NULL) THEN max((l.expires_at AT TIME ZONE $2)::date) END
FROM lots l JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
WHERE l.program_id = $1 AND t.recorded_at < $3
GROUP BY 1 ORDER BY 1
"""
_OWED = f"""
SELECT COALESCE(sum(CASE WHEN from_account = {Account.DEBT.value} THEN points ELSE -points END), 0)::bigint
FROM transfers
WHERE program_id = $1 AND recorded_at < $2 AND {Account.DEBT.value} IN (from_account, to_account)
"""


async def read_cohorts(
    connection: Connection,
    *,
    program_id: UUID,
    zone: ZoneInfo,
    through: date,
    period: str = "month",
    within: tuple[date, date] | None = None,
) -> Cohorts:
    """Each period's days in their order, and ends, by what was recorded by the end of ``through``; and the debts of
    then. ``period``: month, week or day. ``within``: only periods between these days, whose own days are told as one,
    the last."""
    if not await connection.fetchval(_IS_FOLDED, program_id):
        return await cohorts_of_ledger(
            connection,
            program_id=program_id,
            zone=zone,
            recorded_before=start_of_day(add_days(through, 1), zone),
            period=period,
        )
    first, last = within or (date.min, date.max)
    if within is None:
        days = await connection.fetch(_FOLDED_DAYS, program_id, through, period)
    else:
        days = await connection.fetch(_FOLDED_SUMS, program_id, through, period, first, last)
    ends = await connection.fetch(_FOLDED_ENDS, program_id, through, period, first, last)
    owed = await connection.fetchval(_FOLDED_OWED, program_id, through)
    return Cohorts([CohortDay(*row) for row in days], [CohortEnd(*row) for row in ends], owed)


async def cohorts_of_ledger(
    connection: Connection, *, program_id: UUID, zone: ZoneInfo, recorded_before: datetime, period: str = "month"
) -> Cohorts:
    """The same by what was recorded before an instant, from the ledger itself: it takes as long as there are lots."""
    terms = (program_id, zone.key, recorded_before, period)
    days, ends = await connection.fetch(_DAYS, *terms), await connection.fetch(_ENDS, *terms)
    owed = await connection.fetchval(_OWED, program_id, recorded_before)
    return Cohorts([CohortDay(*row) for row in days], [CohortEnd(*row) for row in ends], owed)
