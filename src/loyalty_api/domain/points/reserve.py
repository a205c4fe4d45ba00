"""Two phases: points are reserved, then the redemption is completed or they are released into their lots.

A reservation is a hold: it knows its lots, and until when it stands. From that instant on it is over, as the member's
next write books and every read tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.lots import Draw, Hold
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.release import drawn, release
from loyalty_api.domain.points.spend import Spent, spend


def reserve(book: Book, balance: Balance, points: int, *, cause: Cause) -> Spent:
    """Sets ``points`` aside for a redemption; they wait for it before they expire. The draws are to be kept.

    The member is settled already. Refuses: InsufficientPoints.
    """
    return spend(book, balance, points, kind="reserve", to=Account.RESERVED, cause=cause)


def complete(book: Book, balance: Balance, draws: Sequence[Draw], *, cause: Cause) -> int:
    """Redeems what was reserved by these draws; the seq of the transfer."""
    parts = drawn(book, balance, draws)
    return book.move(balance, "redeem", Account.RESERVED, Account.REDEEMED, parts, cause)


def hold(book: Book, balance: Balance, points: int, *, until: datetime, cause: Cause) -> int:
    """Reserves ``points`` for ``cause`` until an instant, from which on they are free again; the seq of the transfer.

    The member is settled already. Refuses: InsufficientPoints.
    """
    spent = reserve(book, balance, points, cause=cause)
    made = Hold(balance.member_id, cause.id, balance.program_id, spent.transfer_seq, until, spent.draws)
    book.lots(balance).holds[made.hold_id] = made
    book.note_hold(made)
    balance.fall_due(until)
    return spent.transfer_seq


def redeem_held(book: Book, balance: Balance, hold_id: UUID, *, cause: Cause) -> int:
    """Redeems what is held; the seq of the transfer."""
    held = book.lots(balance).holds[hold_id]
    held.closing_seq = complete(book, balance, held.draws, cause=cause)
    book.note_hold(held)
    return held.closing_seq


def free_held(book: Book, balance: Balance, hold_id: UUID, *, cause: Cause) -> int:
    """Puts what is held back into its lots; the seq of the transfer."""
    held = book.lots(balance).holds[hold_id]
    held.closing_seq = release(book, balance, held.draws, cause=cause)
    book.note_hold(held)
    return held.closing_seq
