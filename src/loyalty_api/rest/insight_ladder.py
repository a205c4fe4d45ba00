"""The loyalty ladder over REST: how many members stand where, and how they moved."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec

from loyalty_api.domain.engagement.queries import involvement_in
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.ladder import DEFINITION, LOOK_BACK_DAYS, STAGES
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.stages import NONE, Involved, read_stages
from loyalty_api.kernel.clock import add_days, add_months, start_of_day
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import THROUGH, Query, read_through
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class StageView(msgspec.Struct, frozen=True):
    """How many members stand on a stage at the end of ``through``."""

    stage: str
    members: int


class MoveView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """How many members went from one stage, at the end of the ladder's ``from``, to another; ``none``: no member
    then."""

    from_: str
    to: str
    members: int


class Ladder(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The stages, lowest first, and who moved between the ends of two local days, up or down."""

    definition: str
    from_: date
    through: date
    time_zone: str
    stages: list[StageView]
    moves: list[MoveView]


async def read(door: Door, call: Call) -> Answer:
    """The ladder."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        through = read_through(query, call, program)
        begin = query.day("from", add_months(through, -1))
        if begin > through:
            query.wrong("from", f"must not be after through, {through}")
        query.check()
        await check_rebuilt(connection, program_id=program.id)
        before, after = [await _involved(connection, program, day) for day in (begin, through)]
        found = await read_stages(connection, program_id=program.id, before=before, after=after)
    stages: Counter[str] = Counter()
    for (_, to), members in found.items():
        stages[to] += members
    places = (*STAGES, NONE)
    moves = [
        MoveView(one, other, found[one, other])
        for one in places
        for other in places
        if one != other and found[one, other]
    ]
    views = [StageView(stage, stages[stage]) for stage in STAGES]
    if as_csv:
        return answer_csv(StageView.__struct_fields__, [msgspec.structs.astuple(view) for view in views])
    return answer_json(Ladder(DEFINITION, begin, through, program.zone.key, views, moves))


async def _involved(connection: Connection, program: Program, last: date) -> Involved:
    since = start_of_day(add_days(last, 1 - LOOK_BACK_DAYS), program.zone)
    before = start_of_day(add_days(last, 1), program.zone)
    found = await involvement_in(connection, program_id=program.id, since=since, before=before)
    return Involved(last, {member_id: each.unsolicited > 0 for member_id, each in found.items()})


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/ladder",
        handler=read,
        summary="The loyalty ladder: members by stage, and their moves up and down",
        query={
            "from": "a local day, at whose end the moves begin; a month before through unless given",
            "through": THROUGH,
            "format": FORMAT,
        },
        answer=Ladder,
        csv=True,
        refusals=(InsightRebuilding,),
    ),
]
