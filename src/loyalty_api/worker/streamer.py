"""The events of each program as a stream of Redis or Valkey, ``loyalty:events:<program id>``, of a limited length.

An entry's id is the event's place in the feed, so that an event that is added twice is there once, and a reader that
remembers an id knows how far it read. A server that is gone is waited for; one that was emptied is given the newest
events again. The stream is a copy for those who like to read there: nothing depends on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from loyalty_api.domain.feed.cursors import hold_cursor, move_cursor, programs_behind
from loyalty_api.domain.feed.expand import Told
from loyalty_api.domain.feed.queries import Place, read_feed
from loyalty_api.domain.programs.queries import program_ids
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.kernel.valkey import open_valkey
from loyalty_api.worker.beats import Beats

SUBSCRIBER = "stream"
BATCH = 500  # events at a time
PAUSE_SECONDS = 0.5
LOOK_SECONDS = 10.0  # between two looks whether a stream is still there

log = logger(__name__)

_encode = msgspec.json.Encoder().encode
_KNOWN = "equal or smaller"  # what the server says of an id that the stream has, or had


class Streamer:
    """One program after the other, in batches. ``length``: about how many of its newest events a stream keeps."""

    def __init__(self, database: Database, url: str, *, length: int, beats: Beats | None = None) -> None:
        self._database = database
        self._client: Redis = open_valkey(url)
        self._length = length
        self._beats = beats or Beats()
        self._looked_at: float | None = None

    async def close(self) -> None:
        """Lets go of the server."""
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``; then it is closed. A database or a server out of reach is waited for."""
        while not stop.is_set():
            begun = monotonic()
            try:
                done = await self.round(stop)
                self._beats.ran("stream", ok=True, took_seconds=monotonic() - begun, events_streamed=done)
            except Busy as busy:
                log.warning("stream_put_off", reason=busy.detail)
            except Exception as error:
                log.warning("stream_failed", error=str(error) or type(error).__name__)
                self._beats.ran("stream", ok=False, took_seconds=monotonic() - begun)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_seconds)
        await self.close()

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Adds what there is, fairly: a batch of each program in turn, until nothing is left. How many events."""
        done = 0
        async with self._database.reader() as connection:
            programs = await (program_ids(connection) if self._looks() else programs_behind(connection, SUBSCRIBER))
        while programs and not (stop is not None and stop.is_set()):
            left = []
            for program_id in programs:
                count = await self._database.write(lambda connection, each=program_id: self._add(connection, each))
                done += count
                left += [program_id] if count else []
            programs = left
        return done

    def _looks(self) -> bool:
        """Whether it is time to look at all streams, not only where something is new."""
        due = self._looked_at is None or monotonic() - self._looked_at >= LOOK_SECONDS
        if due:
            self._looked_at = monotonic()
        return due

    async def _add(self, connection: Connection, program_id: UUID) -> int:
        """Adds a batch, behind what the stream has; the cursor moves once the server has taken it."""
        behind = await hold_cursor(connection, program_id=program_id, subscriber=SUBSCRIBER)
        newest = await self._newest(program_id)
        start = min(behind, newest) if newest is not None else max(0, behind - self._length)
        pulled = await read_feed(connection, program_id=program_id, place=Place(start + 1, 0), limit=BATCH)
        events = [told for told in pulled.events if told.position < pulled.following.position]
        if not events:
            return 0
        await self._send(program_id, events)
        position = max(behind, events[-1].position)
        await move_cursor(connection, program_id=program_id, subscriber=SUBSCRIBER, position=position)
        return len(events)

    async def _newest(self, program_id: UUID) -> int | None:
        """The position of the newest entry that the stream ever had; None: there is no stream."""
        try:
            found: Any = await self._client.xinfo_stream(_key(program_id))
        except ResponseError:
            return None
        last = found["last-generated-id"]
        return int((last.decode() if isinstance(last, bytes) else last).partition("-")[0])

    async def _send(self, program_id: UUID, events: Sequence[Told]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for told in events:
            fields: Any = {"id": told.event.id, "type": told.event.type, "event": _encode(told.event)}
            place = f"{told.position}-{told.part}"
            pipeline.xadd(_key(program_id), fields, id=place, maxlen=self._length, approximate=True)
        for answer in await pipeline.execute(raise_on_error=False):
            if isinstance(answer, Exception) and _KNOWN not in str(answer):
                raise answer


def _key(program_id: UUID) -> str:
    return f"loyalty:events:{program_id}"
