"""Enrolling: one member for one person, however many tills try the same phone number at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.members.identify import Found, Identifier, find_members
from loyalty_api.domain.members.record_consents import Consent, record_consents
from loyalty_api.domain.members.refusals import IdentifierBlocked, IdentifierTaken
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import columns

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
    """The member, and whether this enrolment made them."""

    member_id: UUID
    created: bool


_CLAIM = """
INSERT INTO identifier_claims (program_id, kind, value, member_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
ON CONFLICT DO NOTHING
"""
_LIST = """
INSERT INTO member_identifiers (member_id, identifier_id, kind, value, added_at)
SELECT u.*, $5 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS u
"""
_MEMBERS = """
INSERT INTO members (member_id, program_id, number, store, enrolled_at, recorded_at)
SELECT u.*, $6 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) AS u
"""
_PROFILES = """
INSERT INTO member_profiles (member_id, program_id, given_name, family_name, email, phone, birth_date, language,
                             attributes)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::text[],
                     $9::json[])
"""


async def enroll_members(
    connection: Connection, enrolments: Sequence[Enrolment], *, now: datetime, actor: str
) -> list[Enrolled | Refusal]:
    """Each new member, or the one who is known by any of the identifiers already (be it by an enrolment before it),
    untouched: also one who is suspended or closed, whose answer says so. In as many statements for many as for one.

    Refusals: IdentifierBlocked, IdentifierTaken (the identifiers belong to several members).
    Raises RaceLost when another till claimed one of them meanwhile.
    """
    known = await find_members(connection, {each for enrolment in enrolments for each in enrolment.identifiers})
    outcomes: list[Enrolled | Refusal] = []
    made: dict[UUID, tuple[Enrolment, str]] = {}
    for enrolment in enrolments:
        mine = {each: known[each] for each in enrolment.identifiers if each in known}
        if mine:
            try:
                outcomes.append(Enrolled(_the_one(mine), created=False))
            except Refusal as refusal:
                outcomes.append(refusal)
            continue
        member_id, numbers = new_id(), [each.value for each in enrolment.identifiers if each.kind == "number"]
        number = numbers[0] if numbers else _free_number(enrolment.program_id, known)
        made[member_id] = enrolment, number
        identifiers = {*enrolment.identifiers, Identifier(enrolment.program_id, "number", number)}
        known |= dict.fromkeys(identifiers, Found(member_id, blocked=False))
        outcomes.append(Enrolled(member_id, created=True))
    if made:
        await _insert(connection, made, known, now=now)
    for member_id, (enrolment, _) in made.items():
        named = {"program_id": enrolment.program_id, "member_id": member_id}
        await record_consents(connection, enrolment.consents, **named, now=now, actor=actor)
    return outcomes


async def _insert(
    connection: Connection,
    made: Mapping[UUID, tuple[Enrolment, str]],
    known: Mapping[Identifier, Found],
    *,
    now: datetime,
) -> None:
    """Writes the new members. ``made``: enrolment and number; ``known``: whose each identifier is, theirs too."""
    named = [(*each, found.member_id) for each, found in sorted(known.items()) if found.member_id in made]
    if await connection.execute(_CLAIM, *columns(named)) != f"INSERT 0 {len(named)}":
        raise RaceLost
    listed = [(member_id, new_id(), kind, value) for _, kind, value, member_id in named]
    await connection.execute(_LIST, *columns(listed), now)
    members = [
        (member_id, each.program_id, number, each.store, each.enrolled_at) for member_id, (each, number) in made.items()
    ]
    await connection.execute(_MEMBERS, *columns(members), now)
    profiles = [
        (
            *(member_id, each.program_id, each.profile.given_name, each.profile.family_name, each.profile.email),
            *(each.profile.phone, each.profile.birth_date, each.profile.language),
            msgspec.json.encode(each.attributes),
        )
        for member_id, (each, _) in made.items()
    ]
    await connection.execute(_PROFILES, *columns(profiles))


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


def _free_number(program_id: UUID, known: Mapping[Identifier, Found]) -> str:
    while True:
        number = make_number()
        if Identifier(program_id, "number", number) not in known:
            return number


def _the_one(known: dict[Identifier, Found]) -> UUID:
    for identifier, found in known.items():
        if found.blocked:
            raise IdentifierBlocked(f"The {identifier.kind} is blocked; ask for another one.")
    member_ids = {found.member_id for found in known.values()}
    if len(member_ids) > 1:
        raise IdentifierTaken("These identifiers belong to different members; use one of them, or merge the members.")
    return member_ids.pop()
