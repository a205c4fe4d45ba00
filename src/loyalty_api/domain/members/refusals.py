"""How members say no."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.kernel.refusals import Kind, Refusal


class MemberNotFound(Refusal):
    """Nobody in this program is known by that."""

    kind = Kind.MISSING
    code = "member.not_found"
    title = "No such member"


class MemberSuspended(Refusal):
    """The member is suspended for the time being."""

    kind = Kind.CONFLICT
    code = "member.suspended"
    title = "This member is suspended"


class MemberClosed(Refusal):
    """The membership was closed, which is final."""

    kind = Kind.CONFLICT
    code = "member.closed"
    title = "This membership is closed"


class MemberErased(Refusal):
    """The member was erased; nothing personal is left, and nothing can be done with them any more."""

    kind = Kind.GONE
    code = "member.erased"
    title = "This member was erased"


class MemberMerged(Refusal):
    """The member is an alias of another, who is the one to speak of. ``alias_id`` and ``survivor_id`` say who."""

    kind = Kind.CONFLICT
    code = "member.merged"
    title = "This member was merged into another"

    def __init__(self, alias_id: UUID, survivor_id: UUID | None) -> None:
        super().__init__(f"This member was merged into {survivor_id}; name that one.")
        self.alias_id = alias_id
        self.survivor_id = survivor_id


NOT_ACTIVE = (MemberSuspended, MemberClosed, MemberErased)


class IdentifierBlocked(Refusal):
    """The card (or phone, …) is blocked: lost, stolen or replaced."""

    kind = Kind.CONFLICT
    code = "member.identifier_blocked"
    title = "This identifier is blocked"


class CodeExpired(Refusal):
    """The code on the phone is not good any more, or the till's clock is wrong."""

    kind = Kind.CONFLICT
    code = "member.code_expired"
    title = "This code has run out"


class IdentifierTaken(Refusal):
    """The identifier belongs to another member, or those given belong to several."""

    kind = Kind.CONFLICT
    code = "member.identifier_taken"
    title = "The identifier belongs to another member"


class IdentifierNotFound(Refusal):
    """The member has no identifier with this id."""

    kind = Kind.MISSING
    code = "member.identifier_not_found"
    title = "No such identifier"
