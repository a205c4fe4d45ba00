"""The webhooks of all programs: takes hold of those that no other worker serves, and tells them of what is new."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from loyalty_api.domain.webhooks.cursors import hold_cursor, hold_on
from loyalty_api.domain.webhooks.progress import Hook, hooks_on
from loyalty_api.kernel.clock import now as real_now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.hook import HookRun
from loyalty_api.worker.pace import Pace
from loyalty_api.worker.sender import Sender

REST_SECONDS = 5.0  # before a webhook whose run broke is served again

log = logger(__name__)


class Webhooks:
    """Of one worker. ``local``: receivers may be private addresses over http. Two workers do no harm."""

    def __init__(
        self,
        database: Database,
        *,
        local: bool,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = real_now,
        beats: Beats | None = None,
    ) -> None:
        self._database = database
        self._local = local
        self._pace = pace or Pace()
        self._clock = clock
        self._beats = beats or Beats()
        self._holder = new_id()
        self._runs: dict[UUID, tuple[HookRun, asyncio.Task]] = {}
        self._rests: dict[UUID, datetime] = {}
        self._woken = asyncio.Event()
        self._held_on_at = clock()

    def wake(self) -> None:
        """Something new has its place in the feed."""
        self._woken.set()

    async def work(self, stop: asyncio.Event) -> None:
        """Serves until ``stop``; what is under way then is finished. A database out of reach is waited for."""
        sender = Sender(local=self._local, timeout_seconds=self._pace.timeout)
        try:
            while not stop.is_set():
                self._woken.clear()
                try:
                    await self._look(sender)
                except Busy as busy:
                    log.warning("webhooks_put_off", reason=busy.detail)
                except Exception as error:
                    log.error("webhooks_failed", exc_info=error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._pace.tick)
        finally:
            for run, _ in self._runs.values():
                run.end()
            await asyncio.gather(*(task for _, task in self._runs.values()), return_exceptions=True)
            await sender.close()

    async def round(self) -> None:
        """Sends what is to be sent at the moment, and ends."""
        sender = Sender(local=self._local, timeout_seconds=self._pace.timeout)
        try:
            runs = [await self._take(sender, hook) for hook in await self._hooks() if hook.free]
            await asyncio.gather(*(run.run(until_idle=True) for run in runs if run is not None))
        finally:
            await sender.close()

    async def _look(self, sender: Sender) -> None:
        await self._hold_on()
        hooks = {hook.webhook_id: hook for hook in await self._hooks()}
        for webhook_id, (run, task) in list(self._runs.items()):
            if task.done():
                self._ended(webhook_id, task)
            elif webhook_id in hooks:
                run.update(hooks[webhook_id])
            else:
                run.end()
        for webhook_id, hook in hooks.items():
            resting = self._rests.get(webhook_id)
            if webhook_id in self._runs or not hook.free or (resting is not None and self._clock() < resting):
                continue
            run = await self._take(sender, hook)
            if run is not None:
                self._runs[webhook_id] = run, asyncio.create_task(run.run())

    async def _hold_on(self) -> None:
        now, hold = self._clock(), timedelta(seconds=self._pace.hold)
        if self._runs and now - self._held_on_at >= hold / 3:
            await self._database.write(lambda connection: hold_on(connection, holder=self._holder, until=now + hold))
            self._held_on_at = now

    async def _hooks(self) -> list[Hook]:
        async with self._database.reader() as connection:
            return await hooks_on(connection, holder=self._holder, now=self._clock())

    async def _take(self, sender: Sender, hook: Hook) -> HookRun | None:
        now = self._clock()
        place = await self._database.write(
            lambda connection: hold_cursor(
                connection,
                program_id=hook.program_id,
                webhook_id=hook.webhook_id,
                holder=self._holder,
                now=now,
                until=now + timedelta(seconds=self._pace.hold),
            )
        )
        if place is None:
            return None
        return HookRun(
            self._database,
            sender,
            hook,
            place,
            holder=self._holder,
            pace=self._pace,
            clock=self._clock,
            beats=self._beats,
        )

    def _ended(self, webhook_id: UUID, task: asyncio.Task) -> None:
        del self._runs[webhook_id]
        error = task.exception()
        if error is not None:
            log.error("webhook_failed", webhook=str(webhook_id), exc_info=error)
            self._rests[webhook_id] = self._clock() + timedelta(seconds=REST_SECONDS)
