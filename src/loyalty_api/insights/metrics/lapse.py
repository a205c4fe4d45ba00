"""Who lapsed, was reactivated, and is alive, by a window of days without a purchase.

A member lapses on the day ``last purchase + window``, unless they buy on that very day. For every period and window:
alive at the end of the one before + new + reactivated - lapsed = alive at its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from loyalty_api.insights.activity import BUYING_DAYS
from loyalty_api.insights.counted import Flows, count_active, read_flows
from loyalty_api.insights.grouped import read_flows_by_cohort
from loyalty_api.insights.metric import COUNT, WINDOW_DAYS, Asked, Cell, Metric, and_before, and_window, filled
from loyalty_api.insights.periods import Period
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

SOURCE = "The window is a convention, as nobody sees a customer leave: Reinartz & Kumar, Journal of Marketing 64(4)"
SOURCE += ", 2000; Fader & Hardie, Journal of Interactive Marketing 23(1), 2009. 56 days suit groceries."

# Of each person's buying days, the one before and the one after; a flow is a day and +1 or -1 of the alive.
_FLOWS = """
WITH days AS ({buying_days}),
gaps AS (
    SELECT who, day, lag(day) OVER w AS before, lead(day) OVER w AS next,
           {cohort} AS cohort
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
_COHORT = "to_char(date_trunc('month', (min(day) OVER (PARTITION BY who))::timestamp), 'YYYY-MM')"


async def _flows_by(connection: Connection, asked: Asked) -> dict[str, Counter[tuple[date, str | None]]]:
    """Of each flow, how many by period and cohort, from the beginning; of another window than the usual one by each
    day of each person."""
    if asked.window_days == WINDOW_DAYS:
        return await read_flows_by_cohort(connection, asked)
    sql = _FLOWS.format(buying_days=BUYING_DAYS, period=asked.period, cohort=_COHORT)
    found: dict[str, Counter[tuple[date, str | None]]] = {each: Counter() for each in ("new", "reactivated", "lapsed")}
    for flow, first, group, count in await connection.fetch(sql, asked.program_id, asked.last, asked.window_days):
        found[flow][first, group] += count
    return found


async def _read(connection: Connection, asked: Asked, flow: str) -> list[Cell]:
    if asked.by is None:
        flows = await read_flows(connection, asked)
        return _filled(asked, (((first, None), getattr(each, flow)) for first, each in flows.items()))
    return _filled(asked, (await _flows_by(connection, asked))[flow].items())


async def read_lapsed(connection: Connection, asked: Asked) -> list[Cell]:
    """Who lapsed."""
    return await _read(connection, asked, "lapsed")


async def read_reactivated(connection: Connection, asked: Asked) -> list[Cell]:
    """Who bought again."""
    return await _read(connection, asked, "reactivated")


async def read_alive(connection: Connection, asked: Asked) -> list[Cell]:
    """Who has not lapsed by the end."""
    if asked.by is None:
        return await _alive(connection, asked)
    flows = await _flows_by(connection, asked)
    changes = flows["new"] + flows["reactivated"]
    changes.subtract(flows["lapsed"])
    alive: Counter[tuple[date, str | None]] = Counter()
    for group in {group for _, group in changes}:
        mine = sorted((first, count) for (first, each), count in changes.items() if each == group)
        for period in asked.periods:
            alive[period.first, group] = sum(count for first, count in mine if first <= period.first)
    return _filled(asked, alive.items())


async def _alive(connection: Connection, asked: Asked) -> list[Cell]:
    opening = Period(add_days(asked.first, -asked.window_days), add_days(asked.first, -1))
    alive = await count_active(connection, asked, opening)
    flows = await read_flows(connection, asked)
    counts: dict[tuple[date, str | None], int] = {}
    for period in asked.periods:
        new, reactivated, lapsed = flows.get(period.first, Flows())
        alive += new + reactivated - lapsed
        counts[period.first, None] = alive
    return _filled(asked, counts.items())


def _filled(asked: Asked, counts: Iterable[tuple[Any, int]]) -> list[Cell]:
    asked_for = {period.first for period in asked.periods}
    cells = [Cell(first, group, count, None, count) for (first, group), count in counts if first in asked_for]
    return filled(cells, asked)


def _metric(slug: str, label: str, definition: str, **read: Any) -> Metric:
    return Metric(
        slug=slug,
        label=label,
        unit="members",
        definition=f"{definition} {SOURCE}",
        window="window_days before",
        owner="marketing",
        kind=COUNT,
        groups=("cohort",),
        parameters=("window_days",),
        **read,
    )


METRICS = [
    _metric(
        "lapsed_members",
        "Lapsed members",
        "Members whose lapse date, their last purchase + window_days, is in the period: lapsed at the end of a day when"
        " that is window_days or more behind the last purchase.",
        read=read_lapsed,
        reaches=and_window,
    ),
    _metric(
        "reactivated_members",
        "Reactivated members",
        "Members who bought in the period after they had lapsed; who did so twice counts twice.",
        read=read_reactivated,
        reaches=and_before,
    ),
    _metric(
        "alive_members",
        "Alive members",
        "Members at the end of the period whose last purchase is less than window_days ago: open + new + reactivated"
        " - lapsed.",
        read=read_alive,
        reaches=and_window,
    ),
]
