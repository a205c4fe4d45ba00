"""Booking an adjustment, once it may be: its transfers and its event, on members who are locked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.adjustments.events import ADJUSTED, MOVED, PointsAdjusted, PointsMoved, encode_event
from loyalty_api.domain.adjustments.store import BOOKED, Adjustment
from loyalty_api.domain.members.queries import memberships_ask, read_memberships
from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.members.status import CLOSED, check_active, check_known
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import dates_from
from loyalty_api.domain.points.hand_over import hand_over, record_together
from loyalty_api.domain.points.lots import pick
from loyalty_api.domain.points.post import Book, Cause, open_book
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.points.spend import spend
from loyalty_api.domain.programs.document import Expiry
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.kernel.together import ask

CAUSE = "adjustment"


async def open_members(connection: Connection, program: Program, members: list[UUID], now: datetime) -> Book:
    """Locks the members, settled at ``now``, the program's present. Suspended ones may be adjusted.

    Refuses: MemberNotFound, MemberClosed, MemberErased, MemberMerged.
    """
    book = await open_book(connection, members, {program.id: program.zone})
    known = read_memberships(await ask(connection, memberships_ask(members)))
    for member_id in members:
        found = known.get(member_id)
        if found is None or found.program_id != program.id:
            raise MemberNotFound(f"There is no member {member_id} in this program.")
        check_known(member_id, found.status, found.merged_into)
        if found.status == CLOSED:
            check_active(found.status, found.status_reason)
        settle(book, book.balances[member_id], now=now)
    return book


def book_adjustment(book: Book, program: Program, adjustment: Adjustment, *, actor: str, now: datetime) -> None:
    """Books it as decided by ``actor`` at ``now``, the program's present.

    Refuses: InsufficientPoints (there are fewer available than are to be taken or moved).
    """
    balance, points = book.balances[adjustment.member_id], adjustment.points
    at = record_together(book, adjustment.members, now)
    cause = Cause(CAUSE, adjustment.adjustment_id, at, at)
    adjustment.transfer_seq = balance.transfer_seq + 1
    if adjustment.to_member_id is not None:
        _move(book, balance, book.balances[adjustment.to_member_id], adjustment, cause, actor)
    elif points > 0:
        settings = program.version_at(now).document.points
        expiry = settings.expiry if isinstance(settings.expiry, Expiry) else None
        dates = dates_from(expiry, zone=program.zone, available_at=at, recorded_at=at)
        book.issue(balance, {dates: points}, kind="adjust", source=Account.ADJUSTED, cause=cause)
    else:
        _check_available(balance, -points)
        spend(book, balance, -points, kind="adjust", to=Account.ADJUSTED, cause=cause)
    adjustment.status, adjustment.decided_at, adjustment.decided_by = BOOKED, at, actor
    if adjustment.to_member_id is None:
        second = actor if actor != adjustment.asked_by else None
        told = PointsAdjusted(
            *(adjustment.adjustment_id, adjustment.transfer_seq, points, balance.available),
            asked_by=adjustment.asked_by,
            approved_by=second,
        )
        book.tell(balance, ADJUSTED, encode_event(told), cause)


def _move(book: Book, giver: Balance, taker: Balance, adjustment: Adjustment, cause: Cause, actor: str) -> None:
    _check_available(giver, adjustment.points)
    parts = pick(book.lots(giver).spendable(giver), adjustment.points)
    hand_over(book, giver, taker, parts, kind="move", cause=cause)
    for balance in (giver, taker):
        told = PointsMoved(
            *(adjustment.adjustment_id, giver.member_id, taker.member_id, adjustment.points, balance.available),
            asked_by=adjustment.asked_by,
            approved_by=actor if actor != adjustment.asked_by else None,
        )
        book.tell(balance, MOVED, encode_event(told), cause)


def _check_available(balance: Balance, points: int) -> None:
    if points > balance.available:
        available = max(0, balance.available)
        raise InsufficientPoints(
            f"{points:,} points are to be taken; {available:,} are available.",
            errors=[FieldError("points", f"at most {available:,} are available")],
            available=available,
            asked=points,
        )
