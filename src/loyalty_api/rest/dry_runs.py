"""Dry-run rules over REST: what each would have given so far."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.purchases.queries import dry_run_totals
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class DryRun(msgspec.Struct, frozen=True):
    """One rule: on how many purchases it would have given points, and how many, in every version where it was one."""

    rule: str
    purchases: int
    points: int


class DryRuns(msgspec.Struct, frozen=True):
    """All rules that ever would have given points, by code."""

    items: list[DryRun]


async def read(door: Door, call: Call) -> Answer:
    """Sums over the purchases that a dry-run rule would have fired on."""
    async with door.database.reader() as connection:
        rows = await dry_run_totals(connection, program_id=call.program_id)
    return answer_json(DryRuns([DryRun(*row) for row in rows]))


ROUTES = [
    Route(
        method="GET",
        path="/v1/program/dry-runs",
        handler=read,
        summary="What each dry-run rule would have given",
        answer=DryRuns,
    ),
]
