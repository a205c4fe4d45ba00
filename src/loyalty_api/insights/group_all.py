"""The sums of ``groups.py``, and the counts of people by cohort, made at once from the other rows of all programs, in
SQL.

What there was before there were groups is summed up so; from then on whoever projects keeps them.
"""

from __future__ import annotations

from loyalty_api.insights.activity import tier_at
from loyalty_api.insights.counts import HERE, LAPSED, REACTIVATED
from loyalty_api.insights.groups import COHORT, PLACES, SUMS, TIER
from loyalty_api.insights.metric import WINDOW_DAYS
from loyalty_api.insights.periods import PERIODS

_PERIODS = f"unnest('{{{','.join(PERIODS)}}}'::text[]) AS period"
_PEOPLE = """
CREATE TEMPORARY TABLE grouped_people ON COMMIT DROP AS
SELECT program_id, COALESCE(merged_into, member_id) AS who, min(first_on) AS first_on, min(enrolled_on) AS enrolled_on,
       max(closed_on) FILTER (WHERE merged_into IS NULL) AS closed_on,
       COALESCE(to_char(date_trunc('month', min(first_on)::timestamp), 'YYYY-MM'), '') AS cohort
FROM insight_members GROUP BY 1, 2
"""
# From which day to before which other they have which label.
_LABELS = f"""
CREATE TEMPORARY TABLE grouped_labels ON COMMIT DROP AS
SELECT who, '{COHORT}' AS grouped, cohort AS label, '-infinity'::date AS since, 'infinity'::date AS until
FROM grouped_people
UNION ALL
SELECT who, '{TIER}', COALESCE({tier_at("who", "day")}, ''), day,
       lead(day, 1, 'infinity'::date) OVER (PARTITION BY who ORDER BY day)
FROM (
  SELECT who, '-infinity'::date AS day FROM grouped_people
  UNION SELECT p.who, t.effective_on FROM grouped_people p JOIN insight_tiers t ON t.member_id = p.who
) AS days
"""
_DAYS = """
CREATE TEMPORARY TABLE grouped_days ON COMMIT DROP AS
SELECT d.program_id, COALESCE(m.merged_into, m.member_id) AS who, d.day, sum(d.purchases)::bigint AS purchases,
       sum(d.sales_minor)::bigint AS sales_minor
FROM insight_days d JOIN insight_members m USING (member_id)
WHERE d.purchases <> 0 OR d.sales_minor <> 0 GROUP BY 1, 2, 3
"""
# The periods in which each bought, and when first in it.
_BUYERS = f"""
CREATE TEMPORARY TABLE grouped_buyers ON COMMIT DROP AS
SELECT program_id, who, period, day, ending, before,
       (lead(first) OVER w IS NOT DISTINCT FROM ending)::int AS retained
FROM (
  SELECT *, (first + ('1 ' || period)::interval)::date AS ending,
         COALESCE(lag(first) OVER w = (first - ('1 ' || period)::interval)::date, false) AS before
  FROM (
    SELECT program_id, who, period, date_trunc(period, day::timestamp)::date AS first, min(day) AS day
    FROM grouped_days CROSS JOIN {_PERIODS} WHERE purchases > 0 GROUP BY 1, 2, 3, 4
  ) AS firsts WINDOW w AS (PARTITION BY who, period ORDER BY first)
) AS periods WINDOW w AS (PARTITION BY who, period ORDER BY first)
"""
# Whoever changes their label in a period goes from the one to the other with what they bought so far.
_SALES = f"""
SELECT program_id, grouped, period, at, label, sum(sign * purchases), sum(sign * sales_minor), 0::bigint, 0::bigint,
       0::bigint, 0::bigint, 0::bigint, 0::bigint
FROM (
  SELECT *, (date_trunc(period, day::timestamp) + ('1 ' || period)::interval)::date AS ending
  FROM grouped_days CROSS JOIN {_PERIODS}
) AS d JOIN grouped_labels l USING (who)
CROSS JOIN LATERAL (VALUES (GREATEST(day, since), 1), (until, -1)) AS flows (at, sign)
WHERE until > day AND at < ending GROUP BY 1, 2, 3, 4, 5
"""
_PEOPLE_BY = """
SELECT program_id, grouped, period, at, label, 0::bigint, 0::bigint, 0::bigint, sum(sign), sum(enrolled),
       sum(sign * (day = first_on)::int), sum(sign * (day > first_on AND NOT before)::int), sum(sign * retained)
FROM grouped_buyers JOIN grouped_people p USING (program_id, who) JOIN grouped_labels l USING (who)
CROSS JOIN LATERAL (
  SELECT GREATEST(day, since, enrolled_on) AS joined, LEAST(until, closed_on) AS gone
) AS member
CROSS JOIN LATERAL (
  SELECT * FROM (VALUES (GREATEST(day, since), 1, 0), (until, -1, 0)) AS labelled (at, sign, enrolled)
  UNION ALL
  SELECT at, 0, enrolled FROM (VALUES (joined, 1), (gone, -1)) AS enrolled (at, enrolled)
  WHERE enrolled_on IS NOT NULL AND joined < gone AND joined < ending
) AS flows
WHERE until > day AND since < ending AND at < ending GROUP BY 1, 2, 3, 4, 5
"""
_ALL = ", ".join(("program_id", "grouped", "period", "day", "label", *SUMS))
_SUMMED = f"""
INSERT INTO insight_groups ({_ALL})
SELECT program_id, grouped, period, at, label, {", ".join(f"sum({name})" for name in SUMS)}
FROM ({_SALES} UNION ALL {_PEOPLE_BY}) AS parts (program_id, grouped, period, at, label, {", ".join(SUMS)})
GROUP BY 1, 2, 3, 4, 5 HAVING {" OR ".join(f"sum({name}) <> 0" for name in SUMS)}
"""


def _place(name: str) -> str:
    return f"""
INSERT INTO insight_groups ({_ALL})
SELECT r.program_id, '{name}', period, date_trunc(period, day::timestamp)::date, COALESCE({name}, ''),
       count(*) FILTER (WHERE entry_id = purchase_id), sum(amount_minor), count(*),
       count(DISTINCT COALESCE(merged_into, member_id)) FILTER (WHERE entry_id = purchase_id), 0, 0, 0, 0
FROM insight_receipts r JOIN insight_members m USING (member_id) CROSS JOIN {_PERIODS}
WHERE NOT voided GROUP BY 1, 3, 4, 5
"""


_INTO = "INSERT INTO insight_counts (program_id, kind, day, span, label, members)"
_COUNTS = (
    f"""
{_INTO} SELECT program_id, '{HERE}', day, 0, cohort, sum(sign)
FROM grouped_people CROSS JOIN LATERAL (VALUES (enrolled_on, 1), (closed_on, -1)) AS days (day, sign)
WHERE day IS NOT NULL AND enrolled_on IS NOT NULL AND (closed_on IS NULL OR closed_on > enrolled_on)
GROUP BY 1, 3, 5 HAVING sum(sign) <> 0
""",
    f"""
{_INTO} SELECT program_id, kind, at, {WINDOW_DAYS}, cohort, count(*)
FROM (
  SELECT *, lag(day) OVER w AS earlier, lead(day) OVER w AS following
  FROM grouped_days WHERE purchases > 0 WINDOW w AS (PARTITION BY who ORDER BY day)
) AS days JOIN grouped_people p USING (program_id, who)
CROSS JOIN LATERAL (
  SELECT '{REACTIVATED}' AS kind, day AS at WHERE day - earlier > {WINDOW_DAYS}
  UNION ALL SELECT '{LAPSED}', day + {WINDOW_DAYS} WHERE following IS NULL OR following - day > {WINDOW_DAYS}
) AS flows GROUP BY 1, 2, 3, 5
""",
)

GROUP_ALL = (
    *(_PEOPLE, "ANALYZE grouped_people", _LABELS, "ANALYZE grouped_labels", _DAYS, "ANALYZE grouped_days"),
    *(_BUYERS, "ANALYZE grouped_buyers", _SUMMED, *map(_place, PLACES), *_COUNTS),
)  # in one transaction
