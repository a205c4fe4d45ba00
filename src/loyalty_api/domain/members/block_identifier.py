"""Blocking an identifier: refused from then on, and never given to anybody else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.members.refusals import IdentifierNotFound
from loyalty_api.kernel.database import Connection


async def block_identifier(
    connection: Connection, *, program_id: UUID, member_id: UUID, identifier_id: UUID, now: datetime
) -> None:
    """Blocks; doing it again changes nothing. Refuses: IdentifierNotFound."""
    row = await connection.fetchrow(
        "UPDATE member_identifiers i SET blocked_at = COALESCE(i.blocked_at, $4) FROM members m"
        " WHERE m.member_id = $2 AND m.program_id = $1 AND i.identifier_id = $3"
        " AND (i.member_id = m.member_id OR i.member_id = ANY(m.aliases))"
        " RETURNING i.kind, i.value, i.blocked_at",
        *(program_id, member_id, identifier_id, now),
    )
    if row is None:
        raise IdentifierNotFound(f"The member has no identifier {identifier_id}.")
    await connection.execute(
        "UPDATE identifier_claims SET blocked_at = $4 WHERE program_id = $1 AND kind = $2 AND value = $3",
        *(program_id, row["kind"], row["value"], row["blocked_at"]),
    )
