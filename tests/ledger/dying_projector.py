"""A projector that kills itself, as ``kill -9`` would, in the middle of its work: see ``test_killed_figures.py``.

``python -m tests.ledger.dying_projector CODE BATCH BATCHES [again]``: so many batches are read and committed, the next
one is read and never committed. ``again``: it first begins anew, from the first event.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from loyalty_api.domain.programs.queries import Catalogue, find_program
from loyalty_api.insights.project import project_events
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.kernel.database import Connection, Database


async def main(code: str, batch: int, batches: int, again: bool) -> None:
    database = await Database.open(os.environ["LOYALTY_DATABASE_URL"], pool_size=2)
    async with database.reader() as connection:
        program = await Catalogue().one(connection, await find_program(connection, code))
    if again:
        await database.write(lambda connection: begin_again(connection, program.id))
    for left in reversed(range(batches + 1)):

        async def work(connection: Connection, left: int = left) -> None:
            done = await project_events(connection, program_id=program.id, zone=program.zone, limit=batch)
            assert done == batch, "there was nothing left to be killed in"
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        await database.write(work)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "again" in sys.argv))
