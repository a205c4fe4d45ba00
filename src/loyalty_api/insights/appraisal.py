"""What is worked out of a whole program so that each of its members can be told of by themselves: the models of their
buying, and the cut-offs of recency, frequency and monetary value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from loyalty_api.insights.rfm import LOOK_BACK_DAYS, SCORINGS, CutOff, read_rfm
from loyalty_api.insights.value_members import value_members
from loyalty_api.insights.worth import Worth
from loyalty_api.kernel.database import Connection


class Appraisal(msgspec.Struct, frozen=True):
    """``cut_offs``: of r, f and m, where those alike score alike, as of the day of ``worth``."""

    worth: Worth
    cut_offs: dict[str, list[CutOff]]


class Scores(msgspec.Struct, frozen=True):
    """Recency, frequency and monetary value of the last 365 days, from 1 to 5, 5 the best."""

    r: int
    f: int
    m: int


async def appraise_members(connection: Connection, *, program_id: UUID, minor_digits: int, through: date) -> Appraisal:
    """Of everything up to the end of ``through``. Refuses: InsightNotInstalled, InsightRebuilding."""
    grid = await read_rfm(
        connection, program_id=program_id, through=through, scoring=SCORINGS[0], look_back_days=LOOK_BACK_DAYS
    )
    worth = await value_members(
        connection, program_id=program_id, minor_digits=minor_digits, through=through, closed_on=through
    )
    return Appraisal(worth, grid.cut_offs)


def scores_of(cut_offs: dict[str, list[CutOff]], *, r: int, f: int, m: int) -> Scores | None:
    """A member's scores by what they stood for when they were worked out; None: nobody had any."""
    if not all(cut_offs.get(name) for name in ("r", "f", "m")):
        return None
    return Scores(
        max((each.score for each in cut_offs["r"] if r <= each.most), default=1),
        _reached(cut_offs["f"], f),
        _reached(cut_offs["m"], m),
    )


def _reached(cuts: Sequence[CutOff], value: int) -> int:
    return max((each.score for each in cuts if value >= each.least), default=1)
