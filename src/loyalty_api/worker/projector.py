"""The projector: works figures out of the events as they get their places. Two of them do no harm."""

from __future__ import annotations

import asyncio

from loyalty_api.domain.feed.cursors import programs_behind
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.insights.project import BATCH, SUBSCRIBER, project_events
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 0.5

log = logger(__name__)


class Projector:
    """One program after the other, in batches, each in a transaction of its own."""

    def __init__(self, database: Database, *, beats: Beats | None = None) -> None:
        self._database = database
        self._beats = beats or Beats()
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``; the batch under way is finished. A database out of reach is waited for."""
        await go_round(
            "projection", self.round, stop, pause_seconds=pause_seconds, beats=self._beats, counted="rows_projected"
        )

    async def round(self, stop: asyncio.Event | None = None, *, batch: int = BATCH) -> int:
        """Takes what there is, fairly: a batch of each program in turn, until nothing is left. How many rows it was. A
        program that fails is told of and does not stop the others."""
        done = 0
        async with self._database.reader() as connection:
            behind = await programs_behind(connection, SUBSCRIBER)
            programs = list((await self._catalogue.load(connection, behind)).values())
        while programs and not (stop is not None and stop.is_set()):
            left = []
            for program in programs:
                try:
                    count = await self._database.write(
                        lambda connection, program=program: project_events(
                            connection, program_id=program.id, zone=program.zone, limit=batch
                        )
                    )
                except Busy:
                    raise
                except Exception as error:
                    log.error("projection_failed", program=program.code, exc_info=error)
                    continue
                done += count
                left += [program] if count == batch else []
            programs = left
        return done
