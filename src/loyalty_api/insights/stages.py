"""How many members stand on which stage of the ladder, and who moved between two days.

Members are counted by what they did; the stage that this makes is ``ladder.py``'s to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.activity import PEOPLE
from loyalty_api.insights.ladder import LOOK_BACK_DAYS, stage_of
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

NONE = "none"  # who was not a member then

# $1 the program; of each side the first and the last day of the look-back, and who was involved, by member.
_SIDE = """
SELECT p.who, LEAST(COALESCE(k.purchases, 0), 2) AS purchases, i.who IS NOT NULL AS involved,
       COALESCE(i.unsolicited, false) AS unsolicited
FROM ({people}) AS p
LEFT JOIN (
  SELECT who, count(*) AS purchases FROM (
    SELECT COALESCE(m.merged_into, m.member_id) AS who
    FROM insight_receipts r JOIN insight_members m USING (member_id)
    WHERE r.program_id = $1 AND NOT r.voided AND r.day >= {first}::date AND r.day <= {last}::date
    GROUP BY 1, r.purchase_id
    HAVING bool_or(r.entry_id = r.purchase_id) AND NOT (count(*) > 1 AND sum(r.amount_minor) <= 0)
  ) AS standing GROUP BY who
) AS k USING (who)
LEFT JOIN (
  SELECT COALESCE(m.merged_into, m.member_id) AS who, bool_or(u.unsolicited) AS unsolicited
  FROM unnest({members}::uuid[], {unsolicited}::boolean[]) AS u (member_id, unsolicited)
  JOIN insight_members m USING (member_id) GROUP BY 1
) AS i USING (who)
WHERE p.enrolled_on <= {last}::date AND (p.closed_on IS NULL OR p.closed_on > {last}::date)
"""


def _side(number: int) -> str:
    names = ("first", "last", "members", "unsolicited")
    return _SIDE.format(people=PEOPLE, **{name: f"${number + index}" for index, name in enumerate(names)})


_BOTH = f"""
SELECT b.purchases, b.involved, b.unsolicited, a.purchases, a.involved, a.unsolicited, count(*)
FROM ({_side(2)}) AS b FULL JOIN ({_side(6)}) AS a USING (who) GROUP BY 1, 2, 3, 4, 5, 6
"""


class Involved(NamedTuple):
    """A look-back that ends with ``last``, and the members that were involved in it: whether by advocacy that nobody
    had asked for."""

    last: date
    unsolicited: Mapping[UUID, bool]

    @property
    def first(self) -> date:
        """Its first day."""
        return add_days(self.last, 1 - LOOK_BACK_DAYS)


async def read_stages(
    connection: Connection, *, program_id: UUID, before: Involved, after: Involved
) -> Counter[tuple[str, str]]:
    """How many members stood on which stage at the end of the one day and of the other; ``none``: no member then."""
    sides = [(each.first, each.last, [*each.unsolicited], [*each.unsolicited.values()]) for each in (before, after)]
    found: Counter[tuple[str, str]] = Counter()
    for *row, members in await connection.fetch(_BOTH, program_id, *sides[0], *sides[1]):
        found[_stage(*row[:3]), _stage(*row[3:])] += members
    return found


def _stage(purchases: int | None, involved: bool | None, unsolicited: bool | None) -> str:
    if purchases is None:
        return NONE
    return stage_of(purchases=purchases, enrolled=True, events=bool(involved), unsolicited=bool(unsolicited))
