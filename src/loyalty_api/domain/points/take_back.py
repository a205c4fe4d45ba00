"""Taking back: what a return takes of the points that its purchase earned, from where they are now."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.lots import Draw, Lot, pick
from loyalty_api.domain.points.post import Book, Cause, draws_of

Policy = Literal["allow_negative", "clamp", "pending_only"]


class TakenBack(NamedTuple):
    """How many points came from where. ``own``: from the purchase's lots, pending ones among them; ``expired``: of
    its own that had expired, which nothing needed to be done about; ``forgiven``: what the policy leaves to the member.
    """

    own: int
    expired: int
    others: int
    debt: int
    forgiven: int
    draws: list[Draw]
    transfer_seqs: list[int]


def take_back(
    book: Book,
    balance: Balance,
    points: int,
    *,
    earned_for: UUID,
    expired: int,
    policy: Policy,
    cause: Cause,
    kind: str = "return",
    to: Account = Account.RETURNED,
    own_first: bool = False,
) -> TakenBack:
    """Takes back ``points`` that were earned for a purchase, or given for whatever ``earned_for`` is.

    First its own that are pending, then its own that are available, then those of its own that have expired
    (``expired``: how many of these no earlier return has counted); then others' available ones, earliest expiry first,
    and a debt. ``clamp`` makes no debt. ``pending_only`` takes pending points alone, its own before others';
    ``own_first``: its own available ones too, before any others'.
    The member is settled already.
    """
    lots = book.lots(balance)
    waiting = lots.pending()
    own_pending = pick([lot for lot in waiting if lot.earned_for == earned_for], points)
    rest = points - _sum(own_pending)
    spendable = lots.spendable(balance)
    mine = [lot for lot in spendable if lot.earned_for == earned_for]
    own_spendable = pick(mine, rest) if own_first or policy != "pending_only" else []
    rest -= _sum(own_spendable)
    counted = min(expired, rest)
    rest -= counted
    others = waiting if policy == "pending_only" else spendable
    others_parts = pick([lot for lot in others if lot.earned_for != earned_for], rest)
    rest -= _sum(others_parts)
    owed = rest if policy == "allow_negative" else 0

    pending, available = own_pending, [*own_spendable]
    (pending if policy == "pending_only" else available).extend(others_parts)
    seqs = []
    if pending:
        seqs.append(book.move(balance, kind, Account.PENDING, to, pending, cause))
    if available:
        seqs.append(book.move(balance, kind, Account.SPENDABLE, to, available, cause))
    if owed:
        seqs.append(book.post(balance, kind, Account.DEBT, to, owed, cause))
    own = points - counted - rest - _sum(others_parts)
    return TakenBack(own, counted, _sum(others_parts), owed, rest - owed, draws_of([*pending, *available]), seqs)


def _sum(parts: list[tuple[Lot, int]]) -> int:
    return sum(points for _, points in parts)
