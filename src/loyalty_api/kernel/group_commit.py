"""Group commit: commands that arrive while a transaction is in flight share the next one.

No timer: a batch is what queued up meanwhile, and what lay in the sockets by then. There are a few lanes, each with
its own queue and one writer; a command's key picks its lane. Every queue and batch has a limit. Whatever happens, each
waiting caller gets an answer: a batch that fails is halved until the command that fails it stands alone; a writer that
dies answers its batch and goes on; a caller that hangs up leaves its batch undisturbed.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy

BATCH_MAX = 128
# Fewer commands than this share the fixed cost of a batch badly, so what has come is read first: a turn of the event
# loop each to answer the last batch and read, to handle, and to submit. At 64 connections and two processes it saves
# a tenth of the CPU.
BATCH_SMALL, TURNS_TO_ARRIVE = 32, 3
# A long queue takes a burst in. Under a load that stays too much it is worked off hardly faster than a short one, and
# each in it waits several times as long: so under such a load only this many may wait. With 32, p99 falls by a quarter
# and the rate by a fifth: batches get small.
QUEUE_SHORT = 48
# Too much is a load of which more than one is refused for two that are answered. The short queue costs a fifth of the
# rate itself, so with less patience it would go on refusing what the long one carried, long after the burst is over.
REFUSED_WEIGHS = 2
# Less than the Retry-After: whoever was refused in a burst finds a long queue again when asking as told.
PAUSE_SECONDS = 0.5

Command = TypeVar("Command")
Outcome = TypeVar("Outcome")

log = logger(__name__)


class GroupCommit(Generic[Command, Outcome]):
    """Runs commands through ``run``, which takes many in one transaction and answers each in order."""

    def __init__(
        self,
        run: Callable[[Sequence[Command]], Awaitable[Sequence[Outcome]]],
        *,
        lanes: int,
        queue_max: int,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._run = run
        self._queue_max = queue_max
        self._queue_short = min(queue_max, QUEUE_SHORT)
        self._batch_max = batch_max
        self._lanes = [_Lane() for _ in range(lanes)]
        self._many = asyncio.Semaphore(lanes)
        self._waiting = 0
        # Those refused, by their weight, less those answered since. A queue's worth is too much, and two are as much as
        # is remembered.
        self._excess = 0
        self._refused_at = -math.inf

    @property
    def waiting(self) -> int:
        """How many commands are accepted and not answered yet."""
        return self._waiting

    async def submit(self, command: Command, *, key: Hashable) -> Outcome:
        """The command's own outcome. Raises Busy at once when there is no room, having written nothing."""
        self.check_room()
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        lane = self._lanes[hash(key) % len(self._lanes)]
        lane.queue.append((command, answer))
        self._waiting += 1
        if lane.writer is None:
            lane.writer = asyncio.create_task(self._drain(lane))
        return await answer

    def check_room(self) -> None:
        """Raises Busy when there is no room: what could not be submitted need not be prepared either."""
        if self._waiting < self._queue_short:
            return
        if self._excess and monotonic() >= self._refused_at + PAUSE_SECONDS:
            self._excess = 0
        if self._waiting < self._queue_max and self._excess < self._queue_max:
            return
        self._refused_at = monotonic()
        self._excess = min(self._excess + REFUSED_WEIGHS, 2 * self._queue_max)
        raise Busy("The service has more waiting than it can take; try again in a moment.")

    async def submit_many(self, commands: Sequence[Command]) -> list[Outcome | Exception]:
        """All outcomes in order, in batches of their own; a command that fails alone has its error instead."""
        outcomes: list[Outcome | Exception] = []
        async with self._many:
            for start in range(0, len(commands), self._batch_max):
                outcomes += await self._run_halving(commands[start : start + self._batch_max])
        return outcomes

    async def close(self) -> None:
        """Waits until everything that was accepted is answered."""
        while writers := [lane.writer for lane in self._lanes if lane.writer is not None]:
            await asyncio.gather(*writers, return_exceptions=True)

    async def _drain(self, lane: _Lane) -> None:
        try:
            while lane.queue:
                await _let_arrive(lane)
                batch = [lane.queue.popleft() for _ in range(min(len(lane.queue), self._batch_max))]
                try:
                    await self._answer(batch)
                finally:
                    self._waiting -= len(batch)
                    self._excess = max(0, self._excess - len(batch))
        finally:
            lane.writer = None
            if lane.queue:  # this writer was killed: the next one takes over
                lane.writer = asyncio.create_task(self._drain(lane))

    async def _answer(self, batch: list[tuple[Command, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._run_halving([command for command, _ in batch])
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                if answer.done():  # its caller hung up
                    continue
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)
        finally:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(Busy("The writer stopped before it knew the outcome; ask again."))

    async def _run_halving(self, commands: Sequence[Command]) -> list[Outcome | Exception]:
        try:
            return list(await self._run(commands))
        except Exception as error:
            if len(commands) > 1 and not isinstance(error, Busy):
                half = len(commands) // 2
                return await self._run_halving(commands[:half]) + await self._run_halving(commands[half:])
            if not isinstance(error, Busy):
                log.error("batch_failed", commands=len(commands), exc_info=error)
            return [error] * len(commands)


async def _let_arrive(lane: _Lane) -> None:
    for _ in range(TURNS_TO_ARRIVE):
        if len(lane.queue) >= BATCH_SMALL:
            return
        await asyncio.sleep(0)


class _Lane:
    def __init__(self) -> None:
        self.queue: deque = deque()
        self.writer: asyncio.Task | None = None
