"""What a program's members are worth over REST: the models, how well they did, and what was assumed."""

from __future__ import annotations

from datetime import date

import msgspec

from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.fits import fit_at, newest_fit
from loyalty_api.insights.histories import count_buyers
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.value_members import last_closed, value_members
from loyalty_api.insights.worth import InsightNotInstalled, NotFittedYet, Worth
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.money import minor_digits
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import Query, read_through
from loyalty_api.rest.route import Answer, Call, Route, answer_json

BUYERS_MAX = 100_000  # about a second's work; more are the worker's


async def read(door: Door, call: Call) -> Answer:
    """The newest fit, or one of everything up to the end of ``through``: what came after that is held out."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        through = read_through(query, call, program) if query.has("through") else None
        query.check()
        closed_on = last_closed(program.present(call.received_at), program.zone)
        worth = await find_worth(connection, program, through=through, closed_on=closed_on)
    if as_csv:
        table = msgspec.structs.asdict(worth.model) | {"as_of": worth.as_of}
        return answer_csv(list(table), [list(table.values())])
    return answer_json(worth)


async def find_worth(connection: Connection, program: Program, *, through: date | None, closed_on: date) -> Worth:
    """What the worker has kept, else worked out now. ``through`` None: the newest. Refuses: InvalidRequest,
    NotFittedYet, InsightNotInstalled, InsightRebuilding."""
    if through is None:
        kept = await newest_fit(connection, program_id=program.id, by=closed_on)
    else:
        kept = await fit_at(connection, program_id=program.id, through=through) if through >= closed_on else None
    if kept is not None:
        return kept.worth
    await check_rebuilt(connection, program_id=program.id)
    if await count_buyers(connection, program_id=program.id) > BUYERS_MAX:
        if through is None:
            raise NotFittedYet("The worker (loyalty work) fits the models once a week; it has not done so yet.")
        fault = f"can only be asked of programs with at most {BUYERS_MAX:,} buyers; leave it out for the newest fit"
        raise InvalidRequest.of(FieldError("through", fault))
    return await value_members(
        connection,
        program_id=program.id,
        minor_digits=minor_digits(program.currency),
        through=through or closed_on,
        closed_on=closed_on,
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/lifetime-value",
        handler=read,
        summary="BG/NBD and Gamma-Gamma: what members will buy, how well that was foreseen, and what it rests on",
        query={
            "through": "of what happened up to the end of this local day, 2026-03-31; the newest fit unless given",
            "format": FORMAT,
        },
        answer=Worth,
        csv=True,
        refusals=(InsightNotInstalled, NotFittedYet, InsightRebuilding),
    ),
]
