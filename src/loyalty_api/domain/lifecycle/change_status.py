"""Suspending, resuming and closing: the status, its history and the event, behind the member's lock.

What was under way for the member meanwhile waits for the lock, and is then refused.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.members.queries import check_enrolled, memberships_ask, read_memberships
from loyalty_api.domain.members.set_status import set_status
from loyalty_api.domain.members.status import ACTIVE, CLOSED, SUSPENDED, check_active, check_known
from loyalty_api.domain.points.post import Cause, open_book
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import ask

TYPES = {SUSPENDED: "member.suspended", ACTIVE: "member.resumed", CLOSED: "member.closed"}


class StatusChanged(msgspec.Struct, frozen=True):
    """The data of the event: the reason stays out, it may name people."""

    actor: str


async def change_status(
    connection: Connection,
    program: Program,
    *,
    member_id: UUID,
    status: str,
    reason: str | None,
    now: datetime,
    actor: str,
) -> bool:
    """Whether it changed; a member who has the status already keeps it, with its first reason.

    ``status``: active, suspended or closed. ``now``: the program's present.
    Refuses: MemberNotFound, MemberClosed (closing is final), MemberErased, MemberMerged.
    """
    await check_enrolled(connection, program_id=program.id, member_id=member_id)
    book = await open_book(connection, [member_id], {program.id: program.zone})
    current = read_memberships(await ask(connection, memberships_ask([member_id])))[member_id]
    check_known(member_id, current.status, current.merged_into)
    if (current.status or ACTIVE) == status:
        return False
    if current.status == CLOSED:
        check_active(current.status, current.status_reason)
    balance = book.balances[member_id]
    at = balance.record_at(now)
    named = {"program_id": program.id, "member_id": member_id}
    await set_status(connection, **named, status=status, reason=reason, now=at, actor=actor)
    book.tell(balance, TYPES[status], msgspec.json.encode(StatusChanged(actor)), Cause("status", new_id(), at, at))
    await book.write(connection)
    return True
