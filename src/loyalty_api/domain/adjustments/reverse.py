"""Reversing an adjustment: what it gave is taken back, what it took goes back into the lots that it came from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.adjustments.book import CAUSE
from loyalty_api.domain.adjustments.events import REVERSED as REVERSED_EVENT
from loyalty_api.domain.adjustments.events import PointsReversed, encode_event
from loyalty_api.domain.adjustments.limits import is_within
from loyalty_api.domain.adjustments.refusals import AdjustmentAboveLimit, AdjustmentNotReversible
from loyalty_api.domain.adjustments.store import BOOKED, REVERSED, Adjustment, find_adjustment, update_change
from loyalty_api.domain.members.queries import ever_known_as, memberships_ask, read_memberships
from loyalty_api.domain.members.status import MERGED, check_not_erased
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.give_back import give_back
from loyalty_api.domain.points.lots import Draw
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.queries import expired_of, read_draws
from loyalty_api.domain.points.release import plan
from loyalty_api.domain.points.settle import open_settled
from loyalty_api.domain.points.take_back import Policy, take_back
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.redeem_reached import redeem_beside
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import ask, change_together


async def reverse_adjustment(
    connection: Connection,
    program: Program,
    *,
    adjustment_id: UUID,
    reason: str,
    actor: str,
    scopes: Collection[str],
    now: datetime,
) -> Adjustment:
    """Reverses it once; a reversed one is answered as it is. ``now``: the program's present.

    What is left of what was given is taken back, whatever the program's ``on_return``, which decides about what was
    spent of it; what has expired is gone already. What was taken goes back into its lots, with the program's grace
    where they expired.

    Refuses: AdjustmentNotFound, AdjustmentNotReversible (nothing is booked, it moved points: move them back, or the
    member is an alias by now),
    AdjustmentAboveLimit, MemberErased.
    """
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    if found.status == REVERSED:
        return found
    if found.status != BOOKED or found.transfer_seq is None:
        raise AdjustmentNotReversible(f"Nothing of this adjustment is booked: it is {found.status}.")
    if found.to_member_id is not None:
        raise AdjustmentNotReversible("This moved points to another member; move them back.")
    document = program.version_at(now).document
    if not is_within(document.adjustments, scopes, found.points):
        raise AdjustmentAboveLimit(f"{abs(found.points):,} points are above the limit of this key.")
    seq = found.transfer_seq
    taken = (await read_draws(connection, member_id=found.member_id, transfer_seqs=[seq]))[seq]
    lots = [draw.lot_id for draw in taken]
    book = await open_settled(connection, program, [found.member_id], now=now, lot_ids=lots)
    known = read_memberships(await ask(connection, memberships_ask([found.member_id])))[found.member_id]
    check_not_erased(known.status)
    if known.status == MERGED:
        raise AdjustmentNotReversible(f"The member was merged into {known.merged_into}; adjust that one.")
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    if found.status == REVERSED:
        return found
    balance = book.balances[found.member_id]
    at = balance.record_at(now)
    cause = Cause(CAUSE, adjustment_id, at, at)
    if found.points > 0:
        ever = await ever_known_as(connection, program_id=program.id, member_id=found.member_id)
        expired = await expired_of(connection, member_ids=ever, earned_for=adjustment_id)
        _take_back(book, balance, found, expired, document.points.on_return, cause)
    else:
        _give_back(book, balance, found, taken, document.points.return_grace_days, cause)
    found.status, found.reversed_at, found.reversed_by, found.reversal = REVERSED, at, actor, reason
    points = found.points_reversed or 0
    told = PointsReversed(
        *(adjustment_id, points, found.points_expired or 0, balance.available, actor),
        change=-points if found.points > 0 else points,
    )
    book.tell(balance, REVERSED_EVENT, encode_event(told), cause)
    beside = await redeem_beside(connection, program, book, [found.member_id], now=now)
    await change_together(connection, [*book.changes(), *beside, update_change(found, seen=BOOKED)])
    return found


def _take_back(
    book: Book, balance: Balance, adjustment: Adjustment, expired: int, policy: Policy, cause: Cause
) -> None:
    """What it gave, as far as the policy lets."""
    taken = take_back(
        book,
        balance,
        adjustment.points,
        earned_for=adjustment.adjustment_id,
        expired=expired,
        policy=policy,
        cause=cause,
        kind="reverse",
        to=Account.ADJUSTED,
        own_first=True,
    )
    plan(book, balance)
    adjustment.points_reversed = adjustment.points - taken.expired - taken.forgiven
    adjustment.points_expired = taken.expired


def _give_back(
    book: Book, balance: Balance, adjustment: Adjustment, draws: list[Draw], grace_days: int, cause: Cause
) -> None:
    """What it took, into the lots that it was taken from."""
    points = -adjustment.points
    give_back(book, balance, draws, points, grace_days=grace_days, cause=cause, kind="reverse", source=Account.ADJUSTED)
    adjustment.points_reversed, adjustment.points_expired = points, 0
