"""Exchanging a refresh token for the next pair.

An answer may be lost on its way to a phone: the token before the newest is good for another minute, and gives the
same generation again. Anything older ends the grant.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty_api.domain.access.grant_tokens import TokenPair, refresh_ends, sign_pair
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.domain.access.revoke_grants import revoke_grants
from loyalty_api.domain.access.signer import Claims, Signer
from loyalty_api.kernel.database import Connection

ANSWER_LOST_SECONDS = 60

_LOCK = """
SELECT generation, renewed_at, revoked_at FROM token_grants WHERE member_id = $1 AND grant_id = $2 FOR UPDATE
"""
_RENEW = """
UPDATE token_grants SET generation = $3, renewed_at = $4, expires_at = $5 WHERE member_id = $1 AND grant_id = $2
"""


async def renew_grant(
    connection: Connection, signer: Signer, refresh: Claims, *, now: datetime
) -> TokenPair | TokenRefused:
    """The next pair, or the refusal of a token that is not good any more, by which its grant may have ended: that is
    to be committed, so it is not raised. ``now``: the real present."""
    whose = (refresh.member_id, refresh.grant_id)
    row = await connection.fetchrow(_LOCK, *whose)
    if row is None or row["revoked_at"] is not None:
        return TokenRefused("This sign-in was ended; sign in again.")
    newest = row["generation"]
    lost = refresh.generation == newest - 1 and now < row["renewed_at"] + timedelta(seconds=ANSWER_LOST_SECONDS)
    if refresh.generation != newest and not lost:
        await revoke_grants(connection, member_id=refresh.member_id, grant_id=refresh.grant_id, now=now)
        return TokenRefused("This refresh token was used before, so the sign-in is ended; sign in again.")
    if not lost:
        newest += 1
        await connection.execute(_RENEW, *whose, newest, now, refresh_ends(now))
    return sign_pair(
        signer,
        program_id=refresh.program_id,
        member_id=refresh.member_id,
        grant_id=refresh.grant_id,
        generation=newest,
        now=now,
    )
