"""Members over REST: enrol, find, read, change, and the identifiers they are known by."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from loyalty_api.domain.access.card_code import KIND as CODE
from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.engagement.refusals import EngagementOutOfRange
from loyalty_api.domain.lifecycle.join import join_program
from loyalty_api.domain.members.add_identifier import add_identifier
from loyalty_api.domain.members.amend import amend_member
from loyalty_api.domain.members.block_identifier import block_identifier
from loyalty_api.domain.members.enroll import Enrolment, Profile
from loyalty_api.domain.members.identify import Identifier, normalise, read_identifier
from loyalty_api.domain.members.presented import shown_now
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, member_of, search_members
from loyalty_api.domain.members.record_consents import Consent, record_consents
from loyalty_api.domain.members.refusals import (
    CodeExpired,
    IdentifierBlocked,
    IdentifierNotFound,
    IdentifierTaken,
    MemberClosed,
    MemberErased,
    MemberNotFound,
)
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import write_once
from loyalty_api.rest.member_answers import answer_member, answer_members, reread_member
from loyalty_api.rest.member_shapes import (
    ChangeBody,
    ConsentBody,
    EnrolBody,
    IdentifierBody,
    MemberAnswer,
    MemberPage,
    SearchBody,
)
from loyalty_api.rest.route import Answer, Call, Route, answer_json


async def enrol(door: Door, call: Call) -> Answer:
    """201 with the new member, or 200 with the one who is known by any of the identifiers already."""

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        enrolment = make_enrolment(call.body, call.known, program, now)
        enrolled = await join_program(connection, program, enrolment, now=now, actor=call.known.actor)
        member = await answer_member(connection, program, enrolled.member_id, now)
        return answer_json(member, 201 if enrolled.created else 200, subject=member.id)

    return await write_once(door, call, work, reread=reread_member(door, call))


async def search(door: Door, call: Call) -> Answer:
    """Members found by an identifier (none or one) or by the beginning of something."""
    body: SearchBody = call.body
    if (body.identifier is None) == (body.query is None):
        raise InvalidRequest.of(FieldError("body", "must say either identifier or query"))
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        if body.identifier is not None:
            found = await _known_by(connection, program, body.identifier, now)
        else:
            found = await search_members(connection, program_id=program.id, text=body.query or "", page=page)
        members = await answer_members(connection, program, found[: page.limit], now)
    return answer_json(page_answer(found, page, lambda member_id: member_id, members))


async def _known_by(connection: Connection, program: Program, text: str, now: datetime) -> list[UUID]:
    """Whoever is known by what a till was shown: one, or nobody. Refuses: CodeExpired, InvalidRequest."""
    try:
        if text.startswith(f"{CODE}:"):
            return [shown_now(text, program, now)]
        region = _region(program, now)
        identifier = read_identifier(text, program_id=program.id, region=region, field="identifier")
        return [await member_of(connection, identifier)]
    except MemberNotFound:
        return []


async def read(door: Door, call: Call) -> Answer:
    """One member."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        return answer_json(await answer_member(connection, program, UUID(call.path["member_id"]), now))


async def change(door: Door, call: Call) -> Answer:
    """The member after the change."""
    body: ChangeBody = call.body
    member_id = UUID(call.path["member_id"])
    profile = {name: value for name, value in msgspec.structs.asdict(body.profile).items() if value is not UNSET}

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        await amend_member(
            connection,
            program_id=program.id,
            member_id=member_id,
            profile=profile,
            attributes=body.attributes,
        )
        now = program.present(call.received_at)
        consents = _consents(body.consents, call.known, now)
        named = {"program_id": program.id, "member_id": member_id}
        await record_consents(connection, consents, **named, now=now, actor=call.known.actor)
        return answer_json(await answer_member(connection, program, member_id, now), subject=member_id)

    return await write_once(door, call, work, reread=reread_member(door, call))


async def add(door: Door, call: Call) -> Answer:
    """201 with the member, or 200 when the member has the identifier already."""
    body: IdentifierBody = call.body
    member_id = UUID(call.path["member_id"])

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        identifier = _identifier(body, program, now, "value")
        if identifier.kind == "number":
            raise InvalidRequest.of(FieldError("kind", "number cannot be added; a member has one for ever"))
        added = await add_identifier(connection, member_id=member_id, identifier=identifier, now=now)
        member = await answer_member(connection, program, member_id, now)
        return answer_json(member, 201 if added else 200, subject=member_id)

    return await write_once(door, call, work, reread=reread_member(door, call))


async def block(door: Door, call: Call) -> Answer:
    """204: the identifier is refused from now on."""

    async def work(connection: Connection) -> None:
        program = await door.catalogue.one(connection, call.program_id)
        await block_identifier(
            connection,
            program_id=program.id,
            member_id=UUID(call.path["member_id"]),
            identifier_id=UUID(call.path["identifier_id"]),
            now=program.present(call.received_at),
        )

    await door.database.write(work)
    return Answer(204, b"")


def make_enrolment(body: EnrolBody, caller: Caller, program: Program, now: datetime) -> Enrolment:
    """A decoded body as an enrolment. ``now``: the program's present. Refuses: InvalidRequest, naming the field."""
    enrolled_at = body.enrolled_at or now
    if enrolled_at > now + CLOCKS_APART_MAX:
        raise InvalidRequest.of(FieldError("enrolled_at", f"lies after the program's present, {rfc3339(now)}"))
    identifiers = [
        _identifier(each, program, now, f"identifiers[{index}].value") for index, each in enumerate(body.identifiers)
    ]
    if body.number is not None:
        identifiers.append(_identifier(IdentifierBody("number", body.number), program, now, "number"))
    if sum(each.kind == "number" for each in identifiers) > 1:
        raise InvalidRequest.of(FieldError("number", "is given twice"))
    profile = {name: value for name, value in msgspec.structs.asdict(body.profile).items() if value is not UNSET}
    return Enrolment(
        program_id=program.id,
        identifiers=identifiers,
        profile=Profile(**profile),
        attributes={name: value for name, value in body.attributes.items() if value is not None},
        enrolled_at=enrolled_at,
        store=body.store or caller.store,
        consents=_consents(body.consents, caller, now),
    )


def _consents(bodies: list[ConsentBody], caller: Caller, now: datetime) -> list[Consent]:
    """The decisions; who does not say where one was told has it told by the caller's key."""
    for index, each in enumerate(bodies):
        if each.at is not None and each.at > now + CLOCKS_APART_MAX:
            ahead = f"lies after the program's present, {rfc3339(now)}"
            raise InvalidRequest.of(FieldError(f"consents[{index}].at", ahead))
    return [
        Consent(kind=each.kind, given=each.given, decided_at=each.at or now, source=each.source or caller.actor)
        for each in bodies
    ]


def _identifier(body: IdentifierBody, program: Program, now: datetime, field: str) -> Identifier:
    region = _region(program, now)
    return normalise(body.kind, body.value, program_id=program.id, region=region, field=field)


def _region(program: Program, now: datetime) -> str | None:
    return program.version_at(now).document.region


ROUTES = [
    Route(
        method="POST",
        path="/v1/members",
        handler=enrol,
        summary="Enrol a member and welcome them; one who is known by an identifier is answered with 200, untouched",
        body=EnrolBody,
        idempotent=True,
        answer=MemberAnswer,
        status=201,
        refusals=(IdentifierBlocked, IdentifierTaken, EngagementOutOfRange),
        example={
            "identifiers": [{"kind": "card", "value": "4006381333931"}],
            "profile": {"given_name": "Ada", "language": "en"},
            "consents": [{"kind": "marketing.email", "given": True, "source": "store-17/form"}],
        },
    ),
    Route(
        method="POST",
        path="/v1/members/search",
        handler=search,
        summary="Find members by an identifier, or by the beginning of a number, name or e-mail",
        body=SearchBody,
        query={"limit": "items per page, at most 200", "cursor": "next_cursor of the page before"},
        answer=MemberPage,
        refusals=(CodeExpired,),
        example={"identifier": "card:4006381333931"},
    ),
    Route(
        method="GET",
        path="/v1/members/{member_id}",
        handler=read,
        summary="Read a member",
        answer=MemberAnswer,
        refusals=(MemberNotFound, MemberErased),
    ),
    Route(
        method="PATCH",
        path="/v1/members/{member_id}",
        handler=change,
        summary="Change profile and attributes (null clears a field), and record consents",
        body=ChangeBody,
        idempotent=True,
        answer=MemberAnswer,
        refusals=(MemberNotFound, MemberErased),
        example={"profile": {"family_name": "Lovelace"}, "attributes": {"favourite": "espresso"}},
    ),
    Route(
        method="POST",
        path="/v1/members/{member_id}/identifiers",
        handler=add,
        summary="Add a card, phone, e-mail or other identifier",
        body=IdentifierBody,
        idempotent=True,
        answer=MemberAnswer,
        status=201,
        refusals=(MemberNotFound, MemberClosed, MemberErased, IdentifierTaken, IdentifierBlocked),
        example={"kind": "phone", "value": "+4930123456"},
    ),
    Route(
        method="DELETE",
        path="/v1/members/{member_id}/identifiers/{identifier_id}",
        handler=block,
        summary="Block an identifier: refused from now on, never given to anybody else",
        answer=None,
        status=204,
        refusals=(IdentifierNotFound,),
    ),
]
