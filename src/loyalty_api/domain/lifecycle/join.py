"""Joining a program: the member, a balance, the first tier, the event and the welcome, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from loyalty_api.domain.engagement.welcome import record_welcome
from loyalty_api.domain.members.enroll import Enrolled, Enrolment, enroll_members
from loyalty_api.domain.points.balance import open_balances
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.rules import window_of
from loyalty_api.domain.tiers.standing import open_standings
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, append_events
from loyalty_api.kernel.refusals import Refusal

TYPE = "member.enrolled"


class MemberEnrolled(msgspec.Struct, frozen=True):
    """The data of the event. ``tier``: the one that everybody begins with; null in a program without tiers."""

    store: str | None
    actor: str
    tier: str | None = None


async def join_program(
    connection: Connection, program: Program, enrolment: Enrolment, *, now: datetime, actor: str
) -> Enrolled:
    """Enrols and welcomes; a member who is known already stays untouched. ``now``: the program's present.

    Refuses: IdentifierBlocked, IdentifierTaken, EngagementOutOfRange (of the welcome). Raises RaceLost.
    """
    outcome = (await join_together(connection, program, [enrolment], now=now, actor=actor))[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def join_together(
    connection: Connection, program: Program, enrolments: Sequence[Enrolment], *, now: datetime, actor: str
) -> list[Enrolled | Refusal]:
    """The same of many, in as many statements as of one, but for the welcome of each.

    Raises EngagementOutOfRange (of the welcome), RaceLost.
    """
    outcomes = await enroll_members(connection, enrolments, now=now, actor=actor)
    made = {
        outcome.member_id: enrolment
        for outcome, enrolment in zip(outcomes, enrolments, strict=True)
        if isinstance(outcome, Enrolled) and outcome.created
    }
    if not made:
        return outcomes
    balances = await open_balances(connection, member_ids=made.keys(), program_id=program.id)
    tiers = program.version_at(now).document.tiers
    window = window_of(tiers, local_date(now, program.zone))
    await open_standings(connection, member_ids=made.keys(), program_id=program.id, window=window)
    first = tiers.levels[0].code if tiers else None
    events = []
    for balance in balances:
        enrolment = made[balance.member_id]
        data = msgspec.json.encode(MemberEnrolled(enrolment.store, actor, first))
        seq, occurred_at = balance.event_seq, enrolment.enrolled_at
        events.append(Event(balance.member_id, seq, new_id(), program.id, TYPE, occurred_at, now, data))
    await append_events(connection, events)
    for member_id, enrolment in made.items():
        await record_welcome(
            connection,
            program,
            member_id=member_id,
            enrolled_at=enrolment.enrolled_at,
            store=enrolment.store,
            now=now,
            actor=actor,
        )
    return outcomes
