"""The second decision on an adjustment above somebody's limit: another key approves it, or it is rejected."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.adjustments.book import book_adjustment, open_members
from loyalty_api.domain.adjustments.limits import is_within
from loyalty_api.domain.adjustments.refusals import AdjustmentAboveLimit, AdjustmentDecided, AdjustmentOwn
from loyalty_api.domain.adjustments.store import (
    AWAITING,
    BOOKED,
    REJECTED,
    REVERSED,
    Adjustment,
    find_adjustment,
    update_change,
)
from loyalty_api.domain.members.queries import memberships_ask, read_memberships
from loyalty_api.domain.members.status import ERASED
from loyalty_api.domain.points.balance import lock_balances
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.redeem_reached import redeem_beside
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import ask, change_together


async def approve_adjustment(
    connection: Connection,
    program: Program,
    *,
    adjustment_id: UUID,
    actor: str,
    scopes: Collection[str],
    now: datetime,
) -> Adjustment:
    """Books it, as of ``now``, the program's present; an approved one is answered as it is.

    Refuses: AdjustmentNotFound, AdjustmentOwn (``actor`` asked for it), AdjustmentAboveLimit (it is above the limit
    of ``scopes`` too), AdjustmentDecided (it was rejected), InsufficientPoints (it still waits then), MemberClosed,
    MemberErased.
    """
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    if found.status in (BOOKED, REVERSED):
        return found
    book = await open_members(connection, program, found.members, now)
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    if found.status == REJECTED:
        raise AdjustmentDecided("This adjustment was rejected; ask for a new one.")
    if found.status != AWAITING:
        return found
    if actor == found.asked_by:
        raise AdjustmentOwn("Whoever asked for an adjustment cannot approve it; another key must.")
    if not is_within(program.version_at(now).document.adjustments, scopes, found.points):
        raise AdjustmentAboveLimit(f"{abs(found.points):,} points are above the limit of this key too.")
    book_adjustment(book, program, found, actor=actor, now=now)
    beside = await redeem_beside(connection, program, book, found.members, now=now)
    await change_together(connection, [*book.changes(), *beside, update_change(found, seen=AWAITING)])
    return found


async def reject_adjustment(
    connection: Connection, program: Program, *, adjustment_id: UUID, reason: str, actor: str, now: datetime
) -> Adjustment:
    """Notes that it is not to be; whoever asked may take it back so. A rejected one is answered as it is.

    About who was erased, no reason is kept. Refuses: AdjustmentNotFound, AdjustmentDecided (it is booked).
    """
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    await lock_balances(connection, found.members)
    known = read_memberships(await ask(connection, memberships_ask(found.members)))
    found = await find_adjustment(connection, program_id=program.id, adjustment_id=adjustment_id)
    if found.status == REJECTED:
        return found
    if found.status != AWAITING:
        raise AdjustmentDecided("This adjustment is booked; it can be reversed.")
    erased = any(each.status == ERASED for each in known.values())
    found.status, found.decided_at, found.decided_by = REJECTED, now, actor
    found.decision = None if erased else reason
    await change_together(connection, [update_change(found, seen=AWAITING)])
    return found
