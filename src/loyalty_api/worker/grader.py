"""The grader: works out the grids of programs of many buyers, so that nobody waits for them. Two of them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.insights.grids import BUYERS_MIN, EVERY, Wanted, is_large, keep_grid, kept_grid, work_out
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.rfm import SCORINGS
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 30.0

log = logger(__name__)


class Grader:
    """One program after the other. ``clock``: the real present."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        beats: Beats | None = None,
        buyers_min: int = BUYERS_MIN,
    ) -> None:
        self._database = database
        self._clock = clock
        self._beats = beats or Beats()
        self._buyers_min = buyers_min
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``."""
        await go_round(
            "grids", self.round, stop, pause_seconds=pause_seconds, beats=self._beats, counted="grids_worked_out"
        )

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Works out each grid whose turn it is; how many. A program that fails is told of and does not stop the
        others."""
        async with self._database.reader() as connection:
            programs = await self._catalogue.load(connection, await program_ids(connection))
        done = 0
        for program in programs.values():
            for scoring in SCORINGS:
                if stop is not None and stop.is_set():
                    return done
                try:
                    done += await self._grade(program, scoring)
                except (Busy, InsightRebuilding):
                    continue
                except Exception as error:
                    log.error("grading_failed", program=program.code, exc_info=error)
        return done

    async def _grade(self, program: Program, scoring: str) -> bool:
        """Whether it was its turn."""
        now = program.present(self._clock())
        wanted = Wanted(program.id, local_date(now, program.zone), scoring)
        async with self._database.reader() as connection:
            if not await is_large(connection, program_id=program.id, buyers_min=self._buyers_min):
                return False
            if await kept_grid(connection, wanted, since=now - EVERY):
                return False
            told = await work_out(connection, wanted, now)
        await self._database.write(lambda connection: keep_grid(connection, wanted, told))
        return True
