"""Spending: the points that expire first, then the oldest; never more than there are."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.lots import Draw, pick
from loyalty_api.domain.points.post import Book, Cause, draws_of
from loyalty_api.domain.points.refusals import InsufficientPoints


class Spent(NamedTuple):
    """The transfer, and from which lots its points came."""

    transfer_seq: int
    draws: list[Draw]


def spend(book: Book, balance: Balance, points: int, *, kind: str, to: Account, cause: Cause) -> Spent:
    """Takes ``points``, at least one, from the member's available ones and puts them on ``to``.

    The member is settled already. Refuses: InsufficientPoints.
    """
    if points > balance.available:
        available = max(0, balance.available)
        raise InsufficientPoints(
            f"{points} points are needed; {available} are available.", available=available, asked=points
        )
    parts = pick(book.lots(balance).spendable(balance), points)
    seq = book.move(balance, kind, Account.SPENDABLE, to, parts, cause)
    return Spent(seq, draws_of(parts))
