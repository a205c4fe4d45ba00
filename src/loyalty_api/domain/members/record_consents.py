"""Recording what a member consented to, or does not any more: every decision is kept, the latest of a kind holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import columns


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: about what, given or withdrawn, when (in the world), and where it was told (a form, a page)."""

    kind: str
    given: bool
    decided_at: datetime
    source: str


_INSERT = """
INSERT INTO member_consents (member_id, consent_id, program_id, kind, given, decided_at, recorded_at, source, actor)
SELECT $1, u.id, $2, u.kind, u.given, u.decided_at, $3, u.source, $4
FROM unnest($5::uuid[], $6::text[], $7::boolean[], $8::timestamptz[], $9::text[])
  AS u (id, kind, given, decided_at, source)
"""


async def record_consents(
    connection: Connection, consents: Sequence[Consent], *, program_id: UUID, member_id: UUID, now: datetime, actor: str
) -> None:
    """Adds the decisions to the member's, of whom the profile is locked or new. One that is late changes nothing of
    what was decided after it."""
    if consents:
        rows = [(new_id(), each.kind, each.given, each.decided_at, each.source) for each in consents]
        await connection.execute(_INSERT, member_id, program_id, now, actor, *columns(rows))
