"""One webhook, served by one worker: reads on in the feed, sends, and writes down what became of it.

At least once, and the events of a member in their order: one after the other, and behind one that failed until it is
through or given up. Other members' events go on, many at a time. When too many wait, the webhook reads no further; the
feed keeps what it has not read. Nothing here keeps another webhook waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from loyalty_api.domain.feed.queries import Place, read_feed
from loyalty_api.domain.webhooks.cursors import HoldLost, let_go_of_cursor
from loyalty_api.domain.webhooks.delivery import Attempt, Delivery, State, delivery_of
from loyalty_api.domain.webhooks.progress import (
    Hook,
    Step,
    changed_row,
    fresh_row,
    read_replays,
    read_waiting,
    write_step,
)
from loyalty_api.domain.webhooks.schedule import TRIED, give_up_at, pause_after
from loyalty_api.domain.webhooks.sign import signed_headers
from loyalty_api.kernel.clock import microseconds
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.lanes import Lanes
from loyalty_api.worker.pace import Pace
from loyalty_api.worker.sender import Sender

BODY_BYTES_MAX = 1024 * 1024
GONE = 410

log = logger(__name__)


class HookRun:
    """From taking hold of the cursor at ``place`` until ``end`` is called, the hold is lost or the webhook is off."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        hook: Hook,
        place: Place,
        *,
        holder: UUID,
        pace: Pace,
        clock: Callable[[], datetime],
        beats: Beats,
    ) -> None:
        self.hook = hook
        self._database = database
        self._sender = sender
        self._holder = holder
        self._pace = pace
        self._clock = clock
        self._beats = beats
        self._following = self._written = place
        self._lanes = Lanes()
        self._unwritten: deque[Delivery] = deque()  # read from the feed, in its order
        self._changed: dict[UUID, Delivery] = {}  # written down before, and not as it is now
        self._replays: set[UUID] = set()
        self._failing_since = self._told_failing = hook.failing_since
        self._off: str | None = None
        self._step: Step | None = None  # made, and perhaps not written yet
        self._sending: set[asyncio.Task] = set()
        self._woken = asyncio.Event()
        self._ending = False
        self._more = True
        self._written_at = clock()

    def update(self, hook: Hook) -> None:
        """The webhook as it is now: perhaps changed, with more to read."""
        self.hook = hook
        if hook.replays or hook.last >= self._following.position:
            self._woken.set()

    def end(self) -> None:
        """Nothing more is begun."""
        self._ending = True
        self._woken.set()

    async def run(self, *, until_idle: bool = False) -> None:
        """Serves the webhook. ``until_idle``: until nothing is to be sent at the moment."""
        try:
            async with self._database.reader() as connection:
                for delivery in await read_waiting(connection, self.hook, now=self._clock()):
                    self._lanes.add(delivery)
            while not self._ending and self._off is None:
                self._woken.clear()
                try:
                    await self._read_on()
                    self._send_ready()
                    await self._write_on()
                except Busy as busy:
                    log.warning("webhook_put_off", webhook=str(self.hook.webhook_id), reason=busy.detail)
                if until_idle and not self._sending and not self._more and not self._unwritten and not self._changed:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._pause())
            await self._finish()
        except HoldLost:
            log.warning("webhook_hold_lost", webhook=str(self.hook.webhook_id))
        finally:
            for task in self._sending:
                task.cancel()

    async def _read_on(self) -> None:
        room = min(self._pace.window - self._lanes.size, self._pace.page)
        self._more = False
        if room <= 0:
            return
        now = self._clock()
        if self.hook.replays:
            async with self._database.reader() as connection:
                known = list(self._replays)
                replays = await read_replays(connection, self.hook, known=known, limit=room, now=now)
            for delivery in replays:
                assert delivery.delivery_id is not None, "it comes from its row"
                self._replays.add(delivery.delivery_id)
                self._lanes.add(delivery)
            room -= len(replays)
        if room > 0 and self.hook.last >= self._following.position:
            async with self._database.reader() as connection:
                pulled = await read_feed(
                    connection,
                    program_id=self.hook.program_id,
                    place=self._following,
                    limit=room,
                    kinds=self.hook.kinds,
                )
            for told in pulled.events:
                delivery = delivery_of(told, now)
                self._unwritten.append(delivery)
                self._lanes.add(delivery)
            self._following, self._more = pulled.following, pulled.more

    def _send_ready(self) -> None:
        while not self._ending and self._off is None and len(self._sending) < self._pace.at_once:
            delivery = self._lanes.next(self._clock())
            if delivery is None:
                return
            task = asyncio.create_task(self._send(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task) -> None:
        self._sending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("webhook_failed", webhook=str(self.hook.webhook_id), exc_info=task.exception())
            self.end()
        self._send_ready()
        if not self._sending or self._off is not None:
            self._woken.set()

    async def _send(self, delivery: Delivery) -> None:
        begun = self._clock()
        delivery.attempts += 1
        delivery.attempted_at = begun
        delivery.give_up_at = delivery.give_up_at or give_up_at(begun)
        if delivery.body is None or len(delivery.body) > BODY_BYTES_MAX:
            what = "is no longer kept" if delivery.body is None else f"has more than {BODY_BYTES_MAX:,} bytes"
            self._settle(delivery, Attempt(error=f"the event {what}"), State.FAILED)
            return
        headers = signed_headers(delivery.event_id, microseconds(begun) // 1_000_000, delivery.body, self.hook.secrets)
        attempt = await self._sender.post(self.hook.url, delivery.body, headers)
        self._judge(delivery, attempt)

    def _judge(self, delivery: Delivery, attempt: Attempt) -> None:
        now = self._clock()
        self._beats.count({"webhook_delivered" if attempt.good else "webhook_attempt_failed": 1})
        if attempt.good:
            since, self._failing_since = self._failing_since, None
            self._settle(delivery, attempt, State.DELIVERED)
            if since is not None and now - since >= timedelta(seconds=self._pace.recovered):
                self._lanes.hurry()
            return
        self._failing_since = self._failing_since or now
        if attempt.status == GONE:
            self._off = "the receiver answered 410: it is gone"
        elif now - self._failing_since >= TRIED:
            self._off = f"nothing was delivered for {TRIED.days} days"
        if self._off is None and delivery.give_up_at is not None and now >= delivery.give_up_at:
            self._settle(delivery, attempt, State.FAILED)
            return
        asked = attempt.retry_after_seconds
        pause = pause_after(delivery.attempts, random.random(), asked_seconds=asked, first_seconds=self._pace.first)
        self._note(delivery, attempt)
        delivery.next_attempt_at = now + pause
        self._lanes.put_off(delivery)

    def _settle(self, delivery: Delivery, attempt: Attempt, state: State) -> None:
        delivery.state, delivery.next_attempt_at = state, None
        self._note(delivery, attempt)
        self._lanes.done(delivery)

    def _note(self, delivery: Delivery, attempt: Attempt) -> None:
        delivery.status, delivery.error = attempt.status, attempt.error
        delivery.response, delivery.duration_ms = attempt.response, attempt.duration_ms
        if delivery.delivery_id is not None:
            self._changed[delivery.delivery_id] = delivery

    async def _write_on(self) -> None:
        """Writes what there is to write; that nothing of what was read was asked for, only now and then."""
        since = self._clock() - self._written_at
        if since < timedelta(seconds=self._pace.step):
            return
        moved = self._following != self._written and since >= timedelta(seconds=self._pace.hold / 3)
        if self._step is not None or self._unwritten or self._changed or moved:
            await self._write()

    async def _write(self) -> None:
        now = self._clock()
        step = self._step = self._step or self._make_step(now)
        until = now + timedelta(seconds=self._pace.hold)
        await self._database.write(
            lambda connection: write_step(connection, self.hook, step, holder=self._holder, until=until)
        )
        self._step, self._written, self._written_at = None, step.place, now
        self._replays -= {row[0] for row in step.changed if row[1] != State.WAITING}
        if step.tell_failing:
            self._told_failing = step.failing_since

    def _make_step(self, now: datetime) -> Step:
        """What is done with, up to the first event that is still under way."""
        slow = now - timedelta(seconds=self._pace.spill)
        fresh: list[Delivery] = []
        while self._unwritten and (self._ending or self._off is not None or self._is_written(self._unwritten[0], slow)):
            delivery = self._unwritten.popleft()
            delivery.delivery_id = new_id()
            fresh.append(delivery)
        changed, self._changed = self._changed, {}
        return Step(
            place=self._unwritten[0].place if self._unwritten else self._following,
            fresh=[fresh_row(delivery) for delivery in fresh],
            changed=[changed_row(delivery) for delivery in changed.values()],
            failing_since=self._failing_since,
            tell_failing=self._failing_since != self._told_failing,
            off=self._off,
        )

    def _is_written(self, delivery: Delivery, slow: datetime) -> bool:
        done = delivery.state is not State.WAITING
        return done or delivery.read_at <= slow or self._lanes.waits_long(delivery)

    async def _finish(self) -> None:
        """Waits for what is under way, writes it down and lets go of the cursor."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._pace.timeout)
        for _ in range(2):  # one that was made before, and all that came after
            await self._write()
        await self._database.write(
            lambda connection: let_go_of_cursor(
                connection,
                program_id=self.hook.program_id,
                webhook_id=self.hook.webhook_id,
                holder=self._holder,
            )
        )
        if self._off is not None:
            log.warning(
                "webhook_switched_off",
                webhook=str(self.hook.webhook_id),
                program=str(self.hook.program_id),
                reason=self._off,
            )

    def _pause(self) -> float:
        """Until something may have to be done, if nobody wakes it."""
        if self._more or self._step is not None or self._unwritten or self._changed:
            return self._pace.step
        due = self._lanes.due_at()
        idle = self._pace.hold / 3
        return idle if due is None else min(idle, max((due - self._clock()).total_seconds(), self._pace.step))
