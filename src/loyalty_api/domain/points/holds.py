"""Holds as they are read and written; see ``reserve.py`` for what they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

from loyalty_api.domain.points.lots import Draw, Hold
from loyalty_api.kernel.together import Ask, Change, Values, columns

_OPEN = """
SELECT h.member_id, h.hold_id, h.program_id, h.transfer_seq, h.until, d.lot_id, d.points
FROM holds h JOIN draws d ON d.member_id = h.member_id AND d.transfer_seq = h.transfer_seq
WHERE h.member_id = ANY($1::uuid[]) AND h.closing_seq IS NULL
ORDER BY h.member_id, h.hold_id, d.lot_id
"""
# A hold may be made and closed by the same statement; a closed one stays closed.
_WRITE = """
INSERT INTO holds (member_id, hold_id, program_id, transfer_seq, until, closing_seq)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::bigint[])
ON CONFLICT (member_id, hold_id) DO UPDATE SET closing_seq = EXCLUDED.closing_seq WHERE holds.closing_seq IS NULL
"""


def holds_ask(members: Values) -> Ask:
    """Asks what is held of the members' points."""
    return Ask(_OPEN, (members,))


def read_holds(rows: Iterable[Any]) -> list[Hold]:
    """What ``holds_ask`` was answered."""
    holds: dict[tuple[UUID, UUID], Hold] = {}
    for row in map(tuple, rows):
        held = holds.setdefault((row[0], row[1]), Hold(*row[:5], draws=[]))
        held.draws.append(Draw(*row[5:]))
    return list(holds.values())


def holds_changes(holds: Collection[Hold]) -> Iterator[Change]:
    """The change that writes holds as they are now."""
    if holds:
        rows = [
            (each.member_id, each.hold_id, each.program_id, each.transfer_seq, each.until, each.closing_seq)
            for each in holds
        ]
        yield Change(_WRITE, columns(rows), rows=len(rows))
