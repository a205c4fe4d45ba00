"""What became of the points of each month (week, day) in which they were earned, a whole program at a time.

Points belong to the period in which their lot was earned, wherever they went since: given back or moved to another
member they keep it. What is taken back for a return was never issued to it, and nor was what paid a debt, which is
what an earlier return could not take back.

Read from ``lot_days``, which are kept up; from the ledger itself, all of it, until those are complete.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.fold_lots import SWEEP_MEMBERS, Sums, fetch_moved, sum_up
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns


class CohortDay(NamedTuple):
    """What one local day did to the points of the period that begins at ``first``: how many were issued, redeemed and
    expired, each less what was undone of it; on which day the last lot ends that it made or gave an end; and how many
    more lots there are that never end or wait for an event."""

    first: date
    day: date
    issued: int
    redeemed: int
    expired: int
    ends_on: date | None
    endless: int


class Cohorts(NamedTuple):
    """All of it, and what members owe."""

    days: list[CohortDay]
    owed: int


_IS_FOLDED = "SELECT all_members FROM folded_programs WHERE program_id = $1"
_FOLDED_DAYS = """
SELECT first, day, issued, redeemed, expired, ends_on, endless FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = $3
  AND (issued <> 0 OR redeemed <> 0 OR expired <> 0 OR ends_on IS NOT NULL OR endless <> 0)
ORDER BY first, day
"""
_FOLDED_SUMS = """
SELECT first, $2::date, sum(issued)::bigint, sum(redeemed)::bigint, sum(expired)::bigint, max(ends_on),
       sum(endless)::bigint
FROM lot_days WHERE program_id = $1 AND day <= $2 AND period = $3 AND first >= $4::date AND first <= $5::date
GROUP BY first ORDER BY first
"""
_FOLDED_OWED = """
SELECT COALESCE(sum(owed), 0)::bigint FROM lot_days
WHERE program_id = $1 AND day <= $2 AND period = 'month' AND owed <> 0
"""
_MEMBERS = """
SELECT member_id, transfer_seq FROM balances WHERE program_id = $1 AND member_id > $2 ORDER BY member_id LIMIT $3
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
    """Each period's days in their order, by what was recorded by the end of ``through``; and the debts of then.
    ``period``: month, week or day. ``within``: only periods between these days, whose own days are told as one, the
    last."""
    if not await connection.fetchval(_IS_FOLDED, program_id):
        return await cohorts_of_ledger(connection, program_id=program_id, zone=zone, through=through, period=period)
    if within is None:
        days = await connection.fetch(_FOLDED_DAYS, program_id, through, period)
    else:
        days = await connection.fetch(_FOLDED_SUMS, program_id, through, period, *within)
    owed = await connection.fetchval(_FOLDED_OWED, program_id, through)
    return Cohorts([CohortDay(*row) for row in days], owed)


async def cohorts_of_ledger(
    connection: Connection, *, program_id: UUID, zone: ZoneInfo, through: date, period: str = "month"
) -> Cohorts:
    """The same from the ledger itself, a page of members at a time: it takes as long as there are transfers."""
    found: defaultdict[tuple[date, date], Sums] = defaultdict(Sums)
    after = UUID(int=0)
    while page := await connection.fetch(_MEMBERS, program_id, after, SWEEP_MEMBERS):
        member_ids, seqs = columns([tuple(row) for row in page])
        moved = await fetch_moved(connection, member_ids, behind=[0] * len(page), through=seqs)
        for (kind, first, day), sums in sum_up(moved, zone).items():
            if kind == period and day <= through:
                found[first, day].add(sums.counts, sums.ends_on)
        after = member_ids[-1]
    days = [
        CohortDay(*key, *counts, sums.ends_on, endless)
        for key, sums in sorted(found.items())
        for *counts, endless, _ in [sums.counts]
        if any(counts) or endless or sums.ends_on
    ]
    return Cohorts(days, sum(sums.counts[4] for sums in found.values()))
