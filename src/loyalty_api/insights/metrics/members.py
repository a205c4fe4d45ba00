"""Members: who is active, of how many, and who enrolled."""

from __future__ import annotations

from loyalty_api.insights.activity import PEOPLE, activity, end_of, group_of
from loyalty_api.insights.counted import NOBODY, read_away, read_buyers, read_held
from loyalty_api.insights.counts import ENROLLED
from loyalty_api.insights.metric import COUNT, PROPORTION, Asked, Cell, Metric, and_before, filled
from loyalty_api.kernel.database import Connection

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
_ENROLLED = f"""
SELECT date_trunc('{{period}}', day::timestamp)::date, {{group}}, sum(members)::bigint FROM insight_counts
WHERE program_id = $1 AND kind = '{ENROLLED}' AND day >= $2::date AND day <= $3::date GROUP BY 1, 2
"""


async def read_active(connection: Connection, asked: Asked) -> list[Cell]:
    """Who bought something."""
    if asked.by is None:
        counts = (await read_buyers(connection, asked)).items()
        return filled([Cell(first, None, each.active, None, each.active) for first, each in counts], asked)
    group = group_of(asked.by, who="a.who", day=end_of("a.first", asked.period))
    sql = _ACTIVE.format(group=group, activity=activity(asked.period), people=PEOPLE)
    rows = await connection.fetch(sql, asked.program_id, asked.first, asked.last)
    return filled([Cell(first, group, count, None, count) for first, group, count in rows], asked)


async def read_active_rate(connection: Connection, asked: Asked) -> list[Cell]:
    """Of the enrolled, those who bought something."""
    if asked.by is None:
        return await _active_rate(connection, asked)
    end = end_of("e.first", asked.period)
    group = group_of(asked.by, who="p.who", day=end)
    sql = _RATE.format(group=group, activity=activity(asked.period), people=PEOPLE, end=end)
    firsts = [period.first for period in asked.periods]
    rows = await connection.fetch(sql, asked.program_id, asked.first, asked.last, firsts)
    cells = [Cell(first, group, active, enrolled, enrolled) for first, group, active, enrolled in rows]
    return filled(cells, asked, ratio=True)


async def _active_rate(connection: Connection, asked: Asked) -> list[Cell]:
    buyers, away = await read_buyers(connection, asked), await read_away(connection, asked)
    _, *held = await read_held(connection, asked)
    cells = []
    for period, tiers in zip(asked.periods, held, strict=True):
        active, enrolled = buyers.get(period.first, NOBODY).active - away[period.first], tiers.total()
        cells.append(Cell(period.first, None, active, enrolled, enrolled))
    return cells


async def read_enrolments(connection: Connection, asked: Asked) -> list[Cell]:
    """Who enrolled."""
    sql = _ENROLLED.format(period=asked.period, group="NULLIF(label, '')" if asked.by == "store" else "NULL::text")
    rows = await connection.fetch(sql, asked.program_id, asked.first, asked.last)
    return filled([Cell(first, group, count, None, count) for first, group, count in rows], asked)


METRICS = [
    Metric(
        slug="active_members",
        label="Active members",
        unit="members",
        definition="Members with at least one purchase in the period that was not voided. Not additive: never sum it"
        " over periods. Source: Farris, Bendle, Pfeifer & Reibstein, Marketing Metrics, 2010, chapter 5.",
        window="the period",
        owner="marketing",
        kind=COUNT,
        read=read_active,
        groups=("tier", "cohort"),
    ),
    Metric(
        slug="active_rate",
        label="Active rate",
        unit="share",
        definition="Of the members enrolled at the end of the period and not closed by then, those with at least one"
        " purchase in it. Source: Farris, Bendle, Pfeifer & Reibstein, Marketing Metrics, 2010, chapter 5.",
        window="the period; enrolled at its end",
        owner="marketing",
        kind=PROPORTION,
        read=read_active_rate,
        groups=("tier", "cohort"),
        reaches=and_before,
    ),
    Metric(
        slug="enrolments",
        label="Enrolments",
        unit="members",
        definition="Members who enrolled in the period, those among them who closed later; of merged members the first"
        " enrolment. By store: where they enrolled.",
        window="the period",
        owner="marketing",
        kind=COUNT,
        read=read_enrolments,
        groups=("store",),
    ),
]
