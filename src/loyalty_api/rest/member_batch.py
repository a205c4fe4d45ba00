"""Enrolling many: a batch of members, such as an earlier system's."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.engagement.refusals import EngagementOutOfRange
from loyalty_api.domain.lifecycle.join import join_together
from loyalty_api.domain.members.enroll import Enrolment
from loyalty_api.domain.members.refusals import IdentifierBlocked, IdentifierTaken
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import Busy, Refusal
from loyalty_api.rest.batch import BatchAnswer, answer_batch
from loyalty_api.rest.decode import TooLarge, decode_body
from loyalty_api.rest.door import Door
from loyalty_api.rest.member_answers import answer_members
from loyalty_api.rest.member_shapes import EnrolBody
from loyalty_api.rest.members import make_enrolment
from loyalty_api.rest.route import Answer, Call, Route, encode

TOGETHER_MAX = 250  # enrolments in one transaction, which holds what they claim

Outcome = Answered | Exception


async def enrol_batch(door: Door, call: Call) -> Answer:
    """200 with a result per member."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    now = program.present(call.received_at)

    async def enrol(enrolments: Sequence[Enrolment]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for start in range(0, len(enrolments), TOGETHER_MAX):
            some = enrolments[start : start + TOGETHER_MAX]
            try:
                outcomes += await _together(door, call, some)
            except Busy as busy:
                outcomes += [busy] * len(some)
            except Exception:  # one of them: it is told at its place, and never stops the others
                outcomes += [await _alone(door, call, each) for each in some]
        return outcomes

    return await answer_batch(
        door,
        call,
        enrol,
        make_command=lambda item: make_enrolment(decode_body(item, EnrolBody), call.known, program, now),
        order=lambda _: 0,
    )


async def _together(door: Door, call: Call, enrolments: Sequence[Enrolment]) -> list[Outcome]:
    async def work(connection: Connection) -> list[Outcome]:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        joined = await join_together(connection, program, enrolments, now=now, actor=call.known.actor)
        member_ids = {each.member_id for each in joined if not isinstance(each, Refusal)}
        told = {each.id: encode(each) for each in await answer_members(connection, program, list(member_ids), now)}
        return [
            each if isinstance(each, Refusal) else Answered(told[each.member_id], replayed=not each.created)
            for each in joined
        ]

    return await door.database.write(work)


async def _alone(door: Door, call: Call, enrolment: Enrolment) -> Outcome:
    try:
        return (await _together(door, call, [enrolment]))[0]
    except Exception as error:
        return error


ROUTES = [
    Route(
        method="POST",
        path="/v1/members/batch",
        handler=enrol_batch,
        summary="Enrol up to 1,000 members (JSON array or NDJSON); one who is known by an identifier stays untouched",
        body=bytes,
        items=(EnrolBody,),
        answer=BatchAnswer,
        refusals=(TooLarge, IdentifierBlocked, IdentifierTaken, EngagementOutOfRange),
        example=[{"identifiers": [{"kind": "card", "value": "4006381333931"}], "profile": {"given_name": "Ada"}}],
    ),
]
