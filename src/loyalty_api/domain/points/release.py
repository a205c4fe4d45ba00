"""Points become free: those that were reserved go back to be spent, and what is over by then expires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.events import EXPIRED, PointsExpired, encode_event
from loyalty_api.domain.points.lots import Draw, Lot
from loyalty_api.domain.points.post import Book, Cause


def release(book: Book, balance: Balance, draws: Sequence[Draw], *, cause: Cause) -> int:
    """Puts what was reserved by these draws back to be spent, with its dates; the seq of the transfer.

    It pays a debt that came up meanwhile; what would have expired meanwhile does so at once.
    """
    parts = drawn(book, balance, draws)
    seq = book.move(balance, "release", Account.RESERVED, Account.SPENDABLE, parts, cause)
    free_again(book, balance, [lot for lot, _ in parts], cause)
    return seq


def free_again(book: Book, balance: Balance, lots: Iterable[Lot], cause: Cause) -> None:
    """Points of these lots are spendable again: what is over expires, the rest pays a debt."""
    zone, left = book.lots(balance).zone, []
    for lot in lots:
        if not lot.free:
            continue
        if lot.ends(balance, zone) <= cause.recorded_at:
            at = cause._replace(kind="lot", id=lot.lot_id, occurred_at=cause.recorded_at)
            expire(book, balance, lot, at)
        else:
            left.append(lot)
    if balance.debt:
        book.pay_debt(balance, left, cause)
    plan(book, balance)


def expire(book: Book, balance: Balance, lot: Lot, cause: Cause) -> None:
    """The points of a lot that are not reserved expire."""
    points, ended_at = lot.free, lot.ends(balance, book.lots(balance).zone)
    seq = book.move(balance, "expire", Account.SPENDABLE, Account.EXPIRED, [(lot, points)], cause)
    told = PointsExpired(seq, lot.lot_id, points, balance.available, ended_at, lot.earned_at)
    book.tell(balance, EXPIRED, encode_event(told), cause)


def plan(book: Book, balance: Balance) -> None:
    """Works out anew when something is next due for the member."""
    balance.next_due_at = book.lots(balance).next_due_at(balance)
    book.touch(balance)


def drawn(book: Book, balance: Balance, draws: Sequence[Draw]) -> list[tuple[Lot, int]]:
    """The draws with their lots."""
    lots = book.lots(balance)
    return [(lots[draw.lot_id], draw.points) for draw in draws]
