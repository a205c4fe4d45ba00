"""The months of earning as the ledger has them: no event tells which lots a redemption drew on."""

from __future__ import annotations

import math
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.points.cohorts import read_cohorts
from loyalty_api.insights.matured import Aged, Cohort, Flow, aged_over, cohorts_at, redeemed_from
from loyalty_api.kernel.database import Connection


class Earned(NamedTuple):
    """What became of the points of each month (week, day) of earning, by day; and what members owe."""

    flows: list[Flow]
    owed: int

    def at(self, through: date) -> list[Cohort]:
        """The months as they stood at the end of ``through``."""
        return cohorts_at(self.flows, through)

    def known_shares(self, through: date) -> dict[int, float]:
        """Of points of each age in months, the share that is redeemed in the end, as far as matured months told by
        then. ``flows`` are of months."""
        known = [flow for flow in self.flows if flow.day <= through]
        return redeemed_from(known, [cohort.first for cohort in self.at(through) if cohort.is_matured])

    def by_age(self, *throughs: date) -> list[list[Aged]]:
        """What was outstanding at the end of each of these days, which ascend, by age in months, with those shares."""
        return aged_over(self.flows, throughs)


async def read_earned(
    connection: Connection,
    *,
    program_id: UUID,
    zone: ZoneInfo,
    through: date,
    period: str = "month",
    within: tuple[date, date] | None = None,
) -> Earned:
    """All of it that was recorded by the end of ``through``. ``within``: of periods between these days, as they stood
    then, and not by day."""
    terms = {"program_id": program_id, "zone": zone, "through": through, "period": period}
    found = await read_cohorts(connection, **terms, within=within)
    return Earned([Flow(*each) for each in found.days], found.owed)


def liability_minor(aged: list[Aged], cost_minor_per_100: int) -> int:
    """What the points are expected to cost, in minor units, half of one counting whole: those that will be redeemed."""
    return math.floor(sum(each.points * each.share for each in aged) * cost_minor_per_100 / 100 + 0.5)
