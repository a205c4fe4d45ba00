"""Joining a program: the member, a balance, the first tier, the event and the welcome, in one transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec

from loyalty_api.domain.engagement.welcome import record_welcome
from loyalty_api.domain.members.enroll import Enrolled, Enrolment, enroll_member
from loyalty_api.domain.points.balance import open_balance
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.rules import window_of
from loyalty_api.domain.tiers.standing import open_standing
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, append_events

TYPE = "member.enrolled"


class MemberEnrolled(msgspec.Struct, frozen=True):
    """The data of the event."""

    store: str | None
    actor: str


async def join_program(
    connection: Connection, program: Program, enrolment: Enrolment, *, now: datetime, actor: str
) -> Enrolled:
    """Enrols and welcomes; a member who is known already stays untouched. ``now``: the program's present.

    Refuses: IdentifierBlocked, IdentifierTaken, EngagementOutOfRange (of the welcome). Raises RaceLost.
    """
    enrolled = await enroll_member(connection, enrolment, now=now)
    if not enrolled.created:
        return enrolled
    member_id = enrolled.member_id
    balance = await open_balance(connection, member_id=member_id, program_id=program.id)
    window = window_of(program.version_at(now).document.tiers, local_date(now, program.zone))
    await open_standing(connection, member_id=member_id, program_id=program.id, window=window)
    data = msgspec.json.encode(MemberEnrolled(enrolment.store, actor))
    event = Event(member_id, balance.event_seq, new_id(), program.id, TYPE, enrolment.enrolled_at, now, data)
    await append_events(connection, [event])
    await record_welcome(
        connection,
        program,
        member_id=member_id,
        enrolled_at=enrolment.enrolled_at,
        store=enrolment.store,
        now=now,
        actor=actor,
    )
    return enrolled
