"""Working the figures of a program out anew, from its first event.

What is kept goes in one transaction, which sends the cursor back to the beginning; from there on it is projected as
ever, by whoever comes first, this or a worker. Until it is done, whoever asks for figures is refused. Cut off in
between, a worker goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.feed.cursors import hold_cursor, read_again, reading_again
from loyalty_api.domain.feed.forget import forgotten
from loyalty_api.insights.model import KEPT
from loyalty_api.insights.project import BATCH, SUBSCRIBER, project_events
from loyalty_api.insights.refusals import EventsGone
from loyalty_api.kernel.database import Connection, Database

EMPTYING_SECONDS_MAX = 3600.0


async def rebuild(
    database: Database, *, program_id: UUID, zone: ZoneInfo, progress: Callable[[int, int], None], batch: int = BATCH
) -> int:
    """Does it; how many rows of events that took. ``progress`` is told (done, of so many). Refuses: EventsGone."""
    await database.write(lambda connection: begin_again(connection, program_id))
    total = 0
    while True:
        async with database.reader() as connection:
            left = await reading_again(connection, program_id=program_id, subscriber=SUBSCRIBER)
        if left is None:
            progress(total, total)
            return total
        total = left[1]
        progress(*left)
        await database.write(
            lambda connection: project_events(connection, program_id=program_id, zone=zone, limit=batch)
        )


async def begin_again(connection: Connection, program_id: UUID) -> None:
    """Lets go of everything that is kept for the program. In a transaction. Refuses: EventsGone."""
    await hold_cursor(connection, program_id=program_id, subscriber=SUBSCRIBER)
    if gone := await forgotten(connection, program_id):
        raise EventsGone(f"The program's first {gone:,} events are not kept any more; its figures stay as they are.")
    for table in KEPT:
        await connection.execute(
            f"DELETE FROM {table.name} WHERE program_id = $1", program_id, timeout=EMPTYING_SECONDS_MAX
        )
    await read_again(connection, program_id=program_id, subscriber=SUBSCRIBER)
