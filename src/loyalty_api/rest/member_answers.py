"""Members as every call answers them: with points and tier as of now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.members.queries import Member, read_member, read_members
from loyalty_api.domain.members.status import ERASED, MERGED
from loyalty_api.domain.points.queries import points_of
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.queries import held_tiers
from loyalty_api.domain.tiers.rules import window_of
from loyalty_api.kernel.clock import local_date, rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import Reread
from loyalty_api.rest.member_shapes import ConsentAnswer, IdentifierAnswer, MemberAnswer, MemberTier, Status
from loyalty_api.rest.route import Call, encode


async def answer_member(connection: Connection, program: Program, member_id: UUID, now: datetime) -> MemberAnswer:
    """One member. ``now``: the program's present. Refuses: MemberNotFound, MemberErased."""
    member = await read_member(connection, program_id=program.id, member_id=member_id)
    return (await _answers(connection, program, [member], now))[0]


async def answer_members(
    connection: Connection, program: Program, member_ids: list[UUID], now: datetime
) -> list[MemberAnswer]:
    """Those of the members who exist, in the order asked for."""
    found = await read_members(connection, program_id=program.id, member_ids=member_ids)
    return await _answers(
        connection, program, [member for member in found if member.status not in (ERASED, MERGED)], now
    )


def reread_member(door: Door, call: Call) -> Reread:
    """Personal data is not kept with an Idempotency-Key: the member is read again."""

    async def reread(connection: Connection, member_id: UUID) -> bytes:
        program = await door.catalogue.one(connection, call.program_id)
        return encode(await answer_member(connection, program, member_id, program.present(call.received_at)))

    return reread


async def _answers(connection: Connection, program: Program, found: list[Member], now: datetime) -> list[MemberAnswer]:
    ids = [member.id for member in found]
    points = await points_of(connection, ids, zone=program.zone, now=now)
    tiers = program.version_at(now).document.tiers
    held = {}
    if tiers:
        window = window_of(tiers, local_date(now, program.zone))
        held = await held_tiers(connection, program_id=program.id, tiers=tiers, member_ids=ids, window=window)
    return [_answer(member, points[member.id], held.get(member.id)) for member in found]


def _answer(member: Member, points: Any, tier: Any) -> MemberAnswer:
    return MemberAnswer(
        id=member.id,
        number=member.number,
        enrolled_at=rfc3339(member.enrolled_at),
        store=member.store,
        status=cast("Status", member.status),
        status_reason=member.status_reason,
        identifiers=[
            IdentifierAnswer(each.id, each.kind, each.value, each.blocked_at is not None) for each in member.identifiers
        ],
        profile=member.profile,
        attributes=member.attributes,
        consents=[
            ConsentAnswer(each.kind, each.given, rfc3339(each.decided_at), each.source) for each in member.consents
        ],
        points=BalanceAnswer(points.available, points.pending, points.reserved),
        aliases=member.aliases,
        tier=MemberTier(tier.code, tier.since and rfc3339(tier.since), tier.next, tier.keeps) if tier else None,
    )
