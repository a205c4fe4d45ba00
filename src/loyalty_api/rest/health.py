"""Health: alive (the process answers) and ready (the database answers and has this code's schema).

A worker that fell behind and a ledger with a broken law are told of, and watched by ``/metrics``; they take no till
away from an API that records purchases as well as ever.
"""

from __future__ import annotations

import msgspec

from loyalty_api.domain.operations.queries import read_ledger, read_worker
from loyalty_api.kernel.migrate import LACKING, is_migrated
from loyalty_api.kernel.refusals import Busy
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class Health(msgspec.Struct, frozen=True):
    """``live``."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """``ready``: purchases can be recorded. ``worker``: ``working``; ``behind``: for a minute it was not seen, or an
    event has waited for it; ``absent``: it never ran. ``ledger``, by its last proof: ``holds``; ``broken``: a law does
    not hold; ``unproved``: it was never proved."""

    status: str
    worker: str
    ledger: str


async def live(_door: Door, _call: Call) -> Answer:
    """200 as long as the process answers."""
    return answer_json(Health("live"))


async def ready(door: Door, call: Call) -> Answer:
    """200 when purchases can be recorded, else 503 with the reason."""
    async with door.database.reader() as connection:
        if not await is_migrated(connection):
            raise Busy(LACKING)
        worker, ledger = await read_worker(connection, now=call.received_at), await read_ledger(connection)
    return answer_json(Readiness("ready", worker, ledger))


ROUTES = [
    Route(method="GET", path="/health/live", handler=live, summary="Whether the process is alive", answer=Health),
    Route(
        method="GET",
        path="/health/ready",
        handler=ready,
        summary="Whether purchases can be recorded, how the worker does, and whether the ledger was proved",
        answer=Readiness,
        refusals=(Busy,),
    ),
]
