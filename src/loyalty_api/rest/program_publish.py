"""Publishing over REST: what it would change, and doing it, for the draft or for a document that is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.draft import read_draft
from loyalty_api.domain.programs.publish import Plan, plan_draft, plan_version, publish_version
from loyalty_api.domain.programs.refusals import DraftOutdated, EffectiveInThePast, FixedField, InvalidDocument
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.program_shapes import (
    EXAMPLE,
    EXAMPLE_CHANGE,
    PlanAnswer,
    document_in,
    effective,
    view_changes,
)
from loyalty_api.rest.route import Answer, Call, Route, answer_json

EXAMPLE_PLAN = {"version": 4, "effective_at": "2027-01-01T00:00:00Z", "changes": [EXAMPLE_CHANGE]}


class PublishBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole document (left out: the shared draft), and from when it is to be in force (at once unless said)."""

    document: msgspec.Raw | UnsetType = UNSET
    effective_at: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """An instant that the database can hold."""
        check_years(effective_at=self.effective_at)


async def plan(door: Door, call: Call) -> Answer:
    """What publishing would change; writes nothing."""
    body: PublishBody = call.body
    document = _document(body)
    when = {"effective_at": body.effective_at, "now": call.received_at}
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        draft = await read_draft(connection, program)
    plan = plan_version(program, document, **when) if document else plan_draft(program, draft, **when)
    return answer_json(_plan(plan))


async def publish(door: Door, call: Call) -> Answer:
    """201 with the new version and its changes, or 200 with the version in force when nothing changes."""
    body: PublishBody = call.body
    document = _document(body)

    async def work(connection: Connection) -> Answer:
        done = await publish_version(
            connection,
            catalogue=door.catalogue,
            program_id=call.program_id,
            document=document,
            effective_at=body.effective_at,
            now=call.received_at,
            actor=call.known.actor,
        )
        return answer_json(_plan(done), 201 if done.changes else 200)

    return await write_once(door, call, work)


def _document(body: PublishBody) -> Document | None:
    return None if isinstance(body.document, UnsetType) else document_in(bytes(body.document), "document")


def _plan(plan: Plan) -> PlanAnswer:
    return PlanAnswer(plan.version, effective(plan.effective_at), view_changes(plan.changes))


_REFUSALS = (InvalidDocument, FixedField, EffectiveInThePast, DraftOutdated)

ROUTES = [
    Route(
        method="POST",
        path="/v1/program/plan",
        handler=plan,
        summary="What publishing the draft, or a document, would change",
        body=PublishBody,
        answer=PlanAnswer,
        refusals=_REFUSALS,
        example={"document": EXAMPLE},
        example_answer=EXAMPLE_PLAN,
    ),
    Route(
        method="POST",
        path="/v1/program/publish",
        handler=publish,
        summary="Publish the draft, or a document, as the next version, in force now or from a later instant",
        idempotent=True,
        body=PublishBody,
        answer=PlanAnswer,
        status=201,
        refusals=_REFUSALS,
        example={"effective_at": "2027-01-01T00:00:00Z"},
        example_answer=EXAMPLE_PLAN,
    ),
]
