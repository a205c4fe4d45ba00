"""Folding the ledger into ``lot_days``: transfer after transfer of each member, each exactly once.

A member's transfers are gapless and never change, so the number of the last one that is in the sums says which are
not. Whoever folds has to hold the program against others who do, until the commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.accounts import LOT_ACCOUNTS, Account
from loyalty_api.kernel.clock import add_days, local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import columns

SWEEP_MEMBERS = 2000  # of those from before, at a time

_MEASURE = {Account.REDEEMED.value: 1, Account.EXPIRED.value: 2}  # of the counts; whatever else is issued
_HELD = f"({', '.join(str(account.value) for account in sorted(LOT_ACCOUNTS))})"
_BEHIND = """
SELECT b.member_id, COALESCE(f.transfer_seq, 0) AS behind, b.transfer_seq
FROM balances b LEFT JOIN folded_members f USING (member_id)
WHERE b.member_id = ANY($1::uuid[]) AND b.transfer_seq > COALESCE(f.transfer_seq, 0)
ORDER BY b.member_id
"""
# Points that enter the lots count plus, those that leave them minus; what moves within them does nothing, but that a
# lot which waited for an event may be given its end. One that is emptied while it waits will never have any: no event
# comes for it, and nothing is put back. Debts belong to no lot: they count on their own day.
_MOVED = f"""
WITH due AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS u (member_id, behind, through)
)
SELECT l.earned_at, t.recorded_at, t.from_account, l.points, 0,
       CASE WHEN l.expires_at IS NULL OR l.waits_for IS NOT NULL AND t.to_account = {Account.PENDING.value} THEN 1
       ELSE 0 END,
       CASE WHEN l.waits_for IS NULL OR t.to_account <> {Account.PENDING.value} THEN l.expires_at END
FROM due JOIN lots l ON l.member_id = due.member_id AND l.transfer_seq > behind AND l.transfer_seq <= through
JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
UNION ALL
SELECT l.earned_at, t.recorded_at,
       CASE WHEN t.to_account IN {_HELD} THEN t.from_account ELSE t.to_account END,
       CASE WHEN t.to_account IN {_HELD} THEN d.points ELSE -d.points END, 0, 0, NULL
FROM due JOIN transfers t ON t.member_id = due.member_id AND t.seq > behind AND t.seq <= through
JOIN draws d ON d.member_id = t.member_id AND d.transfer_seq = t.seq
JOIN lots l ON l.member_id = d.member_id AND l.lot_id = d.lot_id
WHERE (t.from_account IN {_HELD}) <> (t.to_account IN {_HELD})
UNION ALL
SELECT l.earned_at, t.recorded_at, {Account.PENDING.value}, 0, 0,
       CASE WHEN l.expires_at IS NULL THEN 0 ELSE -1 END, l.expires_at
FROM due JOIN transfers t ON t.member_id = due.member_id AND t.seq > behind AND t.seq <= through
JOIN draws d ON d.member_id = t.member_id AND d.transfer_seq = t.seq
JOIN lots l ON l.member_id = d.member_id AND l.lot_id = d.lot_id AND l.waits_for IS NOT NULL
WHERE t.from_account = {Account.PENDING.value} AND t.to_account = {Account.SPENDABLE.value}
UNION ALL
SELECT l.earned_at, t.recorded_at, {Account.PENDING.value}, 0, 0, -1, NULL
FROM due JOIN transfers t ON t.member_id = due.member_id AND t.seq > behind AND t.seq <= through
JOIN draws d ON d.member_id = t.member_id AND d.transfer_seq = t.seq
JOIN lots l ON l.member_id = d.member_id AND l.lot_id = d.lot_id AND l.waits_for IS NOT NULL AND l.remaining = 0
WHERE t.from_account = {Account.PENDING.value} AND t.to_account NOT IN {_HELD} AND NOT EXISTS (
  SELECT FROM draws later
  WHERE later.member_id = d.member_id AND later.transfer_seq > d.transfer_seq AND later.lot_id = d.lot_id
)
UNION ALL
SELECT t.recorded_at, t.recorded_at, {Account.DEBT.value}, 0,
       CASE WHEN t.from_account = {Account.DEBT.value} THEN t.points ELSE -t.points END, 0, NULL
FROM due JOIN transfers t ON t.member_id = due.member_id AND t.seq > behind AND t.seq <= through
WHERE t.from_account = {Account.DEBT.value} OR t.to_account = {Account.DEBT.value}
"""
_ADD = """
INSERT INTO lot_days AS s (program_id, period, first, day, issued, redeemed, expired, endless, owed, ends_on)
SELECT $1, u.* FROM unnest($2::text[], $3::date[], $4::date[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                           $9::bigint[], $10::date[]) AS u
ON CONFLICT (program_id, period, first, day) DO UPDATE SET
  issued = s.issued + EXCLUDED.issued, redeemed = s.redeemed + EXCLUDED.redeemed,
  expired = s.expired + EXCLUDED.expired, endless = s.endless + EXCLUDED.endless, owed = s.owed + EXCLUDED.owed,
  ends_on = GREATEST(s.ends_on, EXCLUDED.ends_on)
"""
_FOLDED = """
INSERT INTO folded_members AS f (member_id, program_id, transfer_seq)
SELECT member_id, $1, transfer_seq FROM unnest($2::uuid[], $3::bigint[]) AS u (member_id, transfer_seq)
ON CONFLICT (member_id) DO UPDATE SET transfer_seq = EXCLUDED.transfer_seq
"""
_SWEPT = "SELECT after, all_members FROM folded_programs WHERE program_id = $1"
_PAGE = "SELECT member_id FROM balances WHERE program_id = $1 AND member_id > $2 ORDER BY member_id LIMIT $3"
_SWEEP = """
INSERT INTO folded_programs AS p (program_id, after, all_members) VALUES ($1, $2, $3)
ON CONFLICT (program_id) DO UPDATE SET after = EXCLUDED.after, all_members = EXCLUDED.all_members
"""


async def fold_lots(
    connection: Connection,
    *,
    program_id: UUID,
    zone: ZoneInfo,
    member_ids: Collection[UUID],
    sweep_members: int = SWEEP_MEMBERS,
) -> None:
    """Takes what is new of these members, of whom an event told; and, until all members of the program have been
    there once, a page of those from before. In a transaction."""
    found, swept = list(member_ids), await connection.fetchrow(_SWEPT, program_id)
    if swept is None or not swept["all_members"]:
        after = UUID(int=0) if swept is None else swept["after"]
        page = [row["member_id"] for row in await connection.fetch(_PAGE, program_id, after, sweep_members)]
        await connection.execute(_SWEEP, program_id, page[-1] if page else after, len(page) < sweep_members)
        found += page
    behind = await connection.fetch(_BEHIND, found)
    if behind:
        member_ids_, seqs, through = columns([tuple(row) for row in behind])
        days = sum_up(await fetch_moved(connection, member_ids_, behind=seqs, through=through), zone)
        if days:
            rows = [(*key, *each.counts, each.ends_on) for key, each in sorted(days.items())]
            await connection.execute(_ADD, program_id, *columns(rows))
        await connection.execute(_FOLDED, program_id, member_ids_, through)


async def fetch_moved(
    connection: Connection, member_ids: Sequence[UUID], *, behind: Sequence[int], through: Sequence[int]
) -> list[Any]:
    """What the transfers of each of these members, behind one and up to another, did to lots and debts."""
    return await connection.fetch(_MOVED, member_ids, behind, through)


class Sums:
    """``counts``: issued, redeemed, expired, endless and owed; ``ends_on``: the last end that there was."""

    __slots__ = ("counts", "ends_on")

    def __init__(self) -> None:
        self.counts = [0, 0, 0, 0, 0]
        self.ends_on: date | None = None

    def add(self, counts: Sequence[int], ends_on: date | None) -> None:
        """Adds to them."""
        for index, count in enumerate(counts):
            self.counts[index] += count
        if ends_on is not None:
            self.ends_on = ends_on if self.ends_on is None else max(self.ends_on, ends_on)


def sum_up(moved: Iterable[Any], zone: ZoneInfo) -> dict[tuple[str, date, date], Sums]:
    """By the month, week and day of earning, and by the day of recording, all of them local. The database is not asked
    for days: its calendar may be of another year than that by which everything else is counted."""
    days: defaultdict[tuple[date, date], Sums] = defaultdict(Sums)
    for earned_at, recorded_at, other, points, owed, endless, ends_at in moved:
        sums = days[local_date(earned_at, zone), local_date(recorded_at, zone)]
        measure = _MEASURE.get(other, 0)
        sums.counts[measure] += -points if measure else points
        sums.counts[3] += endless
        sums.counts[4] += owed
        if ends_at is not None:
            sums.add((), local_date(ends_at, zone))
    found: defaultdict[tuple[str, date, date], Sums] = defaultdict(Sums)
    for (earned_on, day), sums in days.items():
        monday = add_days(earned_on, -earned_on.weekday())
        for period, first in (("month", earned_on.replace(day=1)), ("week", monday), ("day", earned_on)):
            found[period, first, day].add(sums.counts, sums.ends_on)
    return found
