"""Enrolling: one call, one member, however many tills try the same phone number at once."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.members.identify import Found, Identifier, find_members
from loyalty_api.domain.members.record_consents import Consent, record_consents
from loyalty_api.domain.members.refusals import IdentifierBlocked, IdentifierTaken
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id

NUMBER_DIGITS = 12


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Personal data, all of it optional."""

    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    language: str | None = None


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What a till knows of a new member; identifiers are normalised, a ``number`` among them."""

    program_id: UUID
    identifiers: list[Identifier]
    profile: Profile
    attributes: dict[str, Any]
    enrolled_at: datetime
    store: str | None
    consents: list[Consent] = []


class Enrolled(msgspec.Struct, frozen=True):
    """The member, and whether this call made them."""

    member_id: UUID
    created: bool


async def enroll_member(connection: Connection, enrolment: Enrolment, *, now: datetime, actor: str) -> Enrolled:
    """The new member, or the one who is known by any of the identifiers already, untouched: also one who is suspended
    or closed, whose answer says so.

    Refuses: IdentifierBlocked, IdentifierTaken (the identifiers belong to several members).
    Raises RaceLost when another till claimed one of them meanwhile.
    """
    known = await find_members(connection, enrolment.identifiers)
    if known:
        return Enrolled(_the_one(known), created=False)
    numbers = [each.value for each in enrolment.identifiers if each.kind == "number"]
    number = numbers[0] if numbers else make_number()
    identifiers = [each for each in enrolment.identifiers if each.kind != "number"]
    identifiers.append(Identifier(enrolment.program_id, "number", number))
    member_id = new_id()
    await claim_identifiers(connection, member_id, identifiers, now=now)
    await connection.execute(
        "INSERT INTO members (member_id, program_id, number, store, enrolled_at, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(member_id, enrolment.program_id, number, enrolment.store, enrolment.enrolled_at, now),
    )
    profile = enrolment.profile
    await connection.execute(
        "INSERT INTO member_profiles (member_id, program_id, given_name, family_name, email, phone, birth_date,"
        " language, attributes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(member_id, enrolment.program_id, profile.given_name, profile.family_name, profile.email),
        *(profile.phone, profile.birth_date, profile.language, msgspec.json.encode(enrolment.attributes)),
    )
    named = {"program_id": enrolment.program_id, "member_id": member_id}
    await record_consents(connection, enrolment.consents, **named, now=now, actor=actor)
    return Enrolled(member_id, created=True)


async def claim_identifiers(
    connection: Connection, member_id: UUID, identifiers: list[Identifier], *, now: datetime
) -> list[UUID]:
    """Claims the identifiers for the member and lists them under the member; their ids, in order.

    Raises RaceLost when somebody else has one of them.
    """
    wanted = sorted(set(identifiers))
    programs, kinds, values = map(list, zip(*wanted, strict=True))
    status = await connection.execute(
        "INSERT INTO identifier_claims (program_id, kind, value, member_id)"
        " SELECT p, k, v, $4 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (p, k, v)"
        " ON CONFLICT DO NOTHING",
        *(programs, kinds, values, member_id),
    )
    if status != f"INSERT 0 {len(wanted)}":
        raise RaceLost
    identifier_ids = [new_id() for _ in wanted]
    await connection.execute(
        "INSERT INTO member_identifiers (member_id, identifier_id, kind, value, added_at)"
        " SELECT $1, i, k, v, $5 FROM unnest($2::uuid[], $3::text[], $4::text[]) AS u (i, k, v)",
        *(member_id, identifier_ids, kinds, values, now),
    )
    return identifier_ids


def make_number() -> str:
    """A member number for a barcode: random digits and a Luhn check digit, so that a mistyped one is noticed."""
    digits = [secrets.randbelow(10) for _ in range(NUMBER_DIGITS - 1)]
    digits[0] = digits[0] or 1
    doubled = [sum(divmod(2 * d, 10)) if index % 2 == 0 else d for index, d in enumerate(reversed(digits))]
    return "".join(map(str, [*digits, -sum(doubled) % 10]))


def _the_one(known: dict[Identifier, Found]) -> UUID:
    for identifier, found in known.items():
        if found.blocked:
            raise IdentifierBlocked(f"The {identifier.kind} is blocked; ask for another one.")
    member_ids = {found.member_id for found in known.values()}
    if len(member_ids) > 1:
        raise IdentifierTaken("These identifiers belong to different members; use one of them, or merge the members.")
    return member_ids.pop()
