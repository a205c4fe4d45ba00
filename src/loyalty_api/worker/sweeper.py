"""The sweeper: forgets old events, where the deployment asks for it, and old deliveries. Two of them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from loyalty_api.domain.feed.cursors import first_unread
from loyalty_api.domain.feed.forget import BATCH, forget_events
from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.domain.webhooks.sweep import every_webhook, first_needed, sweep_deliveries
from loyalty_api.insights.project import SUBSCRIBER as FIGURES
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 600.0
SUBSCRIBERS = (FIGURES,)  # who reads in every deployment, however far behind


class Sweeper:
    """``events_days``: how many days events are kept; 0: for ever. ``clock``: the real present. ``subscribers``:
    whose cursors, besides those of webhooks, events are kept for."""

    def __init__(
        self,
        database: Database,
        *,
        events_days: int,
        clock: Callable[[], datetime],
        subscribers: Sequence[str] = SUBSCRIBERS,
        beats: Beats | None = None,
    ) -> None:
        self._database = database
        self._subscribers = subscribers
        self._beats = beats or Beats()
        self._events_days = events_days
        self._clock = clock
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``. A database out of reach is waited for."""
        await go_round(
            "sweep", self.round, stop, pause_seconds=pause_seconds, beats=self._beats, counted="events_forgotten"
        )

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Batch after batch, each in a transaction of its own, until nothing is left; how many events that was."""
        forgotten = 0
        async with self._database.reader() as connection:
            programs = await self._catalogue.load(connection, await program_ids(connection))
            webhooks = await every_webhook(connection)
        for program in programs.values() if self._events_days else ():
            count = BATCH
            while count == BATCH and not (stop is not None and stop.is_set()):
                count = await self._forget(program)
                forgotten += count
        for webhook in webhooks:
            more = True
            while more and not (stop is not None and stop.is_set()):
                more = await self._database.write(
                    lambda connection, webhook=webhook: sweep_deliveries(connection, webhook, now=self._clock())
                )
        return forgotten

    async def _forget(self, program: Program) -> int:
        before = program.present(self._clock()) - timedelta(days=self._events_days)

        async def work(connection: Connection) -> int:
            unread = await first_unread(connection, program.id, self._subscribers)
            undelivered = await first_needed(connection, program.id)
            needed = unread if undelivered is None else min(unread, undelivered)
            return await forget_events(connection, program.id, before=before, needed=needed)

        return await self._database.write(work)
