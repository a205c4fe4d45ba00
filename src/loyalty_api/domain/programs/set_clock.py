"""The test clock: a test program's present, set by hand. Never for a live program."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.programs.refusals import ClockBackwards, ClockNotAllowed
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection

# Enrolments carry the date they are told, so they do not hold the clock.
_ANYTHING_RECORDED = """
SELECT 1 FROM outbox WHERE program_id = $1 AND type <> 'member.enrolled'
UNION ALL SELECT 1 FROM feed_lanes WHERE program_id = $1 AND forgotten IS NOT NULL LIMIT 1
"""


async def set_clock(connection: Connection, *, program_id: UUID, instant: datetime, now: datetime) -> None:
    """Sets the program's present: forward always; back only as long as no fact is recorded.

    Refuses: ClockNotAllowed, ClockBackwards.
    """
    row = await connection.fetchrow(
        "SELECT code, mode, clock_now FROM programs WHERE program_id = $1 FOR UPDATE", program_id
    )
    assert row is not None, "the caller's program exists"
    if row["mode"] != "test":
        raise ClockNotAllowed(f"The program {row['code']} is live; only programs of mode test have a clock.")
    present = row["clock_now"] or now
    if instant < present and await connection.fetchval(_ANYTHING_RECORDED, program_id):
        raise ClockBackwards(f"Facts are recorded by {rfc3339(present)}; the clock only moves forward from there.")
    await connection.execute("UPDATE programs SET clock_now = $2 WHERE program_id = $1", program_id, instant)
