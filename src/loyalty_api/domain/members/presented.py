"""Who a caller says the member is, and who of the program that is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.card_code import KIND, read_code
from loyalty_api.domain.members.identify import Found, Identifier, found_ask, read_identifier
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, Membership
from loyalty_api.domain.members.refusals import CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.members.status import check_active
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.refusals import FieldError, Refusal
from loyalty_api.kernel.together import Ask

NOBODY = "Nobody in this program is known by that; enrol the member, then send it again."
SHOW_AGAIN = "This code has run out; ask the member to show the card again."


class MemberRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The member: by what the till was shown (``card:4006381333931``, or the ``code:…`` of a phone), or by id. One of
    the two. A code is good for two minutes: a till that scans it before a long basket looks the member up at once, by
    ``POST /v1/members/search``, and sends the id."""

    identifier: Annotated[str, Meta(min_length=3, max_length=300)] | None = None
    id: UUID | None = None


class OutOfDate(UUID):
    """The id of whoever showed a code that is not good any more: what was recorded with it is still theirs, for
    something new it is refused."""


Presented = Identifier | UUID | Refusal  # who the caller says the member is


class People(NamedTuple):
    """The members whom a batch speaks of: whose the identifiers are, and those who are enrolled anywhere in it. Who was
    merged into another is among the other's aliases."""

    found: dict[Identifier, Found]
    members: dict[UUID, Membership]

    def meant(self, presented: Presented, program_id: UUID) -> UUID | None:
        """The program's member who is meant, be it by a blocked identifier; None: nobody is."""
        if isinstance(presented, Identifier):
            found = self.found.get(presented)
            return found.member_id if found else None
        if isinstance(presented, UUID):
            member_id = self.survivor(presented)
            member = self.members.get(member_id)
            return member_id if member and member.program_id == program_id else None
        return None

    def known_as(self, member_id: UUID | None) -> Collection[UUID]:
        """All that this member is known as: by the own id, and those of aliases. None: nobody."""
        if member_id is None:
            return ()
        known = self.members.get(member_id)
        return (member_id, *(known.aliases or ())) if known else (member_id,)

    def survivor(self, member_id: UUID) -> UUID:
        """Who a member is by now: another, if they are an alias of one of these."""
        if member_id in self.members:
            return member_id
        survivors = (each for each, known in self.members.items() if known.aliases and member_id in known.aliases)
        return next(survivors, member_id)

    def admit(self, presented: Presented, program_id: UUID) -> UUID:
        """The member who is meant, for something new.

        Refuses: MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased,
        InvalidRequest (the identifier cannot be read).
        """
        if isinstance(presented, Refusal):
            raise presented
        member_id = self.meant(presented, program_id)
        if member_id is None or member_id not in self.members:
            raise MemberNotFound(NOBODY)
        if isinstance(presented, Identifier):
            if self.found[presented].blocked:
                raise IdentifierBlocked(f"This {presented.kind} is blocked; ask the member for the new one.")
        elif isinstance(presented, OutOfDate):
            raise CodeExpired(SHOW_AGAIN)
        membership = self.members[member_id]
        if membership.status is not None:
            check_active(membership.status, membership.status_reason)
        return member_id


def who_asks(presented: Sequence[Presented]) -> dict[str, Ask]:
    """Asks for the members who are meant, as ``chosen``: those whom the identifiers (``found``) lead to, and the named
    ones, or whom these were merged into."""
    named = [who for who in presented if isinstance(who, UUID)]
    chosen = (
        "SELECT member_id FROM found UNION SELECT COALESCE(m.merged_into, u.member_id)"
        " FROM unnest($1::uuid[]) AS u (member_id) LEFT JOIN members m USING (member_id)"
    )
    return {
        "found": found_ask([who for who in presented if isinstance(who, Identifier)]),
        "chosen": Ask(chosen, (named,)),
    }


def check_ref(member: MemberRef | msgspec.UnsetType) -> list[FieldError]:
    """What single fields of a reference to a member cannot show."""
    if isinstance(member, MemberRef) and (member.identifier is None) != (member.id is None):
        return []
    return [FieldError("member", "must say either identifier or id")]


def read_presented(member: MemberRef, program: Program, now: datetime, shown_at: datetime | None = None) -> Presented:
    """Who is meant by a checked reference: an identifier, an id, or the refusal of a writing that is neither.

    ``now``: the program's present; ``shown_at``: by the till's clock, when it says.
    """
    if member.id is not None:
        return member.id
    region = program.version_at(now).document.region
    identifier = member.identifier or ""
    try:
        return read_identifier(identifier, program_id=program.id, region=region, field="member.identifier")
    except Refusal as refusal:
        is_code = identifier.startswith(f"{KIND}:")
        return read_shown(identifier, program, now, shown_at) if is_code else refusal


def read_shown(text: str, program: Program, now: datetime, shown_at: datetime | None = None) -> UUID | Refusal:
    """Whom a phone's ``code:…`` means: OutOfDate when it is not good any more. Else as ``read_presented``."""
    code = read_code(program.code_keys, text.partition(":")[2], program_id=program.id)
    if code is None:
        return MemberNotFound(NOBODY)
    if code.good(now=now, shown_at=shown_at, clocks_apart=CLOCKS_APART_MAX):
        return code.member_id
    return OutOfDate(int=code.member_id.int)


def shown_now(text: str, program: Program, now: datetime) -> UUID:
    """The member who shows a phone's ``code:…`` at ``now``, the program's present. Refuses: MemberNotFound,
    CodeExpired."""
    shown = read_shown(text, program, now)
    if isinstance(shown, Refusal):
        raise shown
    if isinstance(shown, OutOfDate):
        raise CodeExpired(SHOW_AGAIN)
    return shown
