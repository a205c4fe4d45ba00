"""Giving back: spent points return into the lots they came from, with their dates.

A lot that has expired meanwhile cannot take them: they get a lot of their own, which lives for the program's grace.
A lot never changes its dates, so that every instant of the past can be told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import LotDates, graced
from loyalty_api.domain.points.hand_over import kept_dates
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
    of: Balance | None = None,
) -> GivenBack:
    """Gives back ``points`` of what ``draws`` have spent and what was not given back yet.

    The lots of the draws are in the book, whether they hold points or not; the member is settled already. ``of``: the
    alias whose lots they are, where it is another; then they are given back in lots of the member's with their dates.
    """
    owner = of or balance
    lots, now = book.lots(owner), cause.recorded_at
    shares = share(draws, points)
    alive: list[tuple[Lot, int]] = []
    anew: list[tuple[Lot, int, LotDates]] = []
    for draw in shares:
        lot = lots[draw.lot_id]
        if lot.ends(owner, lots.zone) <= now:
            anew.append((lot, draw.points, graced(grace_days, zone=lots.zone, now=now)))
        elif owner is not balance:
            anew.append((lot, draw.points, kept_dates(book, owner, lot)._replace(pending=False)))
        else:
            alive.append((lot, draw.points))
    seqs, again = [], [lot for lot, _ in alive]
    if alive:
        seqs.append(book.move(balance, kind, source, Account.SPENDABLE, alive, cause))
    for lot, mine, dates in anew:
        issued = book.issue(balance, {dates: mine}, kind=kind, source=source, cause=cause, like=lot)
        assert issued.transfer_seq is not None, "a share has points"
        seqs.append(issued.transfer_seq)
    free_again(book, balance, [*again, *book.made_by(seqs, balance)], cause)
    return GivenBack(shares, seqs)
