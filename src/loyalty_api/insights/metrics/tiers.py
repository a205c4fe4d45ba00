"""Tiers: who holds which, and who moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from loyalty_api.insights.activity import PEOPLE, tier_at
from loyalty_api.insights.counted import read_held, read_moved
from loyalty_api.insights.counts import NONE
from loyalty_api.insights.metric import COUNT, Asked, Cell, Metric, and_before
from loyalty_api.kernel.clock import add_days
from loyalty_api.kernel.database import Connection

_HERE = "p.enrolled_on <= {day} AND (p.closed_on IS NULL OR p.closed_on > {day})"
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


async def read_tiers(connection: Connection, asked: Asked) -> list[Cell]:
    """Who holds which tier."""
    _, *held = await read_held(connection, asked)
    return [
        Cell(period.first, tier or None, tiers[tier], None, tiers[tier])
        for period, tiers in zip(asked.periods, held, strict=True)
        for tier in sorted(tiers, key=lambda each: (not each, each))
    ]


async def read_migration(connection: Connection, asked: Asked) -> list[Cell]:
    """Who went from which to which: of whole periods as they were counted, of one that is cut off one by one."""
    held, moved = await read_held(connection, asked), await read_moved(connection, asked)
    cells = []
    for opening, period in zip(held[:-1], asked.periods, strict=True):
        if period.first in moved:
            found = _with_those_who_stayed(moved[period.first], opening)
        else:
            before, after = add_days(period.first, -1), min(period.last, asked.last)
            found = await migration(connection, program_id=asked.program_id, before=before, after=after)
        cells += [
            Cell(period.first, f"{one}>{other}", found[one, other], None, found[one, other])
            for one, other in sorted(found)
        ]
    return cells


def _with_those_who_stayed(moved: Mapping[tuple[str, str], int], opening: Counter[str]) -> dict[tuple[str, str], int]:
    stayed = Counter(opening)
    for (before, _), count in moved.items():
        stayed[before] -= count
    found = {(tier, tier): count for tier, count in stayed.items() if count and tier != NONE} | dict(moved)
    return {pair: count for pair, count in found.items() if all(pair)}


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
        read=read_tiers,
        groups=("tier",),
        reaches=and_before,
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
        reaches=and_before,
    ),
]
