"""The worker: round after round, it runs what is due in every program. Two of them do no harm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from loyalty_api.domain.lifecycle.nightly import Ran, run_due
from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats

PAUSE_SECONDS = 5.0

log = logger(__name__)


class Worker:
    """``tell``: is given whatever was done. ``clock``: the real present."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        tell: Callable[[Program, Ran], None],
        beats: Beats | None = None,
    ) -> None:
        self._database = database
        self._beats = beats or Beats()
        self._clock = clock
        self._tell = tell
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``; the one under way is finished. A database out of reach is waited for."""
        while not stop.is_set():
            try:
                await self.round(stop)
            except Busy as busy:
                log.warning("round_put_off", reason=busy.detail)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_seconds)

    async def round(self, stop: asyncio.Event | None = None) -> None:
        """Runs what is due in every program, once. A program that fails is told of and does not stop the others."""
        async with self._database.reader() as connection:
            programs = await self._catalogue.load(connection, await program_ids(connection))
        begun, good = monotonic(), True
        for program in programs.values():
            if stop is not None and stop.is_set():
                return
            good &= await self._run(program)
        self._beats.ran("due", ok=good, took_seconds=monotonic() - begun)

    async def _run(self, program: Program) -> bool:
        try:
            ran = await run_due(self._database, program, now=program.present(self._clock()))
        except Busy:
            raise
        except Exception as error:
            log.error("program_failed", program=program.code, exc_info=error)
            return False
        if ran != Ran():
            self._beats.count(msgspec.structs.asdict(ran))
            self._tell(program, ran)
        return True
