"""Carry-over: the rest of a step waits for the member's next purchase, per member and rule."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from loyalty_api.kernel.database import Connection

_READ = "SELECT member_id, rule, rest_minor FROM earning_carries WHERE member_id = ANY($1::uuid[])"
_WRITE = """
INSERT INTO earning_carries (member_id, rule, program_id, rest_minor)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[])
ON CONFLICT (member_id, rule) DO UPDATE SET rest_minor = EXCLUDED.rest_minor
"""


class Carries:
    """The rests of some members, in minor units, and which of them changed."""

    def __init__(self, rests: dict[tuple[UUID, str], int]) -> None:
        self._rests = rests
        self._changed: dict[tuple[UUID, str], UUID] = {}

    def rest(self, member_id: UUID, rule: str) -> int:
        """What waits of the rule's last step."""
        return self._rests.get((member_id, rule), 0)

    def keep(self, program_id: UUID, member_id: UUID, rests: dict[str, int]) -> None:
        """What now waits, by rule."""
        for rule, rest in rests.items():
            if rest != self.rest(member_id, rule):
                self._rests[member_id, rule] = rest
                self._changed[member_id, rule] = program_id

    async def write(self, connection: Connection) -> None:
        """Writes what changed in one statement; rests belong to locked members, so nobody else wrote them."""
        rows = sorted((*key, program_id, self._rests[key]) for key, program_id in self._changed.items())
        if rows:
            await connection.execute(_WRITE, *map(list, zip(*rows, strict=True)))


async def read_carries(connection: Connection, member_ids: Collection[UUID]) -> Carries:
    """The rests of the members, in one statement."""
    rows = await connection.fetch(_READ, list(member_ids))
    return Carries({(row[0], row[1]): row[2] for row in rows})
