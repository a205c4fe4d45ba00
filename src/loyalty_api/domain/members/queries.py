"""Reads of members: one by id, or a page of them by what staff type."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import func, or_, select

from loyalty_api.domain.members.identify import Identifier
from loyalty_api.domain.members.model import identifier_claims, member_profiles, members
from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.members.status import ACTIVE, check_active, check_known
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key
from loyalty_api.kernel.together import Ask, Values, ask


class IdentifierRow(msgspec.Struct, frozen=True):
    """One identifier of a member, as stored."""

    id: UUID
    kind: str
    value: str
    blocked_at: datetime | None


class ConsentRow(msgspec.Struct, frozen=True):
    """What a member decided last about one kind of consent."""

    kind: str
    given: bool
    decided_at: datetime
    source: str


class Member(msgspec.Struct, frozen=True):
    """A member with everything that is theirs but points and tier. ``status``: active, suspended or closed."""

    id: UUID
    number: str
    enrolled_at: datetime
    store: str | None
    status: str
    status_reason: str | None
    identifiers: list[IdentifierRow]
    profile: dict[str, str | date | None]
    attributes: dict[str, Any]
    consents: list[ConsentRow]
    aliases: list[UUID]
    merged_into: UUID | None


CLOCKS_APART_MAX = timedelta(minutes=5)

_PROFILE = ("given_name", "family_name", "email", "phone", "birth_date", "language")
_READ = """
SELECT m.member_id, m.number, m.enrolled_at, m.store, m.status, m.status_reason, m.aliases, m.merged_into,
       p.given_name, p.family_name, p.email, p.phone, p.birth_date, p.language, p.attributes
FROM members m JOIN member_profiles p USING (member_id)
WHERE m.program_id = $1 AND m.member_id = ANY($2::uuid[])
"""
_MEMBERSHIPS = """
SELECT member_id, program_id, enrolled_at, recorded_at, status, status_reason, merged_into, aliases
FROM members WHERE member_id = ANY($1::uuid[])
"""
_TRAITS = "SELECT member_id, attributes, birth_date FROM member_profiles WHERE member_id = ANY($1::uuid[])"
# Of the members and of their aliases, by whom they are.
_IDENTIFIERS = """
SELECT COALESCE(m.merged_into, m.member_id) AS member_id, i.identifier_id, i.kind, i.value, i.blocked_at
FROM members m JOIN member_identifiers i ON i.member_id = m.member_id
WHERE m.member_id = ANY($1::uuid[]) AND m.merged_into IS NULL OR m.merged_into = ANY($1::uuid[])
ORDER BY 1, i.identifier_id
"""
_EVERYONE = """
SELECT m.member_id FROM members named
JOIN members m ON m.member_id = COALESCE(named.merged_into, named.member_id)
               OR m.merged_into = COALESCE(named.merged_into, named.member_id)
WHERE named.program_id = $1 AND named.member_id = $2 ORDER BY m.merged_into IS NOT NULL, m.member_id
"""
_CONSENTS = """
SELECT DISTINCT ON (member_id, kind) member_id, kind, given, decided_at, source FROM member_consents
WHERE member_id = ANY($1::uuid[]) ORDER BY member_id, kind, decided_at DESC, consent_id DESC
"""


async def read_member(connection: Connection, *, program_id: UUID, member_id: UUID) -> Member:
    """One member. Refuses: MemberNotFound (also when the member belongs to another program), MemberErased."""
    found = await read_members(connection, program_id=program_id, member_ids=[member_id])
    if not found:
        raise MemberNotFound(f"There is no member {member_id} in this program.")
    check_known(member_id, found[0].status, found[0].merged_into)
    return found[0]


async def read_members(connection: Connection, *, program_id: UUID, member_ids: list[UUID]) -> list[Member]:
    """Those of the members that exist in the program, in the order asked for, in three statements."""
    rows = {row["member_id"]: row for row in await connection.fetch(_READ, program_id, member_ids)}
    identifiers: dict[UUID, list[IdentifierRow]] = {member_id: [] for member_id in rows}
    for row in await connection.fetch(_IDENTIFIERS, list(rows)):
        if row["kind"] != "number":
            identifiers[row["member_id"]].append(IdentifierRow(*tuple(row)[1:]))
    consents: dict[UUID, list[ConsentRow]] = {member_id: [] for member_id in rows}
    for row in await connection.fetch(_CONSENTS, list(rows)):
        consents[row["member_id"]].append(ConsentRow(*tuple(row)[1:]))
    return [_member(rows[each], identifiers[each], consents[each]) for each in member_ids if each in rows]


async def search_members(connection: Connection, *, program_id: UUID, text: str, page: Page) -> list[UUID]:
    """Members whose number, identifier, e-mail or name begins with ``text``, oldest first; one more than the page."""
    prefix = text.strip().lower().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    by_identifier = select(identifier_claims.c.member_id).where(
        identifier_claims.c.program_id == program_id,
        func.lower(identifier_claims.c.value).like(prefix),
    )
    who = func.coalesce(members.c.merged_into, members.c.member_id).label("member_id")
    by_name = select(who).where(
        members.c.member_id == member_profiles.c.member_id,
        member_profiles.c.program_id == program_id,
        or_(
            func.lower(member_profiles.c.given_name).like(prefix),
            func.lower(member_profiles.c.family_name).like(prefix),
            func.lower(member_profiles.c.email).like(prefix),
        ),
    )
    found = by_identifier.union(by_name).subquery()
    statement = select(found.c.member_id).order_by(found.c.member_id).limit(page.limit + 1)
    after = page_key(page, UUID)
    if after is not None:
        statement = statement.where(found.c.member_id > after)
    return [row["member_id"] for row in await fetch(connection, statement)]


async def member_of(connection: Connection, identifier: Identifier) -> UUID:
    """The member known by an identifier, a blocked one included (staff look up lost cards). Refuses: MemberNotFound."""
    member_id = await connection.fetchval(
        "SELECT member_id FROM identifier_claims WHERE program_id = $1 AND kind = $2 AND value = $3",
        *identifier,
    )
    if member_id is None:
        raise MemberNotFound(f"Nobody in this program is known by this {identifier.kind}.")
    return member_id


class Membership(NamedTuple):
    """Which program a member belongs to, since when, and in which status (None: active) for which reason."""

    program_id: UUID
    enrolled_at: datetime
    recorded_at: datetime
    status: str | None = None
    status_reason: str | None = None
    merged_into: UUID | None = None
    aliases: list[UUID] | None = None

    @property
    def counts_from(self) -> datetime:
        """From when purchases count. Who enrols at the till does so in the middle of a purchase, and the till's
        clock may be off by as much as a purchase may lie in the future; a date that was told counts exactly."""
        enrolled_now = self.enrolled_at == self.recorded_at
        return self.enrolled_at - CLOCKS_APART_MAX if enrolled_now else self.enrolled_at


def memberships_ask(members: Values) -> Ask:
    """Asks for the memberships of those members who exist."""
    return Ask(_MEMBERSHIPS, (members,))


def read_memberships(rows: Iterable[Any]) -> dict[UUID, Membership]:
    """What ``memberships_ask`` was answered."""
    return {row[0]: Membership(*tuple(row)[1:]) for row in rows}


class Traits(NamedTuple):
    """What conditions may ask of a member's profile."""

    attributes: dict[str, Any]
    birth_date: date | None


NO_TRAITS = Traits({}, None)


def traits_ask(members: Values) -> Ask:
    """Asks for the traits of the members."""
    return Ask(_TRAITS, (members,))


def read_traits(rows: Iterable[Any]) -> dict[UUID, Traits]:
    """What ``traits_ask`` was answered."""
    return {row[0]: Traits(msgspec.json.decode(row[1]), row[2]) for row in rows}


async def check_may_sign_in(connection: Connection, *, program_id: UUID, member_id: UUID) -> None:
    """Refuses: MemberNotFound (the member is not in the program), MemberSuspended, MemberClosed, MemberErased,
    MemberMerged."""
    found = read_memberships(await ask(connection, memberships_ask([member_id]))).get(member_id)
    if found is None or found.program_id != program_id:
        raise MemberNotFound(f"There is no member {member_id} in this program.")
    check_known(member_id, found.status, found.merged_into)
    check_active(found.status, found.status_reason)


async def check_enrolled(connection: Connection, *, program_id: UUID, member_id: UUID) -> None:
    """Refuses: MemberNotFound (the member is not in the program), MemberErased, MemberMerged."""
    found = read_memberships(await ask(connection, memberships_ask([member_id]))).get(member_id)
    if found is None or found.program_id != program_id:
        raise MemberNotFound(f"There is no member {member_id} in this program.")
    check_known(member_id, found.status, found.merged_into)


async def everyone(connection: Connection, *, program_id: UUID, member_id: UUID) -> list[UUID]:
    """The member and whoever is an alias of theirs, the member first; also when an alias is named. Empty: nobody in
    the program is."""
    return [row["member_id"] for row in await connection.fetch(_EVERYONE, program_id, member_id)]


async def ever_known_as(connection: Connection, *, program_id: UUID, member_id: UUID) -> list[UUID]:
    """Everyone who the member is, and whom they were ever merged into."""
    survivors = await connection.fetchval("SELECT survivors FROM members WHERE member_id = $1", member_id)
    return list(
        dict.fromkeys([*await everyone(connection, program_id=program_id, member_id=member_id), *(survivors or ())])
    )


def _member(row: asyncpg.Record, identifiers: list[IdentifierRow], consents: list[ConsentRow]) -> Member:
    return Member(
        id=row["member_id"],
        number=row["number"],
        enrolled_at=row["enrolled_at"],
        store=row["store"],
        status=row["status"] or ACTIVE,
        status_reason=row["status_reason"],
        identifiers=identifiers,
        profile={name: row[name] for name in _PROFILE},
        attributes=msgspec.json.decode(row["attributes"]),
        consents=consents,
        aliases=row["aliases"] or [],
        merged_into=row["merged_into"],
    )
