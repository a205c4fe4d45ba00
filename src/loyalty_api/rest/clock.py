"""The test clock over REST, for programs of mode test."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from loyalty_api.domain.lifecycle.nightly import Ran, run_due
from loyalty_api.domain.programs.refusals import ClockBackwards, ClockNotAllowed
from loyalty_api.domain.programs.set_clock import set_clock
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.rest.decode import check_years
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class ClockBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The instant that is to be the program's present."""

    now: Annotated[datetime, Meta(tz=True)]

    def __post_init__(self) -> None:
        """The program's present is reckoned with, so it keeps away from the edges of the calendar."""
        check_years(now=self.now)


class ClockAnswer(msgspec.Struct, frozen=True):
    """The program's present."""

    now: str


class ClockSet(msgspec.Struct, frozen=True):
    """The program's present, and what was due by then and is done."""

    now: str
    ran: Ran


async def read(door: Door, call: Call) -> Answer:
    """The program's present; the real one until the clock is set."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    return answer_json(ClockAnswer(rfc3339(program.present(call.received_at))))


async def set_(door: Door, call: Call) -> Answer:
    """Sets the program's present, and answers when all is done that is due by then; it stands still until it is set
    again."""
    body: ClockBody = call.body
    await door.database.write(
        lambda connection: set_clock(connection, program_id=call.program_id, instant=body.now, now=call.received_at)
    )
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
    ran = await run_due(door.database, program, now=body.now)
    return answer_json(ClockSet(rfc3339(body.now), ran))


ROUTES = [
    Route(
        method="GET",
        path="/v1/test-clock",
        handler=read,
        summary="The program's present",
        answer=ClockAnswer,
    ),
    Route(
        method="POST",
        path="/v1/test-clock",
        handler=set_,
        summary="Set a test program's present (forward, or anywhere while nothing is recorded) and run what is due",
        body=ClockBody,
        answer=ClockSet,
        refusals=(ClockNotAllowed, ClockBackwards),
        example={"now": "2026-12-31T23:00:00Z"},
    ),
]
