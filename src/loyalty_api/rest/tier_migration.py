"""Between which tiers members went from one day to another, over REST."""

from __future__ import annotations

from datetime import date

import msgspec

from loyalty_api.insights.counts import NONE
from loyalty_api.insights.metrics.tiers import migration
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.kernel.clock import add_months
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import Query, read_through
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class MigrationCell(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How many members held the one tier and then the other; ``none``: no member then."""

    from_: str
    to: str
    members: int


class Migration(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """From the end of the local day ``from`` to the end of ``to``. ``tiers``: lowest first, ``none`` last. The cells of
    a ``from`` add up to who held it then."""

    from_: date
    to: date
    time_zone: str
    tiers: list[str]
    cells: list[MigrationCell]


async def read(door: Door, call: Call) -> Answer:
    """The matrix, every cell of it."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        today = read_through(query, call, program)
        to = query.day("to", today)
        before = query.day("from", add_months(to, -1))
        if to > today:
            query.wrong("to", f"must not be after today, {today}, as the program has it")
        elif before > to:
            query.wrong("from", f"must not be after to, {to}")
        query.check()
        await check_rebuilt(connection, program_id=program.id)
        found = await migration(connection, program_id=program.id, before=before, after=to)
    document = program.version_at(program.present(call.received_at)).document
    known = [level.code for level in document.tiers.levels] if document.tiers else []
    former = sorted({tier for pair in found for tier in pair} - {*known, NONE})
    tiers = [*known, *former, NONE]
    cells = [
        MigrationCell(one, other, found.get((one, other), 0))
        for one in tiers
        for other in tiers
        if (one, other) != (NONE, NONE)
    ]
    if as_csv:
        return answer_csv(("from", "to", "members"), [msgspec.structs.astuple(cell) for cell in cells])
    return answer_json(Migration(before, to, program.zone.key, tiers, cells))


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/tier-migration",
        handler=read,
        summary="Between which tiers members went: a matrix, with none for joiners and leavers",
        query={
            "from": "a local day, at whose end it begins; a month before to unless given",
            "to": "a local day, at whose end it ends; today unless given",
            "format": FORMAT,
        },
        answer=Migration,
        csv=True,
        refusals=(InsightRebuilding,),
    ),
]
