"""Settling: what is due by now is booked, in the order of its instants, before anything else is decided.

Reservations that ran out are released first; then pending points become available (and pay a debt) and available ones
expire, one transfer per lot. Done again it finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import LotDates, dates_from
from loyalty_api.domain.points.events import MATURED, PointsMatured, encode_event
from loyalty_api.domain.points.lots import Lot, Lots
from loyalty_api.domain.points.post import Book, Cause, open_book
from loyalty_api.domain.points.release import expire, plan
from loyalty_api.domain.points.reserve import free_held
from loyalty_api.domain.programs.document import Expiry
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection

_MATURES, _EXPIRES = 0, 1  # at the same instant in this order

_expiry = msgspec.json.Decoder(Expiry)


def settle(book: Book, balance: Balance, *, now: datetime) -> int:
    """Books what is due for the member at ``now``, the program's present; how many transfers that took.

    Raises RaceLost when something may be due and the member's lots were not read.
    """
    if balance.next_due_at is None or balance.next_due_at > now:
        return 0
    if book.is_locked and not book.knows(balance):
        seen = balance.seen_next_due_at
        if seen is None or seen > now:
            return 0  # only what this very batch made can be due already; who comes next settles it
    lots = book.lots(balance)
    before = balance.transfer_seq
    recorded_at = balance.record_at(now)
    for held in lots.open_holds():
        if held.until <= now:
            free_held(book, balance, held.hold_id, cause=Cause("redemption", held.hold_id, held.until, recorded_at))
    for at, what, lot in _due(balance, lots, now):
        if what == _MATURES:
            mature(book, balance, lot, Cause("lot", lot.lot_id, at, recorded_at))
        elif lot.free:
            expire(book, balance, lot, Cause("lot", lot.lot_id, at, recorded_at))
    plan(book, balance)
    return balance.transfer_seq - before


async def open_settled(
    connection: Connection,
    program: Program,
    members: Collection[UUID],
    *,
    now: datetime,
    lot_ids: Collection[UUID] = (),
) -> Book:
    """The members' book behind their locks, with all that is due at ``now``, the program's present, booked and written:
    so what has expired is in the tables too. With the lots that hold points, and the named ones."""
    zones = {program.id: program.zone}
    book = await open_book(connection, members, zones, lot_ids=lot_ids)
    if not sum([settle(book, balance, now=now) for balance in book.balances.values()]):
        return book
    await book.write(connection)
    return await open_book(connection, members, zones, lot_ids=lot_ids)


def _due(balance: Balance, lots: Lots, now: datetime) -> list[tuple[datetime, int, Lot]]:
    due = []
    for lot in lots:
        if not lot.free:
            continue
        ends_at = lot.ends(balance, lots.zone)
        if lot.pending:
            if lot.available_at is None or lot.available_at > now:
                continue
            due.append((lot.available_at, _MATURES, lot))
        if ends_at <= now:
            due.append((ends_at, _EXPIRES, lot))
    return sorted(due, key=lambda each: (each[0], each[1], each[2].lot_id))


def mature(book: Book, balance: Balance, lot: Lot, cause: Cause) -> None:
    """The points of a lot become available."""
    points = lot.remaining
    seq = book.move(balance, "mature", Account.PENDING, Account.SPENDABLE, [(lot, points)], cause)
    paid = book.pay_debt(balance, [lot], cause)
    told = PointsMatured(seq, lot.lot_id, points, paid, balance.available, lot.expires_at)
    book.tell(balance, MATURED, encode_event(told), cause)


def mature_for(book: Book, balance: Balance, event: str, *, earned_for: UUID, cause: Cause) -> int:
    """The points that were earned for something, a purchase, and wait for ``event`` become available with it, and
    their validity counts from ``cause.occurred_at``; how many points. The member is settled already.
    """
    lots, points = book.lots(balance), 0
    cause = cause._replace(occurred_at=min(cause.occurred_at, cause.recorded_at))
    for lot in lots.pending():
        if lot.waits_for != event or lot.available_at is not None or lot.earned_for != earned_for:
            continue
        points += lot.free
        dates = _dates(lot, lots.zone, cause)
        lot.available_at, lot.expires_at = dates.available_at, dates.expires_at
        mature(book, balance, lot, cause)
    plan(book, balance)
    return points


def _dates(lot: Lot, zone: ZoneInfo, cause: Cause) -> LotDates:
    expiry = _expiry.decode(lot.expiry) if lot.expiry else None
    return dates_from(expiry, zone=zone, available_at=cause.occurred_at, recorded_at=cause.recorded_at)
