"""What the counts of people tell of periods: see ``counts.py`` for why they do. In all of it the last day that is
looked at is ``asked.last``, as if nothing had happened behind it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

from loyalty_api.insights.counts import AGAIN, AWAY, MOVED, MOVED_SPANS, NONE, STEP
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import Period, start_of
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

_BUYERS = f"""
SELECT d.first, sum(members)::bigint,
       COALESCE(sum(members) FILTER (WHERE span > 0 AND c.day - span >= d.previous), 0)::bigint,
       COALESCE(sum(members) FILTER (WHERE span = 0), 0)::bigint,
       COALESCE(sum(members) FILTER (WHERE span > 0 AND c.day - span < d.previous), 0)::bigint
FROM insight_counts c JOIN (
  SELECT day::date, date_trunc('{{period}}', day)::date AS first,
         (date_trunc('{{period}}', day) - interval '1 {{period}}')::date AS previous
  FROM generate_series($2::date::timestamp, $3::date::timestamp, interval '1 day') AS day
) AS d ON d.day = c.day
WHERE c.program_id = $1 AND c.kind = '{AGAIN}' AND c.day >= $2 AND c.day <= $3
  AND (span = 0 OR c.day - span < d.first)
GROUP BY 1
"""
_OF_DAYS = f"""
SELECT day, sum(members)::bigint, COALESCE(sum(members) FILTER (WHERE span = 0), 0)::bigint,
       COALESCE(sum(members) FILTER (WHERE span > $4), 0)::bigint
FROM insight_counts WHERE program_id = $1 AND kind = '{AGAIN}' AND day >= $2 AND day <= $3 GROUP BY 1
"""
_CAME_BACK = f"""
SELECT day - span, sum(members)::bigint
FROM insight_counts
WHERE program_id = $1 AND kind = '{AGAIN}' AND day > $2 AND day <= $3 AND span BETWEEN 1 AND $4 AND day - span >= $2
GROUP BY 1
"""
_ACTIVE = f"""
SELECT COALESCE(sum(members), 0)::bigint FROM insight_counts
WHERE program_id = $1 AND kind = '{AGAIN}' AND day >= $2 AND day <= $3 AND (span = 0 OR day - span < $2)
"""
_STEPS = f"""
SELECT GREATEST(date_trunc('{{period}}', day::timestamp)::date, $2::date - 1), label, sum(members)::bigint
FROM insight_counts WHERE program_id = $1 AND kind = '{STEP}' AND day <= $3 GROUP BY 1, 2 ORDER BY 1
"""
_MOVED = """
SELECT day, label, members FROM insight_counts
WHERE program_id = $1 AND kind = $2 AND span = $3 AND day >= $4 AND day <= $5
"""
_STEPS_LATER = f"""
SELECT EXISTS (SELECT 1 FROM insight_counts WHERE program_id = $1 AND kind = '{STEP}' AND day > $2 AND day <= $3)
"""
_AWAY = f"""
SELECT e.first, COALESCE(sum(c.members), 0)::bigint
FROM unnest($2::date[], $3::date[]) AS e (first, last)
LEFT JOIN insight_counts c ON c.program_id = $1 AND c.kind = '{AWAY}' AND c.day >= e.first AND c.day + c.span <= e.last
GROUP BY 1
"""


class Buyers(NamedTuple):
    """Of a period: who bought in it, and of these who had in the one before, who never had, and who had earlier."""

    active: int = 0
    kept: int = 0
    new: int = 0
    returned: int = 0


NOBODY = Buyers()


class Flows(NamedTuple):
    """Of a period and a window of days: who came, who came back, who lapsed."""

    new: int = 0
    reactivated: int = 0
    lapsed: int = 0


async def read_buyers(connection: Connection, asked: Asked, last: date | None = None) -> dict[date, Buyers]:
    """By the first day of their period, where there is anybody; up to ``last`` instead, if it is given."""
    sql = _BUYERS.format(period=asked.period)
    rows = await connection.fetch(sql, asked.program_id, asked.first, last or asked.last)
    return {first: Buyers(*counts) for first, *counts in rows}


async def read_flows(connection: Connection, asked: Asked) -> dict[date, Flows]:
    """By the first day of their period, where there is anybody. Somebody lapses on the day that lies a window behind
    their purchase, unless they bought again by its end."""
    window = asked.window_days
    opening = add_days(asked.first, -window), asked.last
    sums: dict[str, Counter[date]] = {each: Counter() for each in Flows._fields}
    for day, bought, new, reactivated in await connection.fetch(_OF_DAYS, asked.program_id, *opening, window):
        sums["lapsed"][add_days(day, window)] += bought
        sums["new"][day] += new
        sums["reactivated"][day] += reactivated
    for day, count in await connection.fetch(_CAME_BACK, asked.program_id, *opening, window):
        sums["lapsed"][add_days(day, window)] -= count
    found: dict[str, Counter[date]] = {each: Counter() for each in sums}
    for flow, days in sums.items():
        for day, count in days.items():
            if asked.first <= day <= asked.last:
                found[flow][start_of(day, asked.period)] += count
    firsts = {first for counter in found.values() for first in counter}
    return {first: Flows(*(found[flow][first] for flow in Flows._fields)) for first in firsts}


async def count_active(connection: Connection, asked: Asked, days: Period) -> int:
    """How many people bought on any of the days."""
    return await connection.fetchval(_ACTIVE, asked.program_id, *days)


async def read_held(connection: Connection, asked: Asked) -> list[Counter[str]]:
    """Of the end of the day before the first period, and of the end of each: how many members hold which tier; an
    empty word: none that is known."""
    changes: dict[date, Counter[str]] = {}
    sql = _STEPS.format(period=asked.period)
    for first, label, count in await connection.fetch(sql, asked.program_id, asked.first, asked.last):
        before, after = label.split(">")
        mine = changes.setdefault(first, Counter())
        mine[before] -= count
        mine[after] += count
    held: Counter[str] = Counter()
    found = []
    for first in (add_days(asked.first, -1), *(period.first for period in asked.periods)):
        for tier, count in changes.get(first, {}).items():
            held[tier] += count
        found.append(Counter({tier: count for tier, count in held.items() if count and tier != NONE}))
    return found


async def read_moved(connection: Connection, asked: Asked) -> dict[date, dict[tuple[str, str], int]]:
    """Of each period: how many members moved from one tier to another between its beginning and its end. Not of the
    last one where ``asked.last`` cuts it off and anybody moved behind that."""
    found: dict[date, dict[tuple[str, str], int]] = {period.first: {} for period in asked.periods}
    last = asked.periods[-1]
    if await connection.fetchval(_STEPS_LATER, asked.program_id, asked.last, last.last):
        del found[last.first]
    kind = (STEP, 0) if asked.period == "day" else (MOVED, MOVED_SPANS[asked.period])
    for first, label, count in await connection.fetch(_MOVED, asked.program_id, *kind, asked.first, asked.last):
        if first in found:
            before, after = label.split(">")
            found[first][before, after] = count
    return found


async def read_away(connection: Connection, asked: Asked) -> dict[date, int]:
    """Of each period: who bought in it and was no member at its end."""
    firsts = [period.first for period in asked.periods]
    lasts = [min(period.last, asked.last) for period in asked.periods]
    return dict(await connection.fetch(_AWAY, asked.program_id, firsts, lasts))
