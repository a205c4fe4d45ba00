"""The program over REST: what is in force, every version, and new programs."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.programs.document import encode_document
from loyalty_api.domain.programs.publish import create_program
from loyalty_api.domain.programs.queries import Version
from loyalty_api.domain.programs.refusals import InvalidDocument, ProgramExists, VersionNotFound
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, page_key, read_page
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.program_shapes import (
    EXAMPLE,
    NewProgram,
    ProgramAnswer,
    VersionPage,
    VersionView,
    document_in,
    effective,
)
from loyalty_api.rest.route import Answer, Call, Route, answer_json, encode


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


async def list_versions(door: Door, call: Call) -> Answer:
    """All versions, newest first."""
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    before = page_key(page, int)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    versions = sorted(program.versions, key=lambda version: -version.number)
    versions = [each for each in versions if before is None or each.number < before][: page.limit + 1]
    items = [
        VersionView(each.number, effective(each.effective_at), rfc3339(each.published_at), each.published_by)
        for each in versions
    ]
    return answer_json(page_answer(versions, page, lambda version: version.number, items))


async def create(door: Door, call: Call) -> Answer:
    """201 with the program's code and a first admin key."""
    document = document_in(call.body, "")

    async def work(connection: Connection) -> Answer:
        program_id = await create_program(connection, document=document, now=call.received_at, actor=call.known.actor)
        issued = await issue_key(
            connection, program_id=program_id, name="first", scopes=["admin"], now=call.received_at
        )
        return answer_json(NewProgram(document.program, issued.key), 201, subject=program_id)

    async def reread(_connection: Connection, _program_id: UUID) -> bytes:
        return encode({"program": document.program, "key": None})

    return await write_once(door, call, work, reread=reread)


def _whole(code: str, version: Version) -> ProgramAnswer:
    return ProgramAnswer(
        code,
        version.number,
        effective(version.effective_at),
        rfc3339(version.published_at),
        msgspec.Raw(encode_document(version.document)),
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/program",
        handler=read,
        summary="The program document in force",
        answer=ProgramAnswer,
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
