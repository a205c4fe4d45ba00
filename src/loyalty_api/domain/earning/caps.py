"""Caps per member: how many points a rule gave a member in the last so many local days, today among them.

Days are those of recording: a late receipt fills the cap of the day on which it arrives.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.programs.document import MemberCap
from loyalty_api.kernel.together import Ask, Change, Values, columns


class Span(NamedTuple):
    """The days that count for a rule's cap: from ``first`` on."""

    program_id: UUID
    rule: str
    first: date


def span_of(program_id: UUID, rule: str, cap: MemberCap, today: date) -> Span:
    """The days that end with ``today``; without a number of days, all there are."""
    first = date.min if cap.days is None else max(today, date.min + timedelta(cap.days)) - timedelta(cap.days - 1)
    return Span(program_id, rule, first)


_READ = """
SELECT d.member_id, s.rule, s.first, sum(d.points)::bigint
FROM unnest($2::uuid[], $3::text[], $4::date[]) AS s (program_id, rule, first)
JOIN earning_days d ON d.member_id = ANY($1::uuid[])
  AND d.program_id = s.program_id AND d.rule = s.rule AND d.day >= s.first
GROUP BY 1, 2, 3
"""
_WRITE = """
INSERT INTO earning_days (member_id, rule, day, program_id, points)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::uuid[], $5::bigint[])
ON CONFLICT (member_id, rule, day) DO UPDATE SET points = earning_days.points + EXCLUDED.points
"""


class MemberCaps:
    """What capped rules gave some members, and what they give now."""

    def __init__(self, given: dict[tuple[UUID, str, date], int]) -> None:
        self._given = given  # (member, rule, first day) → points before this batch
        self._added: dict[tuple[UUID, str, date, UUID], int] = {}  # (member, rule, day, program) → points

    def room(self, member_id: UUID, span: Span, points: int) -> int:
        """How many of ``points`` the rule may still give the member; never below 0."""
        added = sum(
            more
            for (member, rule, day, _), more in self._added.items()
            if member == member_id and rule == span.rule and day >= span.first
        )
        return max(0, points - self._given.get((member_id, span.rule, span.first), 0) - added)

    def add(self, member_id: UUID, rule: str, day: date, program_id: UUID, points: int) -> None:
        """Notes points that the rule gave."""
        key = (member_id, rule, day, program_id)
        self._added[key] = self._added.get(key, 0) + points

    def changes(self) -> Iterator[Change]:
        """What was added; the members' balances are checked beside it."""
        rows = sorted((*key, points) for key, points in self._added.items())
        if rows:
            yield Change(_WRITE, columns(rows))


def caps_ask(members: Values, spans: Collection[Span]) -> Ask:
    """Asks what the rules gave the members in the spans; at least one."""
    return Ask(_READ, (members, *columns(sorted(spans))))


def read_caps(rows: Iterable[Any]) -> MemberCaps:
    """What ``caps_ask`` was answered."""
    return MemberCaps({(row[0], row[1], row[2]): row[3] for row in rows})
