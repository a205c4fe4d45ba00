"""A member's points at an instant of the past: the balance and the lots as they were recorded by then."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import no_points
from loyalty_api.domain.points.holds import read_holds
from loyalty_api.domain.points.lots import LOT_COLUMNS, Lot, Lots, read_lots
from loyalty_api.domain.points.post import Book
from loyalty_api.domain.points.queries import Expiring, Points, settled_points
from loyalty_api.kernel.database import Connection

_LAST = """
SELECT spendable_after, pending_after, reserved_after, debt_after
FROM transfers WHERE member_id = $1 AND recorded_at <= $2 ORDER BY seq DESC LIMIT 1
"""
_EARNED = """
SELECT COALESCE(sum(CASE WHEN from_account = $3 THEN points WHEN to_account = $4 THEN -points END), 0)::bigint
FROM transfers WHERE member_id = $1 AND recorded_at <= $2
"""
_LOTS = f"""
SELECT {LOT_COLUMNS}
FROM transfers t JOIN lots l ON l.member_id = t.member_id AND l.transfer_seq = t.seq
WHERE t.member_id = $1 AND t.recorded_at <= $2
"""
_MOVES = """
SELECT d.lot_id, d.points, t.from_account, t.to_account
FROM transfers t JOIN draws d ON d.member_id = t.member_id AND d.transfer_seq = t.seq
WHERE t.member_id = $1 AND t.recorded_at <= $2 ORDER BY t.seq
"""
_HOLDS = """
SELECT h.member_id, h.hold_id, h.program_id, h.transfer_seq, h.until, d.lot_id, d.points
FROM holds h
JOIN transfers t ON t.member_id = h.member_id AND t.seq = h.transfer_seq
JOIN draws d ON d.member_id = h.member_id AND d.transfer_seq = h.transfer_seq
LEFT JOIN transfers c ON c.member_id = h.member_id AND c.seq = h.closing_seq
WHERE h.member_id = $1 AND t.recorded_at <= $2 AND (c.seq IS NULL OR c.recorded_at > $2)
ORDER BY h.hold_id, d.lot_id
"""
_MADE_PENDING = "SELECT seq FROM transfers WHERE member_id = $1 AND recorded_at <= $2 AND to_account = $3"


async def points_as_of(
    connection: Connection,
    *,
    member_id: UUID,
    program_id: UUID,
    zone: ZoneInfo,
    last_purchase_at: datetime | None,
    as_of: datetime,
    until: datetime,
) -> tuple[Points, list[Expiring]]:
    """What would have been answered at ``as_of``: points, and what expires after it and up to ``until``.

    ``last_purchase_at``: when the latest purchase that was recorded by then occurred.
    """
    balance = no_points(member_id, program_id)
    last = await connection.fetchrow(_LAST, member_id, as_of)
    if last is not None:
        balance.spendable, balance.pending, balance.reserved, balance.debt = last
    balance.lifetime_earned = await connection.fetchval(_EARNED, member_id, as_of, Account.ISSUED, Account.RETURNED)
    balance.last_purchase_at = last_purchase_at
    pending = {row["seq"] for row in await connection.fetch(_MADE_PENDING, member_id, as_of, Account.PENDING)}
    made = read_lots(await connection.fetch(_LOTS, member_id, as_of))
    holds = read_holds(await connection.fetch(_HOLDS, member_id, as_of))
    lots = Lots(zone, rebuilt(made, pending, await connection.fetch(_MOVES, member_id, as_of)), holds)
    balance.next_due_at = balance.seen_next_due_at = lots.next_due_at(balance)
    return settled_points(Book({member_id: balance}, {member_id: lots}), balance, now=as_of, until=until)


def rebuilt(lots: list[Lot], made_pending: set[int], moves: list[Any]) -> list[Lot]:
    """The lots as their transfers made them, moved on by each transfer since. ``made_pending``: seqs of those that
    made pending ones."""
    by_id = {lot.lot_id: lot for lot in lots}
    for lot in lots:
        lot.remaining, lot.reserved, lot.pending = lot.points, 0, lot.transfer_seq in made_pending
    for move in moves:
        by_id[move["lot_id"]].move(Account(move["from_account"]), Account(move["to_account"]), move["points"])
    for lot in lots:
        if lot.pending and lot.waits_for is not None:  # its dates came with the event, later
            lot.available_at = lot.expires_at = None
    return lots
