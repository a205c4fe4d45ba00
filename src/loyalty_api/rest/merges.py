"""Merging members over REST, and undoing it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.lifecycle.merge_members import merge_members
from loyalty_api.domain.lifecycle.merge_refusals import MergeNotFound, MergeNotPossible
from loyalty_api.domain.lifecycle.unmerge_members import unmerge_members
from loyalty_api.domain.members.refusals import NOT_ACTIVE, MemberErased, MemberNotFound
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class MergeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The member who goes on."""

    into: UUID


class Came(msgspec.Struct, frozen=True):
    """Points, in so many lots."""

    points: int
    lots: int


class NotSplit(msgspec.Struct, frozen=True):
    """Points that were spent or expired since."""

    points: int


class MergeAnswer(msgspec.Struct, frozen=True):
    """Who is whose alias now, and what came over."""

    id: UUID
    survivor: UUID
    alias: UUID
    moved: Came


class UnmergeAnswer(msgspec.Struct, frozen=True):
    """Both are members again: what went back to the alias, and what could not be split."""

    id: UUID
    survivor: UUID
    alias: UUID
    returned: Came
    not_split: NotSplit


async def merge(door: Door, call: Call) -> Answer:
    """200 with what came over."""
    body: MergeBody = call.body
    member_id = UUID(call.address["member_id"])
    if body.into == member_id:
        raise InvalidRequest.of(FieldError("into", "must be another member"))

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        named = {"member_id": member_id, "into": body.into}
        done = await merge_members(connection, program, **named, now=now, actor=call.known.actor)
        return answer_json(MergeAnswer(done.merge_id, done.survivor_id, done.alias_id, Came(done.points, done.lots)))

    return await write_once(door, call, work)


async def undo(door: Door, call: Call) -> Answer:
    """200 with what went back. Again: the same."""

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        merge_id, now = UUID(call.path["merge_id"]), program.present(call.received_at)
        done = await unmerge_members(connection, program, merge_id=merge_id, now=now, actor=call.known.actor)
        back = Came(done.points, done.lots)
        return answer_json(
            UnmergeAnswer(done.merge_id, done.survivor_id, done.alias_id, back, NotSplit(done.not_split))
        )

    return await write_once(door, call, work)


_EXAMPLE = {
    "id": "019a2011-0405-775b-a666-3189a5d947d9",
    "survivor": "019a2011-0405-775b-a666-3189a5d947d0",
    "alias": "019a2011-0405-775b-a666-3189a5d947d1",
}

ROUTES = [
    Route(
        method="POST",
        path="/v1/members/{member_id}/merge",
        handler=merge,
        summary="Merge a member into another, as whose alias they go on: cards, points, tier and history are theirs",
        body=MergeBody,
        idempotent=True,
        answer=MergeAnswer,
        refusals=(MemberNotFound, MergeNotPossible, *NOT_ACTIVE),
        example={"into": "019a2011-0405-775b-a666-3189a5d947d0"},
        example_answer=_EXAMPLE | {"moved": {"points": 480, "lots": 3}},
    ),
    Route(
        method="POST",
        path="/v1/merges/{merge_id}/undo",
        handler=undo,
        summary="Undo a merge: what is left of what came over goes back, lot by lot",
        idempotent=True,
        answer=UnmergeAnswer,
        refusals=(MergeNotFound, MemberErased),
        example_answer=_EXAMPLE | {"returned": {"points": 400, "lots": 2}, "not_split": {"points": 80}},
    ),
]
