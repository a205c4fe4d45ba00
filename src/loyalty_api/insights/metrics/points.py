"""Points: what was issued and what became of it.

By days of the ledger: outstanding at the end of the period before + opened + earned - redeemed - taken back - expired
+ adjusted = outstanding at its end, to the point.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from loyalty_api.insights.earned import liability_minor, read_earned
from loyalty_api.insights.metric import COUNT, RATIO, Asked, Cell, Metric, as_recorded, filled
from loyalty_api.kernel.clock import add_days, local_date, start_of_day
from loyalty_api.kernel.database import Connection

WARNED_DAYS = 14

_REDEEMED = "points_redeemed - points_given_back"
OUTSTANDING = f"""
points_opened + points_earned - ({_REDEEMED}) - points_taken_back - points_expired + points_adjusted"""
_SUM = """
SELECT date_trunc('{period}', day::timestamp)::date, sum({points})::bigint, sum({below})::bigint
FROM insight_program_days WHERE program_id = $1 AND day >= $2::date AND day <= $3::date GROUP BY 1
"""
_BEFORE = f"SELECT COALESCE(sum({OUTSTANDING}), 0)::bigint FROM insight_program_days WHERE program_id = $1 AND day < $2"
_ENDS = """
SELECT DISTINCT expires_at FROM insight_expiries
WHERE program_id = $1 AND expired_on >= $2::date AND expired_on <= $3::date
"""
# A notice counts by its day: the night that gives it is on the first that is soon enough. Whoever was merged was told
# of lots by their old ids; the end is the same. ``$4`` and ``$5``: each end, and before when it is soon enough.
_UNWARNED = """
WITH aliases AS MATERIALIZED (
  SELECT member_id, merged_into FROM insight_members WHERE program_id = $1 AND merged_into IS NOT NULL
)
SELECT date_trunc('{period}', e.expired_on::timestamp)::date,
       COALESCE(sum(e.points) FILTER (WHERE n.lot_id IS NULL AND a.who IS NULL), 0)::bigint, sum(e.points)::bigint,
       count(DISTINCT COALESCE(m.merged_into, e.member_id))
FROM insight_expiries e JOIN unnest($4::timestamptz[], $5::timestamptz[]) AS u (expires_at, soon) USING (expires_at)
LEFT JOIN aliases m ON m.member_id = e.member_id
LEFT JOIN insight_notices n ON n.program_id = $1 AND n.member_id = e.member_id AND n.lot_id = e.lot_id
                           AND n.expires_at = e.expires_at AND n.noticed_at < u.soon
LEFT JOIN (
  SELECT o.merged_into AS who, n.expires_at, min(n.noticed_at) AS noticed_at
  FROM aliases o JOIN insight_notices n USING (member_id) GROUP BY 1, 2
) AS a ON a.who = e.member_id AND a.expires_at = e.expires_at AND a.noticed_at < u.soon
WHERE e.program_id = $1 AND e.expired_on >= $2::date AND e.expired_on <= $3::date GROUP BY 1
"""


async def _sums(connection: Connection, asked: Asked, points: str, below: str = "0") -> list[tuple[date, int, int]]:
    sql = _SUM.format(period=asked.period, points=points, below=below)
    return [tuple(row) for row in await connection.fetch(sql, asked.program_id, asked.first, asked.last)]


def _summed(points: str) -> Callable[[Connection, Asked], Awaitable[list[Cell]]]:
    async def read(connection: Connection, asked: Asked) -> list[Cell]:
        sums = await _sums(connection, asked, points)
        return filled([Cell(first, None, total, None, total) for first, total, _ in sums], asked)

    return read


async def read_outstanding(connection: Connection, asked: Asked) -> list[Cell]:
    """What members hold, debts taken off."""
    total: int = await connection.fetchval(_BEFORE, asked.program_id, asked.first)
    changes = {first: change for first, change, _ in await _sums(connection, asked, OUTSTANDING)}
    cells = []
    for period in asked.periods:
        total += changes.get(period.first, 0)
        cells.append(Cell(period.first, None, total, None, total))
    return cells


async def read_burn(connection: Connection, asked: Asked) -> list[Cell]:
    """Points redeemed for each that was issued."""
    sums = await _sums(connection, asked, _REDEEMED, "points_issued")
    return filled([Cell(first, None, points, issued, issued) for first, points, issued in sums], asked, ratio=True)


async def _matured(connection: Connection, asked: Asked, of: str) -> list[Cell]:
    earned = await read_earned(
        connection,
        program_id=asked.program_id,
        zone=asked.zone,
        through=asked.through,
        period=asked.period,
        within=(asked.first, asked.periods[-1].last),
    )
    cohorts: dict[date, Any] = {cohort.first: cohort for cohort in earned.at(asked.through)}
    cells = []
    for period in asked.periods:
        cohort = cohorts.get(period.first)
        if cohort is None or not (cohort.issued or cohort.redeemed or cohort.expired):
            cells.append(Cell(period.first, None, 0, 0, 0))
            continue
        points = getattr(cohort, of) if cohort.is_matured else None
        cells.append(Cell(period.first, None, points, cohort.issued, cohort.issued, settled=cohort.is_matured))
    return cells


async def read_redemption_rate(connection: Connection, asked: Asked) -> list[Cell]:
    """Of what was earned in the period, the redeemed."""
    return await _matured(connection, asked, "redeemed")


async def read_breakage(connection: Connection, asked: Asked) -> list[Cell]:
    """Of what was earned in the period, the expired."""
    return await _matured(connection, asked, "expired")


async def read_liability(connection: Connection, asked: Asked) -> list[Cell]:
    """What the outstanding points are expected to cost."""
    earned = await read_earned(connection, program_id=asked.program_id, zone=asked.zone, through=asked.last)
    aged_by_period = earned.by_age(*(min(period.last, asked.last) for period in asked.periods))
    cells = []
    for period, aged in zip(asked.periods, aged_by_period, strict=True):
        cost = liability_minor(aged, asked.cost_minor_per_100)
        cells.append(Cell(period.first, None, cost, None, sum(each.points for each in aged)))
    return cells


async def read_unwarned(connection: Connection, asked: Asked) -> list[Cell]:
    """Of what expired, that of which nobody was told in time."""
    days = asked.program_id, asked.first, asked.last
    ends = [row["expires_at"] for row in await connection.fetch(_ENDS, *days)]
    soon = [start_of_day(add_days(local_date(end, asked.zone), 1 - WARNED_DAYS), asked.zone) for end in ends]
    rows = await connection.fetch(_UNWARNED.format(period=asked.period), *days, ends, soon)
    return filled([Cell(first, None, *counts) for first, *counts in rows], asked, ratio=True)


_LEDGER = "By when the ledger recorded it. n: points."
_MATURED = "of points earned in the period, known once the last of them has reached its expiry and none is left: a"
_MATURED += " young month tells nothing. What returns took back was not issued. n: points. Source: Gault, Llaguno &"
_MATURED += " Menard, Loyalty Rewards and Gift Card Programs, Casualty Actuarial Society."


def _metric(slug: str, label: str, definition: str, read: Any, **changes: Any) -> Metric:
    row: dict[str, Any] = {"unit": "points", "window": "the period", "owner": "finance", "kind": COUNT} | changes
    return Metric(slug=slug, label=label, definition=definition, read=read, **row)


METRICS = [
    _metric(
        "points_issued",
        "Points issued",
        "Points that purchases and engagement of the period earned, by when those happened, pending points among them;"
        " what a return took back stays issued, a purchase that was voided issued nothing. n: points.",
        _summed("points_issued"),
    ),
    _metric(
        "points_redeemed",
        "Points redeemed",
        f"Points spent on rewards and purchases, less those given back. {_LEDGER}",
        _summed(_REDEEMED),
        reaches=as_recorded,
    ),
    _metric(
        "points_expired",
        "Points expired",
        f"Points whose lot ended. {_LEDGER}",
        _summed("points_expired"),
        reaches=as_recorded,
    ),
    _metric(
        "points_outstanding",
        "Points outstanding",
        "What members hold at the end of the period, pending and reserved points among it, debts taken off: that of the"
        f" period before + brought along + earned - redeemed - taken back - expired + adjusted. {_LEDGER}",
        read_outstanding,
        window="everything to the end of the period",
        reaches=as_recorded,
    ),
    _metric(
        "burn_ratio",
        "Burn ratio",
        "Points redeemed / points issued, both of the period: of different points, so that it can exceed 1. How much of"
        " what is earned is ever redeemed, the redemption rate says.",
        read_burn,
        unit="redeemed per issued point",
        kind=RATIO,
    ),
    _metric(
        "redemption_rate",
        "Redemption rate",
        f"Redeemed / issued, {_MATURED}",
        read_redemption_rate,
        version=2,
        unit="share",
        window="the whole life of points earned in the period",
        kind=RATIO,
    ),
    _metric(
        "breakage",
        "Breakage",
        f"Expired / issued, {_MATURED} 1 - redemption rate.",
        read_breakage,
        version=2,
        unit="share",
        window="the whole life of points earned in the period",
        kind=RATIO,
    ),
    _metric(
        "liability",
        "Points liability (operational)",
        "Points outstanding at the end of the period × what a point costs × the share of points of that age which is"
        " redeemed in the end, by matured months (1 until there is one). Not the accounting figure of IFRS 15 or"
        " ASC 606. n: points.",
        read_liability,
        unit="minor units",
        window="everything to the end of the period",
        reaches=as_recorded,
    ),
    _metric(
        "unwarned_breakage",
        "Unwarned breakage",
        f"Of the points that expired in the period, those whose member had no notice at least {WARNED_DAYS} days"
        " before. n: members whose points expired.",
        read_unwarned,
        unit="share",
        owner="service",
        kind=RATIO,
        reaches=as_recorded,
    ),
]
