"""Adjusting: points that staff give, take or move between members, at once or, above their limit, once approved."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from loyalty_api.domain.adjustments.answer import encode_answer
from loyalty_api.domain.adjustments.book import book_adjustment, open_members
from loyalty_api.domain.adjustments.command import RecordAdjustment
from loyalty_api.domain.adjustments.limits import is_within
from loyalty_api.domain.adjustments.refusals import AdjustmentReferenceReused
from loyalty_api.domain.adjustments.store import AWAITING, Adjustment, find_adjustment, insert_change
from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import Claim, Key, claims_ask, claims_change, read_claims
from loyalty_api.domain.members.queries import check_enrolled, everyone
from loyalty_api.domain.members.refusals import MemberMerged
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.redeem_reached import redeem_beside
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.kernel.together import Change, ask, change_together


async def adjust_points(connection: Connection, program: Program, command: RecordAdjustment) -> Answered:
    """The answer, fresh or the first one told again.

    Refuses: MemberNotFound, MemberClosed, MemberErased, MemberMerged, AdjustmentReferenceReused, InsufficientPoints,
    InvalidRequest (points are to be moved to whose they are).
    """
    now, asked = program.present(command.received_at), command.asked
    key = Key(program.id, "adjustment", asked.source, asked.reference)
    known = await everyone(connection, program_id=program.id, member_id=command.member_id)
    if known and command.member_id != known[0]:
        raise MemberMerged(command.member_id, known[0])
    first = await _first(connection, command, key, known)
    if first is not None:
        return first
    if command.to_member_id == command.member_id:  # a retry may name two who are one since
        raise InvalidRequest.of(FieldError("to", "must be another member"))
    adjustment = Adjustment(
        member_id=command.member_id,
        adjustment_id=new_id(),
        program_id=program.id,
        to_member_id=command.to_member_id,
        source=asked.source,
        reference=asked.reference,
        points=asked.points,
        reason=asked.reason,
        status=AWAITING,
        asked_at=now,
        asked_by=command.actor,
    )
    for member_id in adjustment.members:
        await check_enrolled(connection, program_id=program.id, member_id=member_id)
    book = await open_members(connection, program, adjustment.members, now)
    first = await _first(connection, command, key, known)  # who held the lock may have been this very one
    if first is not None:
        return first
    within = is_within(program.version_at(now).document.adjustments, command.scopes, asked.points)
    beside: list[Change] = []
    if within:
        book_adjustment(book, program, adjustment, actor=command.actor, now=now)
        beside = await redeem_beside(connection, program, book, adjustment.members, now=now)
    adjustment.answer = encode_answer(adjustment, book.balances[command.member_id] if within else None)
    claim = Claim(command.member_id, adjustment.adjustment_id, command.content_hash)
    changes = [*claims_change({key: claim}), *book.changes(), *beside, insert_change(adjustment)]
    await change_together(connection, changes)
    return Answered(adjustment.answer, replayed=False)


async def _first(
    connection: Connection, command: RecordAdjustment, key: Key, known: Collection[UUID]
) -> Answered | None:
    """What the reference was answered first; None: it is new. Refuses: AdjustmentReferenceReused."""
    claim = read_claims(await ask(connection, claims_ask([key]))).get(key)
    if claim is None:
        return None
    claim.check(known, command.content_hash, reused=AdjustmentReferenceReused, what="an adjustment of points")
    found = await find_adjustment(connection, program_id=command.program_id, adjustment_id=claim.record_id)
    return Answered(found.answer, replayed=True)
