"""What is no single series, over REST: cohorts, and recency, frequency and monetary value."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.cohorts import DEFINITION as COHORTS
from loyalty_api.insights.cohorts import read_cohorts
from loyalty_api.insights.grids import Wanted, tell_grid
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import Period, periods_between
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.rfm import DEFINITION as RFM
from loyalty_api.insights.rfm import DIMENSIONS, LOOK_BACK_DAYS, SCORINGS
from loyalty_api.insights.series import Present
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import THROUGH, Query, cost_of, read_range, read_through
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class CohortView(msgspec.Struct, frozen=True):
    """Members by the month of their first purchase. ``cells``: how many bought in that month and each behind it, null
    where that is not over. ``left_censored``: the program's first month, whose members may have bought before."""

    cohort: str
    size: int
    left_censored: bool
    cells: list[int | None]


class CohortList(msgspec.Struct, frozen=True):
    """The matrix."""

    definition: str
    time_zone: str
    through: date
    cohorts: list[CohortView]


class CutOffView(msgspec.Struct, frozen=True):
    """What a score stands for: from the least to the most of its members, in days, purchases or minor units."""

    score: int
    least: int
    most: int
    members: int


class CutOffs(msgspec.Struct, frozen=True):
    """Of each dimension, by score."""

    r: list[CutOffView]
    f: list[CutOffView]
    m: list[CutOffView]


class RfmCell(msgspec.Struct, frozen=True):
    """Members with these scores, from 1 to 5, 5 the best."""

    r: int
    f: int
    m: int
    members: int


class RfmGrid(msgspec.Struct, frozen=True):
    """The grid: cells that have members. ``as_of``: what was known by then is in it; of a program of many buyers the
    usual grid of today is worked out every few minutes."""

    definition: str
    scoring: str
    look_back_days: int
    currency: str
    time_zone: str
    through: date
    as_of: datetime
    cut_offs: CutOffs
    cells: list[RfmCell]


async def cohorts(door: Door, call: Call) -> Answer:
    """The cohort matrix."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        first, last, through = read_range(query, call, program, "month")
        query.check()
        asked = _asked(call, program, through, periods_between(first, last, "month"))
        found = await read_cohorts(connection, asked, Present(program.present(call.received_at), program.zone))
    if as_csv:
        width = len(found[0].cells) if found else 0
        header = ("cohort", "size", "left_censored", *(f"month_{number}" for number in range(width)))
        return answer_csv(header, ((*each[:3], *each.cells) for each in found))
    views = [CohortView(*each) for each in found]
    return answer_json(CohortList(COHORTS, program.zone.key, through, views))


async def rfm(door: Door, call: Call) -> Answer:
    """The grid."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        scoring = query.one_of("scoring", SCORINGS, SCORINGS[0]) or SCORINGS[0]
        days, through = query.count("look_back_days", LOOK_BACK_DAYS), read_through(query, call, program)
        query.check()
        wanted = Wanted(program.id, through, scoring, days)
        as_of, found = await tell_grid(connection, wanted, program.present(call.received_at))
    if as_csv:
        return answer_csv((*DIMENSIONS, "members"), found.cells)
    cut_offs = CutOffs(**{name: [CutOffView(*each) for each in cuts] for name, cuts in found.cut_offs.items()})
    cells = [RfmCell(*each) for each in found.cells]
    described = (RFM, scoring, days, program.currency, program.zone.key, through, as_of)
    return answer_json(RfmGrid(*described, cut_offs, cells))


def _asked(call: Call, program: Program, through: date, periods: list[Period]) -> Asked:
    return Asked(
        program_id=program.id,
        zone=program.zone,
        cost_minor_per_100=cost_of(program, call),
        through=through,
        period="month",
        periods=periods,
    )


_THIRD = [{"score": 1, "least": 91, "most": 364, "members": 20}, {"score": 5, "least": 0, "most": 3, "members": 21}]
EXAMPLE_COHORTS = {
    "definition": COHORTS,
    "time_zone": "Europe/Berlin",
    "through": "2026-03-31",
    "cohorts": [
        {"cohort": "2026-01", "size": 120, "left_censored": True, "cells": [120, 96, 93]},
        {"cohort": "2026-02", "size": 40, "left_censored": False, "cells": [40, 21, None]},
    ],
}
EXAMPLE_RFM = {
    "definition": RFM,
    "scoring": "ties",
    "look_back_days": 365,
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "through": "2026-03-31",
    "as_of": "2026-03-31T12:00:00Z",
    "cut_offs": {"r": _THIRD, "f": [], "m": []},
    "cells": [{"r": 5, "f": 5, "m": 4, "members": 17}],
}

ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/cohorts",
        handler=cohorts,
        summary="Members by the month of their first purchase, and how many of them bought in each month since",
        query={
            "from": "a local day, of the first cohort; a year of months unless given",
            "to": "a local day, of the last cohort; through unless given",
            "through": THROUGH,
            "format": FORMAT,
        },
        answer=CohortList,
        csv=True,
        refusals=(InsightRebuilding,),
        example_answer=EXAMPLE_COHORTS,
    ),
    Route(
        method="GET",
        path="/v1/insight/rfm",
        handler=rfm,
        summary="Members by recency, frequency and monetary value, with the cut-offs of each score",
        query={
            "scoring": "ties: those alike score alike; quintiles: fifths of equal size; ties unless given",
            "look_back_days": f"days up to through that count; {LOOK_BACK_DAYS} unless given",
            "through": THROUGH,
            "format": FORMAT,
        },
        answer=RfmGrid,
        csv=True,
        refusals=(InsightRebuilding,),
        example_answer=EXAMPLE_RFM,
    ),
]
