"""The life cycle of a membership over REST: suspend, resume, close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from loyalty_api.domain.lifecycle.change_status import change_status
from loyalty_api.domain.members.refusals import MemberClosed, MemberErased, MemberNotFound
from loyalty_api.domain.members.status import ACTIVE, CLOSED, SUSPENDED
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.member_answers import answer_member, reread_member
from loyalty_api.rest.member_shapes import MemberAnswer, ResumeBody, StatusBody
from loyalty_api.rest.route import Answer, Call, Route, answer_json


def _to(status: str) -> Callable[[Door, Call], Awaitable[Answer]]:
    async def change(door: Door, call: Call) -> Answer:
        """The member after the change; one who has the status already is answered unchanged."""
        body: StatusBody | ResumeBody = call.body
        member_id = UUID(call.path["member_id"])

        async def work(connection: Connection) -> Answer:
            program = await door.catalogue.one(connection, call.program_id)
            now = program.present(call.received_at)
            named = {"member_id": member_id, "status": status, "reason": body.reason}
            await change_status(connection, program, **named, now=now, actor=call.known.actor)
            return answer_json(await answer_member(connection, program, member_id, now), subject=member_id)

        return await write_once(door, call, work, reread=reread_member(door, call))

    return change


_REFUSALS = (MemberNotFound, MemberClosed, MemberErased)

ROUTES = [
    Route(
        method="POST",
        path="/v1/members/{member_id}/suspend",
        handler=_to(SUSPENDED),
        summary="Suspend a member: nothing new is recorded for them until they are resumed",
        body=StatusBody,
        idempotent=True,
        answer=MemberAnswer,
        refusals=_REFUSALS,
        example={"reason": "card reported as stolen"},
    ),
    Route(
        method="POST",
        path="/v1/members/{member_id}/resume",
        handler=_to(ACTIVE),
        summary="Resume a suspended member",
        body=ResumeBody,
        idempotent=True,
        answer=MemberAnswer,
        refusals=_REFUSALS,
        example={"reason": "card was found"},
    ),
    Route(
        method="POST",
        path="/v1/members/{member_id}/close",
        handler=_to(CLOSED),
        summary="Close a membership, which is final: nothing new is recorded; points stay until they expire",
        body=StatusBody,
        idempotent=True,
        answer=MemberAnswer,
        refusals=_REFUSALS,
        example={"reason": "asked for by the member"},
    ),
]
