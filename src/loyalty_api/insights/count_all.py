"""The counts of ``counts.py`` and everybody's days of buying, made at once from the other rows of all programs, in SQL.

What there was before there were counts is counted so; from then on whoever projects keeps them.
"""

from __future__ import annotations

from loyalty_api.insights.activity import tier_at
from loyalty_api.insights.counts import AGAIN, AWAY, COHORT, ENROLLED, MOVED, MOVED_SPANS, NONE, NOT_YET, SECOND, STEP

_BITS = """
UPDATE insight_members m SET {column} = b.bits
FROM (
  SELECT member_id, decode(string_agg(lpad(to_hex(COALESCE(byte, 0)), 2, '0'), '' ORDER BY place), 'hex') AS bits
  FROM (
    SELECT member_id, generate_series(0, max(place)) AS place FROM {bytes} GROUP BY member_id
  ) AS places LEFT JOIN {bytes} USING (member_id, place) GROUP BY member_id
) AS b WHERE b.member_id = m.member_id
"""
_BYTES = """
CREATE TEMPORARY TABLE {bytes} ON COMMIT DROP AS
SELECT d.member_id, (d.day - m.first_on) / 8 AS place, sum(1 << (d.day - m.first_on) % 8)::int AS byte
FROM insight_days d JOIN insight_members m USING (member_id) WHERE d.purchases >= {least} GROUP BY 1, 2
"""


def _bits(column: str, least: int) -> list[str]:
    named = {"column": column, "least": least, "bytes": f"of_{column}"}
    return [_BYTES.format(**named), f"ANALYZE of_{column}", _BITS.format(**named)]


# Each day of buying of each person, between the one before and the one after.
_BUYING = """
CREATE TEMPORARY TABLE buying ON COMMIT DROP AS
SELECT program_id, who, day, purchases, lag(day) OVER w AS earlier, lead(day) OVER w AS following,
       min(day) OVER (PARTITION BY who) AS first_on
FROM (
  SELECT d.program_id, COALESCE(m.merged_into, m.member_id) AS who, d.day, sum(d.purchases) AS purchases
  FROM insight_days d JOIN insight_members m USING (member_id) WHERE d.purchases > 0 GROUP BY 1, 2, 3
) AS days WINDOW w AS (PARTITION BY who ORDER BY day)
"""
_PEOPLE = """
CREATE TEMPORARY TABLE people_counted ON COMMIT DROP AS
SELECT p.*, enrolled_on IS NOT NULL AND (closed_on IS NULL OR closed_on > enrolled_on) AS ever
FROM (
  SELECT program_id, COALESCE(merged_into, member_id) AS who, min(enrolled_on) AS enrolled_on,
         (array_agg(enrolled_store ORDER BY enrolled_on, member_id))[1] AS enrolled_store,
         max(closed_on) FILTER (WHERE merged_into IS NULL) AS closed_on
  FROM insight_members GROUP BY 1, 2
) AS p
"""
_STEPS = f"""
CREATE TEMPORARY TABLE steps ON COMMIT DROP AS
SELECT * FROM (
  SELECT program_id, who, day, lag(tier, 1, '{NONE}') OVER (PARTITION BY who ORDER BY day) AS before, tier AS after
  FROM (
    SELECT program_id, who, day, COALESCE({tier_at("who", "day")}, '') AS tier
    FROM (
      SELECT program_id, who, enrolled_on AS day FROM people_counted WHERE ever
      UNION
      SELECT p.program_id, who, t.effective_on FROM people_counted p JOIN insight_tiers t ON t.member_id = p.who
      WHERE ever AND t.effective_on > enrolled_on AND (closed_on IS NULL OR t.effective_on < closed_on)
    ) AS days
    UNION ALL
    SELECT program_id, who, closed_on, '{NONE}' FROM people_counted WHERE ever AND closed_on IS NOT NULL
  ) AS held
) AS steps WHERE before <> after
"""
_INTO = "INSERT INTO insight_counts (program_id, kind, day, span, label, members)"
_COUNTS = (
    f"{_INTO} SELECT program_id, '{AGAIN}', day, COALESCE(day - earlier, 0), '', count(*) FROM buying GROUP BY 1, 3, 4",
    f"""
{_INTO} SELECT program_id, '{SECOND}', day,
               CASE WHEN purchases > 1 THEN 0 ELSE COALESCE(following - day, {NOT_YET}) END, '', count(*)
FROM buying WHERE earlier IS NULL GROUP BY 1, 3, 4
""",
    f"""
{_INTO} SELECT program_id, '{COHORT}', first, (12 * date_part('year', age) + date_part('month', age))::int, '', count(*)
FROM (SELECT program_id, first, age(month, first) AS age FROM (
  SELECT DISTINCT program_id, who, date_trunc('month', first_on::timestamp)::date AS first,
                  date_trunc('month', day::timestamp)::date AS month FROM buying
) AS months) AS ages GROUP BY 1, 3, 4
""",
    f"""
{_INTO} SELECT program_id, '{ENROLLED}', enrolled_on, 0, COALESCE(enrolled_store, ''), count(*)
FROM people_counted WHERE enrolled_on IS NOT NULL GROUP BY 1, 3, 5
""",
    f"{_INTO} SELECT program_id, '{STEP}', day, 0, before || '>' || after, count(*) FROM steps GROUP BY 1, 3, 5",
    *(
        f"""
{_INTO} SELECT program_id, '{MOVED}', first, {span}, before || '>' || after, count(*)
FROM (
  SELECT program_id, who, date_trunc('{period}', day::timestamp)::date AS first,
         (array_agg(before ORDER BY day))[1] AS before, (array_agg(after ORDER BY day DESC))[1] AS after
  FROM steps GROUP BY 1, 2, 3
) AS periods WHERE before <> after GROUP BY 1, 3, 5
"""
        for period, span in MOVED_SPANS.items()
    ),
    f"""
{_INTO} SELECT program_id, '{AWAY}', day, (at - day)::int, '', sum(sign)
FROM (
  SELECT b.program_id, day, s.at, s.sign FROM buying b JOIN people_counted p USING (who)
  CROSS JOIN LATERAL (
    SELECT day AS away, following AS back WHERE NOT ever
    UNION ALL SELECT day, LEAST(following, enrolled_on) WHERE ever AND day < enrolled_on
    UNION ALL SELECT GREATEST(day, closed_on), following
              WHERE ever AND (following IS NULL OR closed_on < following) AND closed_on IS NOT NULL
  ) AS parts
  CROSS JOIN LATERAL (VALUES (away, 1), (back, -1)) AS s (at, sign)
  WHERE s.at IS NOT NULL
) AS parts GROUP BY 1, 3, 4 HAVING sum(sign) <> 0
""",
)

COUNT_ALL = (
    *_bits("bought", 1),
    *_bits("bought_twice", 2),
    *(_BUYING, _PEOPLE, "ANALYZE people_counted", _STEPS),
    *_COUNTS,
)  # in one transaction
