"""Finding and making claims, many at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection, RaceLost


class Key(NamedTuple):
    """What makes a reference unique."""

    program_id: UUID
    kind: str
    source: str
    reference: str


class Claim(NamedTuple):
    """Whose the reference is, what it stands for, and the hash of the content that made it."""

    member_id: UUID
    record_id: UUID
    content_hash: bytes


_FIND = """
SELECT c.program_id, c.kind, c.source, c.reference, c.member_id, c.record_id, c.content_hash
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS k (program_id, kind, source, reference)
JOIN reference_claims c USING (program_id, kind, source, reference)
"""
_MAKE = """
INSERT INTO reference_claims (program_id, kind, source, reference, member_id, record_id, content_hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bytea[])
ON CONFLICT DO NOTHING
"""


async def find_claims(connection: Connection, keys: Collection[Key]) -> dict[Key, Claim]:
    """The claims that exist among ``keys``."""
    rows = await connection.fetch(_FIND, *map(list, zip(*keys, strict=True)))
    return {Key(*row[:4]): Claim(*row[4:]) for row in map(tuple, rows)}


async def make_claims(connection: Connection, claims: dict[Key, Claim]) -> None:
    """Claims all keys, in their order (so that two transactions never wait for each other in a ring).

    Raises RaceLost when another transaction has claimed one meanwhile: nothing of this one may stand.
    """
    if not claims:
        return
    rows = sorted((*key, *claim) for key, claim in claims.items())
    status = await connection.execute(_MAKE, *map(list, zip(*rows, strict=True)))
    if status != f"INSERT 0 {len(rows)}":
        raise RaceLost
