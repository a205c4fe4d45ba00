"""Signing and reading the tokens that this deployment issues: JWTs under its own secrets.

HMAC, since who signs is who reads; a provider's tokens, which others sign, are never read with these secrets. The
first secret signs; the others are read as well, so that a secret can be replaced without signing anybody out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import jwt
import msgspec

from loyalty_api.domain.access.card_code import code_keys
from loyalty_api.domain.access.refusals import TokenRefused, TokensOff
from loyalty_api.kernel.clock import EPOCH
from loyalty_api.kernel.ids import parse_id

ISSUER = "loyalty_api"
ALGORITHM = "HS256"
TOKEN_LENGTH_MAX = 8192
ACCESS_SECONDS = 15 * 60


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says. ``use``: ``access``, ``refresh`` or ``card``; ``generation``: which refresh token of its
    grant it is, 0 in others."""

    use: str
    program_id: UUID
    member_id: UUID
    grant_id: UUID
    generation: int
    expires_at: datetime


class Signer:
    """One per process."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """``secrets``: at least 32 characters each; without any, nothing is issued and nothing is read."""
        keys = [secret.encode() for secret in secrets]
        self._keys = {hashlib.sha256(b"kid:" + key).hexdigest()[:16]: key for key in keys}
        self.code_keys = code_keys(keys)  # of the cards on phones

    def sign(self, claims: Claims) -> str:
        """The token. Refuses: TokensOff."""
        if not self._keys:
            raise TokensOff("Set LOYALTY_TOKEN_SECRETS, then member tokens can be issued here.")
        key_id, key = next(iter(self._keys.items()))
        said = {
            "iss": ISSUER,
            "aud": claims.use,
            "sub": str(claims.member_id),
            "program": str(claims.program_id),
            "grant": str(claims.grant_id),
            "generation": claims.generation,
            "exp": int((claims.expires_at - EPOCH).total_seconds()),
        }
        return jwt.encode(said, key, algorithm=ALGORITHM, headers={"kid": key_id})

    def read(self, token: str, use: str, now: datetime) -> Claims:
        """What a token of our own says. ``now``: the real present. Refuses: TokenRefused."""
        key = self._keys.get(key_id_of(token) or "")
        if key is None:
            raise TokenRefused("This token was not issued here.")
        try:
            said = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=use,
                issuer=ISSUER,
                options={"require": ["exp", "aud", "iss", "sub"], "verify_exp": False},
            )
        except jwt.PyJWTError:
            raise TokenRefused("This token is not good.") from None
        claims = _claims(said, use)
        if now >= claims.expires_at:
            raise TokenRefused("This token has run out; refresh it.")
        return claims

    def issued(self, token: str) -> bool:
        """Whether the token says that it was signed here, which is not yet believed."""
        return key_id_of(token) in self._keys


def key_id_of(token: str) -> str | None:
    """Which key the token says it was signed with; None: it says none, or is no token."""
    try:
        named = jwt.get_unverified_header(token).get("kid") if len(token) <= TOKEN_LENGTH_MAX else None
    except jwt.PyJWTError:
        return None
    return named if isinstance(named, str) else None


def access_ends(now: datetime) -> datetime:
    """When an access token that is issued at ``now`` runs out."""
    return now + timedelta(seconds=ACCESS_SECONDS)


def _claims(said: dict, use: str) -> Claims:
    """Signed by us, so it has the shape that ``sign`` gave it."""
    program_id, member_id, grant_id = (parse_id(said[name]) for name in ("program", "sub", "grant"))
    assert program_id is not None, "a token of ours names its program"
    assert member_id is not None, "a token of ours names its member"
    assert grant_id is not None, "a token of ours names its grant"
    return Claims(
        use=use,
        program_id=program_id,
        member_id=member_id,
        grant_id=grant_id,
        generation=said["generation"],
        expires_at=EPOCH + timedelta(seconds=said["exp"]),
    )
