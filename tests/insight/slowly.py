"""Metrics by tier, cohort, store and employee, each from all days of everybody: slow, and as they are defined.

In all of it ``$1`` is the program, ``$2`` and ``$3`` the first and the last day that is looked at. ``who`` is a person:
a member together with everybody who was merged into them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from loyalty_api.insights.activity import BUYING_DAYS, PEOPLE, tier_at
from loyalty_api.insights.metric import Asked, Cell, filled
from loyalty_api.insights.periods import step
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

COHORT = "CASE WHEN p.first_on <= $3::date THEN to_char(p.first_on, 'YYYY-MM') END"
# Who only returned something in a period has no purchases in it.
ACTIVITY = """
SELECT COALESCE(m.merged_into, d.member_id) AS who, date_trunc('{period}', day::timestamp)::date AS first,
       sum(d.purchases)::bigint AS purchases, sum(d.sales_minor)::bigint AS sales_minor
FROM insight_days d JOIN insight_members m USING (member_id)
WHERE d.program_id = $1 AND d.day >= $2::date AND d.day <= $3::date GROUP BY 1, 2
"""
_BY_PLACE = """
SELECT date_trunc('{period}', r.day::timestamp)::date, r.{by}, count(*) FILTER (WHERE r.entry_id = r.purchase_id),
       sum(r.amount_minor)::bigint,
       count(DISTINCT COALESCE(m.merged_into, r.member_id)) FILTER (WHERE r.entry_id = r.purchase_id)
FROM insight_receipts r JOIN insight_members m USING (member_id)
WHERE r.program_id = $1 AND r.day >= $2::date AND r.day <= $3::date AND NOT r.voided
GROUP BY 1, 2
"""
_BY_PERSON = """
SELECT first, grouped, sum(purchases)::bigint, sum(sales_minor)::bigint, count(*) FILTER (WHERE purchases > 0)
FROM (SELECT a.*, {group} AS grouped FROM ({activity}) AS a JOIN ({people}) AS p USING (who)
      WHERE a.purchases <> 0 OR a.sales_minor <> 0) AS a
GROUP BY 1, 2
"""
_ACTIVE = """
SELECT a.first, {group} AS grouped, count(*)
FROM ({activity}) AS a JOIN ({people}) AS p USING (who) WHERE a.purchases > 0 GROUP BY 1, 2
"""
_RATE = """
WITH p AS MATERIALIZED ({people}), a AS MATERIALIZED ({activity}),
enrolled AS (
    SELECT e.first, p.who, {group} AS grouped
    FROM unnest($4::date[]) AS e (first) JOIN p ON p.enrolled_on <= {end}
     AND (p.closed_on IS NULL OR p.closed_on > {end})
)
SELECT e.first, e.grouped, count(a.who), count(*)
FROM enrolled e LEFT JOIN a ON a.who = e.who AND a.first = e.first AND a.purchases > 0
GROUP BY 1, 2
"""
_BOUGHT = """
SELECT who, first, lag(first) OVER w AS before, lead(first) OVER w AS following
FROM ({activity}) AS a WHERE purchases > 0 WINDOW w AS (PARTITION BY who ORDER BY first)
"""
_RETAINED = """
SELECT b.first, {group} AS grouped,
       count(*) FILTER (WHERE b.following = (b.first + interval '1 {period}')::date), count(*)
FROM ({bought}) AS b JOIN ({people}) AS p USING (who) WHERE b.first <= $4::date GROUP BY 1, 2
"""
_NEW = """
SELECT date_trunc('{period}', p.first_on::timestamp)::date, {group} AS grouped, count(*)
FROM ({people}) AS p WHERE p.first_on >= $2::date AND p.first_on <= $3::date GROUP BY 1, 2
"""
_RETURNED = """
SELECT b.first, {group} AS grouped, count(*)
FROM ({bought}) AS b JOIN ({people}) AS p USING (who)
WHERE b.first >= $4::date AND b.before IS DISTINCT FROM (b.first - interval '1 {period}')::date
  AND p.first_on < b.first
GROUP BY 1, 2
"""
# Of each person's buying days, the one before and the one after; a flow is a day and +1 or -1 of the alive.
_FLOWS = """
WITH days AS ({buying_days}),
gaps AS (
    SELECT who, day, lag(day) OVER w AS before, lead(day) OVER w AS next,
           to_char(date_trunc('month', (min(day) OVER (PARTITION BY who))::timestamp), 'YYYY-MM') AS cohort
    FROM days WINDOW w AS (PARTITION BY who ORDER BY day)
),
flows AS (
    SELECT 'new' AS flow, day, cohort FROM gaps WHERE before IS NULL
    UNION ALL
    SELECT 'reactivated', day, cohort FROM gaps WHERE day - before > $3::int
    UNION ALL
    SELECT 'lapsed', day + $3::int, cohort FROM gaps
    WHERE day + $3::int <= $2::date AND (next IS NULL OR next - day > $3::int)
)
SELECT flow, date_trunc('{period}', day::timestamp)::date, cohort, count(*) FROM flows GROUP BY 1, 2, 3
"""
_SUMS = {"purchases": 2, "sales": 3, "average_transaction_value": (3, 2), "frequency": (2, 4)}
SLUGS = (*_SUMS, "active_members", "active_rate", "retention", "churn", "new_members", "returned_members")
FLOWS = ("lapsed_members", "reactivated_members", "alive_members")


async def cells(connection: Connection, slug: str, asked: Asked) -> list[Cell]:
    """What a metric by something must say."""
    if slug in FLOWS:
        return await _flows(connection, slug, asked)
    match slug:
        case "active_members":
            sql = _ACTIVE.format(group=_group(asked, "a.first", "a.who"), activity=_activity(asked), people=PEOPLE)
            return _counts(asked, await connection.fetch(sql, asked.program_id, asked.first, asked.last))
        case "active_rate":
            return await _rate(connection, asked)
        case "retention" | "churn":
            return await _retained(connection, slug, asked)
        case "new_members":
            first = f"date_trunc('{asked.period}', p.first_on)"
            sql = _NEW.format(period=asked.period, people=PEOPLE, group=_group(asked, first, "p.who"))
            return _counts(asked, await connection.fetch(sql, asked.program_id, asked.first, asked.last))
        case "returned_members":
            bought = _BOUGHT.format(activity=_activity(asked))
            group = _group(asked, "b.first", "b.who")
            sql = _RETURNED.format(bought=bought, people=PEOPLE, group=group, period=asked.period)
            before = step(asked.first, asked.period, -1)
            return _counts(asked, await connection.fetch(sql, asked.program_id, before, asked.last, asked.first))
    return await _sums(connection, slug, asked)


async def _sums(connection: Connection, slug: str, asked: Asked) -> list[Cell]:
    if asked.by in ("store", "employee"):
        sql = _BY_PLACE.format(period=asked.period, by=asked.by)
    else:
        sql = _BY_PERSON.format(group=_group(asked, "a.first", "a.who"), activity=_activity(asked), people=PEOPLE)
    found, places = [], _SUMS[slug]
    for row in await connection.fetch(sql, asked.program_id, asked.first, asked.last):
        if isinstance(places, int):
            found.append(Cell(row[0], row[1], row[places], None, row[2]))
        else:
            above, below = places
            found.append(Cell(row[0], row[1], row[above], row[below], row[below]))
    return filled(found, asked, ratio=not isinstance(places, int))


async def _rate(connection: Connection, asked: Asked) -> list[Cell]:
    end = _end("e.first", asked.period)
    group = _group(asked, "e.first", "p.who")
    sql = _RATE.format(group=group, activity=_activity(asked), people=PEOPLE, end=end)
    firsts = [period.first for period in asked.periods]
    rows = await connection.fetch(sql, asked.program_id, asked.first, asked.last, firsts)
    found = [Cell(first, group, active, enrolled, enrolled) for first, group, active, enrolled in rows]
    return filled(found, asked, ratio=True)


async def _retained(connection: Connection, slug: str, asked: Asked) -> list[Cell]:
    last = min(add_days(step(asked.periods[-1].first, asked.period, 2), -1), asked.through)
    bought, group = _BOUGHT.format(activity=_activity(asked)), _group(asked, "b.first", "b.who")
    sql = _RETAINED.format(bought=bought, people=PEOPLE, group=group, period=asked.period)
    rows = await connection.fetch(sql, asked.program_id, asked.first, last, asked.periods[-1].first)
    found = [
        Cell(first, group, active - kept if slug == "churn" else kept, active, active)
        for first, group, kept, active in rows
    ]
    return [
        cell if step(cell.first, asked.period, 2) <= add_days(asked.through, 1) else cell._replace(numerator=None)
        for cell in filled(found, asked, ratio=True)
    ]


async def _flows(connection: Connection, slug: str, asked: Asked) -> list[Cell]:
    sql = _FLOWS.format(buying_days=BUYING_DAYS, period=asked.period)
    flows: dict[str, Counter[Any]] = {each: Counter() for each in ("new", "reactivated", "lapsed")}
    for flow, first, group, count in await connection.fetch(sql, asked.program_id, asked.last, asked.window_days):
        flows[flow][first, group] = count
    counts = flows[slug.removesuffix("_members")] if slug != "alive_members" else Counter()
    if slug == "alive_members":
        changes = flows["new"] + flows["reactivated"]
        changes.subtract(flows["lapsed"])
        for period in asked.periods:
            for (first, group), count in changes.items():
                counts[period.first, group] += count if first <= period.first else 0
    firsts = {period.first for period in asked.periods}
    rows = [(first, group, count) for (first, group), count in counts.items() if first in firsts]
    return _counts(asked, rows)


def _counts(asked: Asked, rows: list[Any]) -> list[Cell]:
    return filled([Cell(first, group, count, None, count) for first, group, count in rows], asked)


def _activity(asked: Asked) -> str:
    return ACTIVITY.format(period=asked.period)


def _end(first: str, period: str) -> str:
    """The last day of the period that begins at an expression, or ``$3`` if that is earlier."""
    return f"LEAST(({first} + interval '1 {period}')::date - 1, $3::date)"


def _group(asked: Asked, first: str, who: str) -> str:
    return tier_at(who, _end(first, asked.period)) if asked.by == "tier" else COHORT
