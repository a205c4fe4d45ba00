"""What the parts of a worker did, written down every few seconds: that it is alive, and what came of its work."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from loyalty_api.domain.operations.report import Ran, report_jobs
from loyalty_api.kernel.clock import now as real_now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy

PAUSE_SECONDS = 5.0

log = logger(__name__)


class Beats:
    """One per worker; its parts tell it what they do."""

    def __init__(self, *, clock: Callable[[], datetime] = real_now) -> None:
        self._clock = clock
        self._runs: dict[str, Ran] = {}
        self._counts: Counter[str] = Counter()

    def ran(self, job: str, *, ok: bool, took_seconds: float, **counts: int) -> None:
        """A job ran; ``counts``: what it did."""
        self._runs[job] = Ran(job, self._clock(), ok, round(took_seconds * 1000))
        self.count(counts)

    def count(self, counts: Mapping[str, int]) -> None:
        """Something was done so many times."""
        self._counts.update({name: count for name, count in counts.items() if count})

    async def work(self, database: Database, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Writes until ``stop``, and then what is left."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_seconds)
            try:
                await self.write(database)
            except Busy as busy:
                log.warning("beats_put_off", reason=busy.detail)

    async def write(self, database: Database) -> None:
        """Writes what was told since; where that fails, it is written next time."""
        runs, counts = self._runs, self._counts
        self._runs, self._counts = {}, Counter()
        try:
            await database.write(lambda connection: report_jobs(connection, list(runs.values()), counts))
        except Exception:
            self._runs = runs | self._runs
            self._counts.update(counts)
            raise
