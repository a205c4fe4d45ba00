"""Who bought in which period: the SQL that most metrics stand on.

In all of it ``$1`` is the program, ``$2`` and ``$3`` the first and the last day that is looked at. ``who`` is a person:
a member together with everybody who was merged into them.
"""

from __future__ import annotations

# Everybody, with what is the first of it where there are aliases.
PEOPLE = """
SELECT COALESCE(merged_into, member_id) AS who, min(first_on) AS first_on, min(enrolled_on) AS enrolled_on,
       max(closed_on) FILTER (WHERE merged_into IS NULL) AS closed_on,
       (array_agg(enrolled_store ORDER BY enrolled_on, member_id))[1] AS enrolled_store
FROM insight_members WHERE program_id = $1 GROUP BY 1
"""

_BY_MONTH = """
SELECT member_id, month AS first, purchases, sales_minor FROM insight_months
WHERE program_id = $1 AND month >= $2::date AND month < date_trunc('month', $3::date::timestamp)::date
UNION ALL
SELECT member_id, date_trunc('month', day::timestamp)::date, purchases, sales_minor FROM insight_days
WHERE program_id = $1 AND day >= GREATEST($2::date, date_trunc('month', $3::date::timestamp)::date)
  AND day <= $3::date
"""
_BY_DAYS = """
SELECT member_id, date_trunc('{period}', day::timestamp)::date AS first, purchases, sales_minor FROM insight_days
WHERE program_id = $1 AND day >= $2::date AND day <= $3::date
"""

# The days on which somebody bought, up to the last day; ``$2`` is not looked at.
BUYING_DAYS = """
SELECT COALESCE(m.merged_into, d.member_id) AS who, d.day, sum(d.purchases)::bigint AS purchases
FROM insight_days d JOIN insight_members m USING (member_id)
WHERE d.program_id = $1 AND d.day <= $2::date AND d.purchases > 0
GROUP BY 1, 2
"""

COHORT = "to_char(date_trunc('month', p.first_on::timestamp), 'YYYY-MM')"


def activity(period: str) -> str:
    """Rows (who, first, purchases, sales_minor), of each period that begins at ``first``, up to ``$3``; ``$2`` is the
    first day of a period. Who only returned something in a period has no purchases in it."""
    rows = _BY_MONTH if period == "month" else _BY_DAYS.format(period=period)
    return f"""
SELECT COALESCE(m.merged_into, r.member_id) AS who, r.first, sum(r.purchases)::bigint AS purchases,
       sum(r.sales_minor)::bigint AS sales_minor
FROM ({rows}) AS r JOIN insight_members m USING (member_id) GROUP BY 1, 2
"""


def end_of(first: str, period: str) -> str:
    """The last day of the period that begins at the expression ``first``, or ``$3`` if that is earlier."""
    return f"LEAST(({first} + interval '1 {period}')::date - 1, $3::date)"


def tier_at(who: str, day: str) -> str:
    """The tier that a person, who has a row in ``insight_members``, held at the end of a day."""
    return f"""COALESCE(
    (SELECT t.to_tier FROM insight_tiers t WHERE t.member_id = {who} AND t.effective_on <= {day}
     ORDER BY t.position DESC LIMIT 1),
    (SELECT m.enrolled_tier FROM insight_members m WHERE m.member_id = {who}),
    (SELECT t.from_tier FROM insight_tiers t WHERE t.member_id = {who} ORDER BY t.position LIMIT 1))"""


def group_of(by: str | None, *, who: str, day: str) -> str:
    """The group of a person: by their tier at the end of ``day``, or by cohort, where ``p`` is their row of PEOPLE."""
    if by == "tier":
        return tier_at(who, day)
    return COHORT if by == "cohort" else "NULL::text"
