"""Members: who is active, of how many, and who enrolled."""

from __future__ import annotations

from collections import Counter

from loyalty_api.insights.counted import NOBODY, read_away, read_buyers, read_held
from loyalty_api.insights.counts import ENROLLED
from loyalty_api.insights.grouped import read_here, read_sums
from loyalty_api.insights.metric import COUNT, PROPORTION, Asked, Cell, Metric, and_before, filled
from loyalty_api.kernel.database import Connection

_ENROLLED = f"""
SELECT date_trunc('{{period}}', day::timestamp)::date, {{group}}, sum(members)::bigint FROM insight_counts
WHERE program_id = $1 AND kind = '{ENROLLED}' AND day >= $2::date AND day <= $3::date GROUP BY 1, 2
"""


async def read_active(connection: Connection, asked: Asked) -> list[Cell]:
    """Who bought something."""
    if asked.by is None:
        counts = (await read_buyers(connection, asked)).items()
        return filled([Cell(first, None, each.active, None, each.active) for first, each in counts], asked)
    sums = await read_sums(connection, asked)
    return filled([Cell(each.first, each.group, each.active, None, each.active) for each in sums if each.active], asked)


async def read_active_rate(connection: Connection, asked: Asked) -> list[Cell]:
    """Of the enrolled, those who bought something."""
    if asked.by is None:
        return await _active_rate(connection, asked)
    if asked.by == "tier":
        _, *held = await read_held(connection, asked)
        here: list[Counter[str | None]] = [Counter({tier or None: tiers[tier] for tier in tiers}) for tiers in held]
    else:
        here = await read_here(connection, asked)
    active = {(each.first, each.group): each.enrolled for each in await read_sums(connection, asked)}
    cells = [
        Cell(period.first, group, active.get((period.first, group), 0), count, count)
        for period, groups in zip(asked.periods, here, strict=True)
        for group, count in groups.items()
    ]
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
