"""The program over REST: what is in force, what publishing would change, publishing, every version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.programs.diff import Change
from loyalty_api.domain.programs.document import Document, encode_document
from loyalty_api.domain.programs.publish import (
    Plan,
    create_program,
    plan_version,
    publish_version,
)
from loyalty_api.domain.programs.queries import Version
from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import (
    EffectiveInThePast,
    FixedField,
    InvalidDocument,
    ProgramExists,
    VersionNotFound,
)
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, page_key, read_page
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.route import Answer, Call, Route, answer_json, encode

EXAMPLE = {
    "program": "coffee-club",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "region": "DE",
    "points": {"expiry": {"months": 12, "round_up_to": "month_end"}},
    "tiers": {"levels": [{"code": "bronze", "from": 0}, {"code": "silver", "from": 50000}]},
    "earning_rules": [
        {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
        {"code": "silver-extra", "multiplier": 1.5, "tiers": ["silver"]},
    ],
}


class PublishBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole document, and from when it is to be in force (at once unless said)."""

    document: msgspec.Raw
    effective_at: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """An instant that the database can hold."""
        check_years(effective_at=self.effective_at)


class ChangeView(msgspec.Struct, frozen=True):
    """One difference, for machines and in a line for people."""

    what: str
    where: str
    before: Any
    after: Any
    text: str


class PlanAnswer(msgspec.Struct, frozen=True):
    """The version that is (or would be) made, or the one already in force when nothing changes."""

    version: int
    effective_at: str | None
    changes: list[ChangeView]


class VersionView(msgspec.Struct, frozen=True):
    """A version; ``effective_at`` null: from the beginning of time."""

    version: int
    effective_at: str | None
    published_at: str
    published_by: str


class ProgramAnswer(msgspec.Struct, frozen=True):
    """A version with its whole document."""

    program: str
    version: int
    effective_at: str | None
    published_at: str
    document: msgspec.Raw


class VersionPage(msgspec.Struct, frozen=True):
    """A page of versions, newest first."""

    items: list[VersionView]
    next_cursor: str | None


class NewProgram(msgspec.Struct, frozen=True):
    """A new program's code and its first admin key, told once."""

    program: str
    key: str


async def read(door: Door, call: Call) -> Answer:
    """The version in force at the program's present."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    return answer_json(_whole(program.code, program.version_at(program.present(call.received_at))))


async def read_version(door: Door, call: Call) -> Answer:
    """Any version, for ever."""
    number = call.path["number"]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise VersionNotFound(f"Versions are numbers from 1; {number[:20]!r} is none.")
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    return answer_json(_whole(program.code, program.version(int(number))))


async def plan(door: Door, call: Call) -> Answer:
    """What publishing the document would change; writes nothing."""
    body: PublishBody = call.body
    document = _document(bytes(body.document), "document")
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    return answer_json(_plan(plan_version(program, document, effective_at=body.effective_at, now=call.received_at)))


async def publish(door: Door, call: Call) -> Answer:
    """201 with the new version and its changes, or 200 with the version in force when nothing changes."""
    body: PublishBody = call.body
    document = _document(bytes(body.document), "document")

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


async def list_versions(door: Door, call: Call) -> Answer:
    """All versions, newest first."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    before = page_key(page, int)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    versions = sorted(program.versions, key=lambda version: -version.number)
    versions = [each for each in versions if before is None or each.number < before][: page.limit + 1]
    items = [
        VersionView(each.number, _effective(each.effective_at), rfc3339(each.published_at), each.published_by)
        for each in versions
    ]
    return answer_json(page_answer(versions, page, lambda version: version.number, items))


async def create(door: Door, call: Call) -> Answer:
    """201 with the program's code and a first admin key."""
    document = _document(call.body, "")

    async def work(connection: Connection) -> Answer:
        program_id = await create_program(connection, document=document, now=call.received_at, actor=call.known.actor)
        issued = await issue_key(
            connection, program_id=program_id, name="first", scopes=["admin"], now=call.received_at
        )
        return answer_json(NewProgram(document.program, issued.key), 201, subject=program_id)

    async def reread(_connection: Connection, _program_id: UUID) -> bytes:
        return encode({"program": document.program, "key": None})

    return await write_once(door, call, work, reread=reread)


def _document(data: bytes, place: str) -> Document:
    """The document in a body; its faults are told at their place in the body."""
    try:
        return read_document(read_json(data))
    except InvalidDocument as refusal:
        errors = [FieldError(f"{place}.{each.field}" if place else each.field, each.message) for each in refusal.errors]
        raise InvalidDocument.of(*errors) from None


def _plan(plan: Plan) -> PlanAnswer:
    return PlanAnswer(plan.version, _effective(plan.effective_at), [_change(change) for change in plan.changes])


def _change(change: Change) -> ChangeView:
    return ChangeView(change.what, change.where, change.before, change.after, change.text)


def _whole(code: str, version: Version) -> ProgramAnswer:
    return ProgramAnswer(
        code,
        version.number,
        _effective(version.effective_at),
        rfc3339(version.published_at),
        msgspec.Raw(encode_document(version.document)),
    )


def _effective(instant: datetime) -> str | None:
    return None if instant == BEGINNING_OF_TIME else rfc3339(instant)


ROUTES = [
    Route(
        method="GET",
        path="/v1/program",
        handler=read,
        summary="The program document in force",
        answer=ProgramAnswer,
    ),
    Route(
        method="POST",
        path="/v1/program/plan",
        handler=plan,
        summary="What publishing a document would change",
        body=PublishBody,
        answer=PlanAnswer,
        refusals=(InvalidDocument, FixedField, EffectiveInThePast),
        example={"document": EXAMPLE},
    ),
    Route(
        method="POST",
        path="/v1/program/publish",
        handler=publish,
        summary="Publish a document as the next version, in force now or from a later instant",
        idempotent=True,
        body=PublishBody,
        answer=PlanAnswer,
        status=201,
        refusals=(InvalidDocument, FixedField, EffectiveInThePast),
        example={"document": EXAMPLE, "effective_at": "2027-01-01T00:00:00Z"},
    ),
    Route(
        method="GET",
        path="/v1/program/versions",
        handler=list_versions,
        summary="Every version, newest first",
        query={"limit": "items per page, at most 200", "cursor": "next_cursor of the page before"},
        answer=VersionPage,
    ),
    Route(
        method="GET",
        path="/v1/program/versions/{number}",
        handler=read_version,
        summary="One version with its whole document",
        answer=ProgramAnswer,
        refusals=(VersionNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/programs",
        handler=create,
        summary="A new program from its document (operator key)",
        idempotent=True,
        body=bytes,
        answer=NewProgram,
        status=201,
        refusals=(InvalidDocument, ProgramExists),
        example=EXAMPLE,
    ),
]
