"""Signing a member in: a grant, and the first pair of tokens that hangs on it.

An access token is good for minutes and is sent with every request. A refresh token is good for weeks, and once: it is
exchanged for the next pair. One that is shown again later was stolen, or its owner was robbed, so its grant is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.access.signer import ACCESS_SECONDS, Claims, Signer, access_ends
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id

REFRESH_DAYS = 60  # from the last use; then the member signs in again


class TokenPair(NamedTuple):
    """Fresh tokens of one grant. ``expires_in``: seconds for which the access token is good."""

    grant_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int


_INSERT = """
INSERT INTO token_grants
  (member_id, grant_id, program_id, generation, granted_at, granted_by, renewed_at, expires_at)
VALUES ($1, $2, $3, 1, $4, $5, $4, $6)
"""


async def grant_tokens(
    connection: Connection, signer: Signer, *, program_id: UUID, member_id: UUID, now: datetime, actor: str
) -> TokenPair:
    """The first pair of a new grant. ``now``: the real present. Refuses: TokensOff."""
    grant_id = new_id()
    pair = sign_pair(signer, program_id=program_id, member_id=member_id, grant_id=grant_id, generation=1, now=now)
    await connection.execute(_INSERT, member_id, grant_id, program_id, now, actor, refresh_ends(now))
    return pair


def refresh_ends(now: datetime) -> datetime:
    """When a refresh token that is issued at ``now`` runs out."""
    return now + timedelta(days=REFRESH_DAYS)


def sign_pair(
    signer: Signer, *, program_id: UUID, member_id: UUID, grant_id: UUID, generation: int, now: datetime
) -> TokenPair:
    """A pair of tokens of a grant. Refuses: TokensOff."""
    access = Claims(
        use="access",
        program_id=program_id,
        member_id=member_id,
        grant_id=grant_id,
        generation=0,
        expires_at=access_ends(now),
    )
    refresh = Claims(
        use="refresh",
        program_id=program_id,
        member_id=member_id,
        grant_id=grant_id,
        generation=generation,
        expires_at=refresh_ends(now),
    )
    return TokenPair(grant_id, signer.sign(access), signer.sign(refresh), ACCESS_SECONDS)
