"""What a program's members are worth over REST: the models, how well they did, and what was assumed."""

from __future__ import annotations

from datetime import date

from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.fits import fit_at, newest_fit
from loyalty_api.insights.histories import count_buyers
from loyalty_api.insights.value_members import last_closed, value_members
from loyalty_api.insights.worth import InsightNotInstalled, NotFittedYet, Worth
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.money import minor_digits
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json

BUYERS_MAX = 100_000  # about a second's work; more are the worker's


async def read(door: Door, call: Call) -> Answer:
    """The newest fit, or one of everything up to the end of ``through``: what came after that is held out."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        closed_on = last_closed(local_date(program.present(call.received_at), program.zone))
        through = _through(call.query.get("through"), closed_on)
        return answer_json(await find_worth(connection, program, through=through, closed_on=closed_on))


async def find_worth(connection: Connection, program: Program, *, through: date | None, closed_on: date) -> Worth:
    """What the worker has kept, else worked out now. ``through`` None: the newest. Refuses: InvalidRequest,
    NotFittedYet, InsightNotInstalled."""
    if through is None:
        kept = await newest_fit(connection, program_id=program.id, by=closed_on)
    else:
        kept = await fit_at(connection, program_id=program.id, through=through) if through == closed_on else None
    if kept is not None:
        return kept
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


def _through(text: str | None, closed_on: date) -> date | None:
    if text is None:
        return None
    try:
        through = date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest.of(FieldError("through", "must be a date, as 2026-06-30")) from None
    if through > closed_on:
        raise InvalidRequest.of(FieldError("through", f"must be {closed_on}, the last day that is over, or before"))
    return through


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/lifetime-value",
        handler=read,
        summary="BG/NBD and Gamma-Gamma: what members will buy, how well that was foreseen, and what it rests on",
        query={"through": "of what happened up to the end of this local day; the newest fit unless given"},
        answer=Worth,
        refusals=(InsightNotInstalled, NotFittedYet),
    ),
]
