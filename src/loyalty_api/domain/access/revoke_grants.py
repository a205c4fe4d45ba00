"""Signing a member out: one grant, or all of them. Their access tokens are refused from the next request on, and what
they opened is closed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.facts import Fact, note_facts

SIGNED_OUT = "access.signed_out"

_REVOKE = """
UPDATE token_grants SET revoked_at = $3
WHERE member_id = $1 AND ($2::uuid IS NULL OR grant_id = $2) AND revoked_at IS NULL
"""


async def revoke_grants(connection: Connection, *, member_id: UUID, grant_id: UUID | None, now: datetime) -> None:
    """Revokes the grant (None: every grant of the member); doing it again changes nothing."""
    await connection.execute(_REVOKE, member_id, grant_id, now)
    note_facts([Fact(member_id, SIGNED_OUT)])
