"""Who everybody is, on which days they bought, and which tier they held: the SQL of whatever is read one by one.

In all of it ``$1`` is the program. ``who`` is a person: a member together with everybody who was merged into them.
"""

from __future__ import annotations

# Everybody, with what is the first of it where there are aliases.
PEOPLE = """
SELECT COALESCE(merged_into, member_id) AS who, min(first_on) AS first_on, min(enrolled_on) AS enrolled_on,
       max(closed_on) FILTER (WHERE merged_into IS NULL) AS closed_on,
       (array_agg(enrolled_store ORDER BY enrolled_on, member_id))[1] AS enrolled_store
FROM insight_members WHERE program_id = $1 GROUP BY 1
"""

# The days on which somebody bought, up to ``$2``.
BUYING_DAYS = """
SELECT COALESCE(m.merged_into, d.member_id) AS who, d.day, sum(d.purchases)::bigint AS purchases
FROM insight_days d JOIN insight_members m USING (member_id)
WHERE d.program_id = $1 AND d.day <= $2::date AND d.purchases > 0
GROUP BY 1, 2
"""


def tier_at(who: str, day: str) -> str:
    """The tier that a person, who has a row in ``insight_members``, held at the end of a day."""
    return f"""COALESCE(
    (SELECT t.to_tier FROM insight_tiers t WHERE t.member_id = {who} AND t.effective_on <= {day}
     ORDER BY t.position DESC LIMIT 1),
    (SELECT m.enrolled_tier FROM insight_members m WHERE m.member_id = {who}),
    (SELECT t.from_tier FROM insight_tiers t WHERE t.member_id = {who} ORDER BY t.position LIMIT 1))"""
