"""Finding and making claims, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import Ask, Change, RowType, columns


class Key(NamedTuple):
    """What makes a reference unique."""

    program_id: UUID
    kind: str
    source: str
    reference: str


class Claim(NamedTuple):
    """Whose the reference is, what it stands for, and the hash of the content that made it. ``moved_from``: whose it
    was before its record was moved to the member."""

    member_id: UUID
    record_id: UUID
    content_hash: bytes
    moved_from: UUID | None = None

    def check(self, members: Collection[UUID], content_hash: bytes, *, reused: type[Refusal], what: str) -> None:
        """Raises ``reused`` where the reference came with other content now, or for another member than one of
        ``members``, who are one person. ``what`` it stands for, as ``a purchase``."""
        if self.member_id not in members and self.moved_from not in members:
            raise reused(f"This reference was used for {what} of another member.")
        if self.content_hash != content_hash:
            raise reused(f"This reference was used for {what} with other content.")


_FIND = """
SELECT c.program_id, c.kind, c.source, c.reference, c.member_id, c.record_id, c.content_hash, c.moved_from
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS k (program_id, kind, source, reference)
JOIN reference_claims c USING (program_id, kind, source, reference)
"""
CLAIM_ROW = RowType("claim_row", (*Key._fields, *Claim._fields[:3]))
_MAKE = CLAIM_ROW.insert_into("reference_claims", "ON CONFLICT DO NOTHING")
# Whoever repeats the request still names whom they named first.
_MOVE = """
UPDATE reference_claims SET member_id = $6::uuid, record_id = $7::uuid, moved_from = COALESCE(moved_from, member_id)
WHERE program_id = $1::uuid AND kind = $2::text AND source = $3::text AND reference = $4::text AND record_id = $5::uuid
"""


def claims_ask(keys: Collection[Key]) -> Ask:
    """Asks for the claims that exist among ``keys``; at least one."""
    return Ask(_FIND, columns(list(keys)))


def read_claims(rows: Iterable[Any]) -> dict[Key, Claim]:
    """What ``claims_ask`` was answered."""
    return {Key(*row[:4]): Claim(*row[4:]) for row in map(tuple, rows)}


def claims_change(claims: dict[Key, Claim]) -> list[Change]:
    """Claims all keys, in their order (so that two transactions never wait for each other in a ring).

    Fails when another transaction has claimed one meanwhile: nothing of this one may stand.
    """
    rows = sorted((*key, *claim[:3]) for key, claim in claims.items())
    return [Change(_MAKE, (rows,), rows=len(rows))] if rows else []


def claim_moved(key: Key, *, from_record: UUID, member_id: UUID, record_id: UUID) -> Change:
    """Lets the reference of one record stand for another, be it of another member. Fails when it is moved already."""
    return Change(_MOVE, (*key, from_record, member_id, record_id), rows=1)
