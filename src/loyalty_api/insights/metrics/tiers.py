"""Tiers: who holds which, and who moved."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from loyalty_api.insights.activity import PEOPLE, tier_at
from loyalty_api.insights.metric import COUNT, Asked, Cell, Metric
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

NONE = "none"  # who was not a member then

_HERE = "p.enrolled_on <= {day} AND (p.closed_on IS NULL OR p.closed_on > {day})"
_HELD = f"""
SELECT e.day, {tier_at("p.who", "e.day")} AS tier, count(*)
FROM unnest($2::date[]) AS e (day) JOIN ({PEOPLE}) AS p ON {_HERE.format(day="e.day")}
GROUP BY 1, 2 ORDER BY 1, 2
"""
# Materialized: folded into the conditions, each tier would be looked up three times.
_MOVED = f"""
WITH moved AS MATERIALIZED (
  SELECT CASE WHEN {_HERE.format(day="$2::date")} THEN {tier_at("p.who", "$2::date")} ELSE '{NONE}' END AS before,
         CASE WHEN {_HERE.format(day="$3::date")} THEN {tier_at("p.who", "$3::date")} ELSE '{NONE}' END AS after
  FROM ({PEOPLE}) AS p
)
SELECT before, after, count(*) FROM moved
WHERE before IS NOT NULL AND after IS NOT NULL AND (before, after) <> ('{NONE}', '{NONE}')
GROUP BY 1, 2 ORDER BY 1, 2
"""


async def migration(
    connection: Connection, *, program_id: UUID, before: date, after: date
) -> dict[tuple[str, str], int]:
    """How many members held which tier at the end of one day and at the end of another; ``none``: no member then."""
    rows = await connection.fetch(_MOVED, program_id, before, after)
    return {(row["before"], row["after"]): row["count"] for row in rows}


async def read_held(connection: Connection, asked: Asked) -> list[Cell]:
    """Who holds which tier."""
    ends = {min(period.last, asked.last): period.first for period in asked.periods}
    rows = await connection.fetch(_HELD, asked.program_id, list(ends))
    return [Cell(ends[day], tier, count, None, count) for day, tier, count in rows]


async def read_migration(connection: Connection, asked: Asked) -> list[Cell]:
    """Who went from which to which."""
    cells = []
    for period in asked.periods:
        before, after = add_days(period.first, -1), min(period.last, asked.last)
        found = await migration(connection, program_id=asked.program_id, before=before, after=after)
        cells += [Cell(period.first, f"{one}>{other}", n, None, n) for (one, other), n in found.items()]
    return cells


METRICS = [
    Metric(
        slug="tier_members",
        label="Members by tier",
        unit="members",
        definition="Members who hold each tier at the end of the period, closed ones left out; group is the tier. Not"
        " additive: never sum it over periods.",
        window="the end of the period",
        owner="marketing",
        kind=COUNT,
        read=read_held,
        groups=("tier",),
    ),
    Metric(
        slug="tier_migration",
        label="Tier migration",
        unit="members",
        definition="Members by the tier that they held when the period began and when it ended; group is"
        f" before>after, {NONE} for who was no member then. Source: Pfeifer & Carraway, Journal of Interactive"
        " Marketing 14(2), 2000.",
        window="from the end of the period before to the end of the period",
        owner="marketing",
        kind=COUNT,
        read=read_migration,
    ),
]
