"""Revoking a key: at once, also for requests that are already waiting to be written."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.access.refusals import KeyNotFound
from loyalty_api.kernel.database import Connection


async def revoke_key(connection: Connection, *, program_id: UUID | None, key_id: UUID, now: datetime) -> None:
    """Revokes; doing it again changes nothing. Refuses: KeyNotFound."""
    found = await connection.fetchval(
        "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3)"
        " WHERE key_id = $1 AND program_id IS NOT DISTINCT FROM $2 RETURNING key_id",
        key_id,
        program_id,
        now,
    )
    if found is None:
        raise KeyNotFound(f"There is no key {key_id} in this program.")
