"""Giving back: spent points return into the lots they came from, with their dates.

A lot that has expired meanwhile cannot take them: they get a lot of their own, which lives for the program's grace.
A lot never changes its dates, so that every instant of the past can be told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import graced
from loyalty_api.domain.points.lots import Draw, Lot
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.release import free_again
from loyalty_api.kernel.shares import share_out


class GivenBack(NamedTuple):
    """What was given back, by the lot that it was once drawn from, and the transfers."""

    draws: list[Draw]
    transfer_seqs: list[int]


def share(draws: Sequence[Draw], points: int) -> list[Draw]:
    """``points`` divided over the draws in proportion, largest remainder first, earlier draw first among equals.

    ``draws``: what was spent and has not been given back yet. No share is larger than its draw, and all of it is
    given back when ``points`` is all there is.
    """
    whole = sum(draw.points for draw in draws)
    assert 0 <= points <= whole, "no more is given back than was spent"
    if not points:
        return []
    shares = share_out(points, [draw.points for draw in draws])
    return [Draw(draw.lot_id, mine) for draw, mine in zip(draws, shares, strict=True) if mine]


def give_back(
    book: Book,
    balance: Balance,
    draws: Sequence[Draw],
    points: int,
    *,
    grace_days: int,
    cause: Cause,
    kind: str = "give_back",
    source: Account = Account.REDEEMED,
) -> GivenBack:
    """Gives back ``points`` of what ``draws`` have spent and what was not given back yet.

    The lots of the draws are in the book, whether they hold points or not; the member is settled already.
    """
    lots, now = book.lots(balance), cause.recorded_at
    shares = share(draws, points)
    alive: list[tuple[Lot, int]] = []
    over: list[tuple[Lot, int]] = []
    for draw in shares:
        lot = lots[draw.lot_id]
        (over if lot.ends(balance, lots.zone) <= now else alive).append((lot, draw.points))
    seqs, again = [], [lot for lot, _ in alive]
    if alive:
        seqs.append(book.move(balance, kind, source, Account.SPENDABLE, alive, cause))
    for lot, mine in over:
        dates = {graced(grace_days, zone=lots.zone, now=now): mine}
        issued = book.issue(balance, dates, kind=kind, source=source, cause=cause, like=lot)
        assert issued.transfer_seq is not None, "a share has points"
        seqs.append(issued.transfer_seq)
    free_again(book, balance, [*again, *book.made_by(seqs, balance)], cause)
    return GivenBack(shares, seqs)
