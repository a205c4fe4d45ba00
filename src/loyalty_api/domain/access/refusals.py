"""How the door says no before anything is asked of the domain."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class Unauthenticated(Refusal):
    """No key, or one that is unknown, revoked or expired (which of these is not told)."""

    kind = Kind.UNAUTHENTICATED
    code = "access.unauthenticated"
    title = "A valid API key is needed"


class Forbidden(Refusal):
    """The key is good but its scopes do not admit this call."""

    kind = Kind.FORBIDDEN
    code = "access.forbidden"
    title = "This key may not do that"


class OtherStore(Refusal):
    """A till key tied to a store posted for another one."""

    kind = Kind.FORBIDDEN
    code = "access.other_store"
    title = "This key belongs to another store"


class KeyNotFound(Refusal):
    """The program has no such key."""

    kind = Kind.MISSING
    code = "api_key.not_found"
    title = "No such API key"


class TokenRefused(Refusal):
    """A member's token that is forged, foreign, run out or revoked, or whose member may not sign in."""

    kind = Kind.UNAUTHENTICATED
    code = "access.token_refused"
    title = "A valid member token is needed"


class TokensOff(Refusal):
    """The deployment has no secret to sign with."""

    kind = Kind.CONFLICT
    code = "access.tokens_off"
    title = "This deployment issues no member tokens"
