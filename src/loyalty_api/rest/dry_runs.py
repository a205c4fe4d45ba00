"""Dry-run rules over REST: what each would have given so far."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.engagement.queries import engagement_dry_runs
from loyalty_api.domain.purchases.queries import dry_run_totals
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class DryRun(msgspec.Struct, frozen=True):
    """One rule: on how many purchases and other events it would have given points, and how many, in every version
    where it was one."""

    rule: str
    purchases: int
    events: int
    points: int


class DryRuns(msgspec.Struct, frozen=True):
    """All rules that ever would have given points, by code."""

    items: list[DryRun]


async def read(door: Door, call: Call) -> Answer:
    """Sums over the purchases and events that a dry-run rule would have fired on."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        purchases = await dry_run_totals(connection, program_id=program.id, now=now)
        events = await engagement_dry_runs(connection, program_id=call.program_id)
    on_purchases = {rule: (count, points) for rule, count, points in map(tuple, purchases)}
    on_events = {rule: (count, points) for rule, count, points in map(tuple, events)}
    items = []
    for rule in sorted(on_purchases.keys() | on_events.keys()):
        (bought, points), (happened, more) = on_purchases.get(rule, (0, 0)), on_events.get(rule, (0, 0))
        items.append(DryRun(rule, bought, happened, points + more))
    return answer_json(DryRuns(items))


ROUTES = [
    Route(
        method="GET",
        path="/v1/program/dry-runs",
        handler=read,
        summary="What each dry-run rule would have given",
        answer=DryRuns,
    ),
]
