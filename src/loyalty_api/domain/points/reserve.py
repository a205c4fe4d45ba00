"""Two phases: points are reserved, then the redemption is completed or they are released into their lots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.lots import Draw, Lot
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.settle import expire, plan
from loyalty_api.domain.points.spend import Spent, spend


def reserve(book: Book, balance: Balance, points: int, *, cause: Cause) -> Spent:
    """Sets ``points`` aside for a redemption; they wait for it before they expire. The draws are to be kept.

    The member is settled already. Refuses: InsufficientPoints.
    """
    return spend(book, balance, points, kind="reserve", to=Account.RESERVED, cause=cause)


def complete(book: Book, balance: Balance, draws: Sequence[Draw], *, cause: Cause) -> int:
    """Redeems what was reserved by these draws; the seq of the transfer."""
    parts = _parts(book, balance, draws)
    return book.move(balance, "redeem", Account.RESERVED, Account.REDEEMED, parts, cause)


def release(book: Book, balance: Balance, draws: Sequence[Draw], *, cause: Cause) -> int:
    """Puts what was reserved by these draws back to be spent, with its dates; the seq of the transfer.

    It pays a debt that came up meanwhile; what would have expired meanwhile does so at once.
    """
    parts = _parts(book, balance, draws)
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


def _parts(book: Book, balance: Balance, draws: Sequence[Draw]) -> list[tuple[Lot, int]]:
    lots = book.lots(balance)
    return [(lots[draw.lot_id], draw.points) for draw in draws]
