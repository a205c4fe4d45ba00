"""What the sums of groups tell of periods: see ``groups.py`` for why they do. In all of it the last day that is looked
at is ``asked.last``, as if nothing had happened behind it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

from loyalty_api.insights.activity import PEOPLE
from loyalty_api.insights.counts import AGAIN, HERE, LAPSED, REACTIVATED
from loyalty_api.insights.groups import PLACES, SUMS
from loyalty_api.insights.metric import Asked
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

_SUMS = ", ".join(f"sum({name})::bigint" for name in SUMS)
_PEOPLE = f"""
SELECT date_trunc($3, day::timestamp)::date, NULLIF(label, ''), {_SUMS} FROM insight_groups
WHERE program_id = $1 AND grouped = $2 AND period = $3 AND day >= $4 AND day <= $5 GROUP BY 1, 2
"""
_PLACES = f"""
SELECT day, NULLIF(label, ''), {", ".join(SUMS)} FROM insight_groups
WHERE program_id = $1 AND grouped = $2 AND period = $3 AND day >= $4 AND day < $5
"""
_ANY_LATER = """
SELECT EXISTS (SELECT FROM insight_receipts WHERE program_id = $1 AND day > $2 AND day <= $3 AND NOT voided)
"""
# Of a period that is cut off, each receipt.
_RECEIPTS = """
SELECT $2::date, r.{by}, count(*) FILTER (WHERE r.entry_id = r.purchase_id), sum(r.amount_minor)::bigint, count(*),
       count(DISTINCT COALESCE(m.merged_into, r.member_id)) FILTER (WHERE r.entry_id = r.purchase_id), 0, 0, 0, 0
FROM insight_receipts r JOIN insight_members m USING (member_id)
WHERE r.program_id = $1 AND r.day >= $2 AND r.day <= $3 AND NOT r.voided GROUP BY 2
"""
_HERE = f"""
SELECT GREATEST(date_trunc('{{period}}', day::timestamp)::date, $2::date - 1), label, sum(members)::bigint
FROM insight_counts WHERE program_id = $1 AND kind = '{HERE}' AND day <= $3 GROUP BY 1, 2
"""
# The same of each person, as their first purchase may lie behind the last day: then their cohort is none yet.
_HERE_THEN = f"""
SELECT GREATEST(date_trunc($4, day::timestamp)::date, $2::date - 1),
       CASE WHEN first_on <= $3 THEN to_char(first_on, 'YYYY-MM') ELSE '' END, sum(sign)::bigint
FROM ({PEOPLE}) AS p CROSS JOIN LATERAL (VALUES (enrolled_on, 1), (closed_on, -1)) AS days (day, sign)
WHERE day <= $3 AND enrolled_on IS NOT NULL AND (closed_on IS NULL OR closed_on > enrolled_on) GROUP BY 1, 2
"""
_ANY_NEW_LATER = f"""
SELECT EXISTS (SELECT FROM insight_counts WHERE program_id = $1 AND kind = '{AGAIN}' AND span = 0 AND day > $2)
"""
_FLOWS = f"""
SELECT kind, GREATEST(date_trunc('{{period}}', day::timestamp)::date, $2::date - 1), label, sum(members)::bigint
FROM insight_counts WHERE program_id = $1 AND kind IN ('{REACTIVATED}', '{LAPSED}') AND day <= $3 AND span = $4
GROUP BY 1, 2, 3
UNION ALL
SELECT 'new', GREATEST(date_trunc('{{period}}', day::timestamp)::date, $2::date - 1), to_char(day, 'YYYY-MM'),
       sum(members)::bigint
FROM insight_counts WHERE program_id = $1 AND kind = '{AGAIN}' AND span = 0 AND day <= $3
GROUP BY 2, 3
"""


class Sum(NamedTuple):
    """Of a period and a group; as ``groups.SUMS`` has it."""

    first: date
    group: str | None
    purchases: int
    sales_minor: int
    receipts: int
    active: int
    enrolled: int
    new: int
    returned: int
    retained: int


async def read_sums(connection: Connection, asked: Asked) -> list[Sum]:
    """Of the groups that there are in each of the periods."""
    if asked.by in PLACES:
        return await _read_places(connection, asked)
    rows = await connection.fetch(_PEOPLE, asked.program_id, asked.by, asked.period, asked.first, asked.last)
    return [Sum(*row) for row in rows]


async def _read_places(connection: Connection, asked: Asked) -> list[Sum]:
    """A row is all of its period: one that is cut off is read from its receipts, where there are any behind that."""
    last = asked.periods[-1]
    cut_off = asked.last < last.last
    if cut_off:
        cut_off = await connection.fetchval(_ANY_LATER, asked.program_id, asked.last, last.last)
    named = (asked.program_id, asked.by, asked.period, asked.first)
    rows = await connection.fetch(_PLACES, *named, last.first if cut_off else add_days(last.last, 1))
    if cut_off:
        rows += await connection.fetch(_RECEIPTS.format(by=asked.by), asked.program_id, last.first, asked.last)
    return [Sum(*row) for row in rows]


async def read_here(connection: Connection, asked: Asked) -> list[Counter[str | None]]:
    """Of the end of each period: how many members there are of which cohort; None: those who have not bought."""
    changes: dict[date, Counter[str | None]] = {}
    named = asked.program_id, asked.first, asked.last
    if await connection.fetchval(_ANY_NEW_LATER, asked.program_id, asked.last):
        rows = await connection.fetch(_HERE_THEN, *named, asked.period)
    else:
        rows = await connection.fetch(_HERE.format(period=asked.period), *named)
    for first, label, count in rows:
        changes.setdefault(first, Counter())[label or None] += count
    here = changes.get(add_days(asked.first, -1), Counter())
    found = []
    for period in asked.periods:
        here.update(changes.get(period.first, {}))
        found.append(+here)
    return found


async def read_flows_by_cohort(connection: Connection, asked: Asked) -> dict[str, Counter[tuple[date, str | None]]]:
    """Of ``new``, ``reactivated`` and ``lapsed``: how many by period and cohort, what was before the first period under
    the day before it. Of the usual window."""
    found: dict[str, Counter[tuple[date, str | None]]] = {each: Counter() for each in ("new", REACTIVATED, LAPSED)}
    named = (asked.program_id, asked.first, asked.last, asked.window_days)
    for kind, first, label, count in await connection.fetch(_FLOWS.format(period=asked.period), *named):
        found[kind][first, label] += count
    return found
