"""Handing over: points go from one member to another with the dates of their lots, which remember where they were.

Between the two transfers, which have one cause, the points are in transit; nothing stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import LotDates
from loyalty_api.domain.points.lots import NEVER, Lot
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.release import plan
from loyalty_api.domain.programs.document import Expiry

_expiry = msgspec.json.Decoder(Expiry)


def record_together(book: Book, members: Sequence[UUID], now: datetime) -> datetime:
    """The instant of a record of several members: never before the last of any of them."""
    latest = max(book.balances[member_id].record_at(now) for member_id in members)
    return max(book.balances[member_id].record_at(latest) for member_id in members)


def hand_over(
    book: Book, giver: Balance, taker: Balance, parts: Sequence[tuple[Lot, int]], *, kind: str, cause: Cause
) -> int:
    """Moves points of some of the giver's lots, none of them reserved, into lots of the taker's; how many points.

    Pending ones stay pending. What the taker owes is paid. Both are locked and settled already, and ``cause`` is
    recorded by both at one instant (``record_together``).
    """
    moved = 0
    for pending in (False, True):
        mine = [(lot, points) for lot, points in parts if lot.pending is pending and points]
        if not mine:
            continue
        account = Account.PENDING if pending else Account.SPENDABLE
        book.move(giver, kind, account, Account.IN_TRANSIT, mine, cause)
        kept = [(lot, points, kept_dates(book, giver, lot)) for lot, points in mine]
        made = book.receive(taker, kept, kind=kind, to=account, cause=cause)
        if taker.debt and not pending:
            book.pay_debt(taker, made, cause)
        moved += sum(points for _, points in mine)
    for balance in (giver, taker):
        plan(book, balance)
    return moved


def kept_dates(book: Book, giver: Balance, lot: Lot) -> LotDates:
    """The lot's dates. What purchases of the giver put off is kept, as the earliest end: the taker's count from now."""
    ends_at = lot.ends(giver, book.lots(giver).zone)
    expiry = _expiry.decode(lot.expiry) if lot.expiry else None
    expires_at = None if ends_at == NEVER else ends_at
    return LotDates(lot.pending, lot.available_at, expires_at, lot.inactivity_days, lot.waits_for, expiry)
