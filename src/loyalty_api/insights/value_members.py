"""The verb: works out what a program's members are worth, at ``through``; and scores some of them.

What takes long runs beside the event loop. numpy and scipy, the extra ``insight``, are asked for only here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from importlib import import_module
from types import ModuleType
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.insights.histories import Bought, bought_after, first_day, read_histories
from loyalty_api.insights.worth import HOLDOUT_DAYS_MIN, Assumptions, HoldOut, InsightNotInstalled, Value, Worth
from loyalty_api.kernel.clock import add_days, end_of_day, local_date
from loyalty_api.kernel.database import Connection


async def value_members(
    connection: Connection, *, program_id: UUID, minor_digits: int, through: date, closed_on: date
) -> Worth:
    """The models of everything up to the end of ``through``, and how a model of an earlier time did.

    What came after ``through`` and before the end of ``closed_on``, the last day that is over, is held out. Where
    nothing did, the latter half of the time is, from the models that the former half gives. Refuses:
    InsightNotInstalled.
    """
    fitting = await asyncio.to_thread(_fitting)
    rows = await read_histories(connection, program_id=program_id, through=through)
    model = await asyncio.to_thread(fitting.fit_worth, rows, minor_digits=minor_digits)
    known_on, until, known_rows, known_model = through, closed_on, rows, model
    if (closed_on - through).days < HOLDOUT_DAYS_MIN:
        first = await first_day(connection, program_id=program_id) or through
        known_on, until = first + (through - first) // 2, through
        if (until - known_on).days < HOLDOUT_DAYS_MIN:
            return Worth(model=model, holdout=None, as_of=through)
        known_rows = await read_histories(connection, program_id=program_id, through=known_on)
        known_model = await asyncio.to_thread(fitting.fit_worth, known_rows, minor_digits=minor_digits)
    ahead = (until - known_on).days
    expected = await asyncio.to_thread(fitting.expect, known_model, known_rows, within_days=ahead)
    after = await bought_after(connection, program_id=program_id, known_on=known_on, through=until)
    holdout = HoldOut(
        expected=expected, actual=after.purchases, members=after.members, known_on=known_on, through=until
    )
    return Worth(model=model, holdout=holdout, as_of=through)


async def score_members(
    worth: Worth, bought: Sequence[Bought], *, through: date, minor_digits: int, assumptions: Assumptions
) -> list[Value]:
    """What each of them is worth at the end of ``through``, by the model. Refuses: InsightNotInstalled."""
    fitting = await asyncio.to_thread(_fitting)
    terms = {"through": through, "minor_digits": minor_digits, "assumptions": assumptions}
    return await asyncio.to_thread(fitting.score, worth.model, bought, **terms)


def last_closed(now: datetime, zone: ZoneInfo) -> date:
    """The last local day that is over at ``now``: its last second has come."""
    today = local_date(now, zone)
    return today if end_of_day(today, zone) <= now else add_days(today, -1)


def _fitting() -> ModuleType:
    try:
        return import_module("loyalty_api.insights.fit_worth")
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in ("numpy", "scipy"):
            raise
        raise InsightNotInstalled(
            "numpy and scipy are not installed on this server: pip install 'loyalty_api[insight]' brings them."
        ) from missing
