"""The relay: gives every event its place, so that subscribers can read on. Two of them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loyalty_api.domain.feed.stamp import BATCH, programs_waiting, stamp_events
from loyalty_api.kernel.database import Database
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 0.2


class Relay:
    """One program after the other, in batches, each in a transaction of its own. ``tell``: is called when events got
    their places."""

    def __init__(
        self, database: Database, *, tell: Callable[[], None] = lambda: None, beats: Beats | None = None
    ) -> None:
        self._database = database
        self._beats = beats or Beats()
        self._tell = tell

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``; the one under way is finished. A database out of reach is waited for."""
        await go_round(
            "relay", self.round, stop, pause_seconds=pause_seconds, beats=self._beats, counted="events_stamped"
        )

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Stamps what waits, fairly: a batch of each program in turn, until nothing does. How many events it was."""
        done = 0
        async with self._database.reader() as connection:
            programs = await programs_waiting(connection)
        while programs and not (stop is not None and stop.is_set()):
            behind = []
            for program_id in programs:
                count = await self._database.write(
                    lambda connection, program_id=program_id: stamp_events(connection, program_id)
                )
                done += count
                behind += [program_id] if count == BATCH else []
            programs = behind
        if done:
            self._tell()
        return done
