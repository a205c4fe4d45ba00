"""Members by themselves, each with whoever was merged into them: what they did so far, and in the last 365 days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.activity import tier_at
from loyalty_api.insights.ladder import LOOK_BACK_DAYS
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection


class Figures(NamedTuple):
    """``who``: the survivor of ``member_ids``. ``purchases`` and ``sales_minor``: ever. ``days_since``, ``bought`` and
    ``sold_minor``: of the look-back, None where nothing was bought in it; ``standing``: purchases of it that were not
    returned as a whole."""

    who: UUID
    member_ids: list[UUID]
    status: str
    enrolled_on: date | None
    tier: str | None
    first_on: date | None
    last_on: date | None
    purchases: int
    sales_minor: int
    days_since: int | None
    bought: int | None
    sold_minor: int | None
    standing: int


_FIGURES = f"""
WITH ids AS (
  SELECT COALESCE(merged_into, member_id) AS who, m.* FROM insight_members m
  WHERE member_id = ANY($1::uuid[]) OR merged_into = ANY($1::uuid[])
), people AS (
  SELECT who, array_agg(member_id) AS member_ids, max(status) FILTER (WHERE merged_into IS NULL) AS status,
         min(enrolled_on) AS enrolled_on, min(first_on) AS first_on, max(last_on) AS last_on,
         sum(purchases)::bigint AS purchases, sum(sales_minor)::bigint AS sales_minor
  FROM ids GROUP BY who
), year AS (
  SELECT i.who, $3::date - max(d.day) FILTER (WHERE d.purchases > 0) AS days_since,
         sum(d.purchases)::bigint AS bought, sum(d.sales_minor)::bigint AS sold_minor
  FROM ids i JOIN insight_days d USING (member_id)
  WHERE d.day >= $2::date AND d.day <= $3::date GROUP BY 1 HAVING sum(d.purchases) > 0
), kept AS (
  SELECT i.who FROM ids i JOIN insight_receipts r USING (member_id)
  WHERE NOT r.voided AND r.day <= $3::date GROUP BY i.who, r.purchase_id
  HAVING min(r.day) FILTER (WHERE r.entry_id = r.purchase_id) BETWEEN $2::date AND $3::date
    AND NOT (count(*) > 1 AND sum(r.amount_minor) <= 0)
), standing AS (SELECT who, count(*) AS standing FROM kept GROUP BY who)
SELECT p.who, p.member_ids, COALESCE(p.status, 'active') AS status, p.enrolled_on, {tier_at("p.who", "$3::date")},
       p.first_on, p.last_on, p.purchases, p.sales_minor, y.days_since, y.bought, y.sold_minor,
       COALESCE(s.standing, 0)
FROM people p LEFT JOIN year y USING (who) LEFT JOIN standing s USING (who) ORDER BY p.who
"""
_PAGE = """
SELECT member_id FROM insight_members
WHERE program_id = $1 AND merged_into IS NULL AND status <> 'erased' AND member_id > $2
ORDER BY member_id LIMIT $3
"""


async def figures_of(connection: Connection, *, member_ids: Collection[UUID], through: date) -> list[Figures]:
    """Of members who are nobody's aliases, up to the end of ``through``, by id; of those who are known here."""
    rows = await connection.fetch(_FIGURES, list(member_ids), add_days(through, 1 - LOOK_BACK_DAYS), through)
    return [Figures(*row) for row in rows]


async def page_of_members(connection: Connection, *, program_id: UUID, after: UUID, limit: int) -> list[UUID]:
    """The program's members behind one, who are nobody's aliases and were not erased, by id."""
    return [row["member_id"] for row in await connection.fetch(_PAGE, program_id, after, limit)]
