"""How members say no."""

from __future__ import annotations

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


NOT_ACTIVE = (MemberSuspended, MemberClosed, MemberErased)


class IdentifierBlocked(Refusal):
    """The card (or phone, …) is blocked: lost, stolen or replaced."""

    kind = Kind.CONFLICT
    code = "member.identifier_blocked"
    title = "This identifier is blocked"


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
