"""Carry-over: the rest of a step waits for the member's next purchase, per member and rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from loyalty_api.kernel.together import Ask, Change, Values, columns

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

    def changes(self) -> Iterator[Change]:
        """What changed; the members' balances are checked beside it."""
        rows = sorted((*key, program_id, self._rests[key]) for key, program_id in self._changed.items())
        if rows:
            yield Change(_WRITE, columns(rows))


def carries_ask(members: Values) -> Ask:
    """Asks for the rests of the members."""
    return Ask(_READ, (members,))


def read_carries(rows: Iterable[Any]) -> Carries:
    """What ``carries_ask`` was answered."""
    return Carries({(row[0], row[1]): row[2] for row in rows})
