"""What a webhook has still to send, in memory (pure): one lane for each member, whose events go one after the other.

The first of a lane is ready, under way, or put off until it is tried again; the others wait behind it.
"""

from __future__ import annotations

import heapq
from collections import deque
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.webhooks.delivery import Delivery


class Lanes:
    """Of one webhook. ``size``: how many deliveries are in all lanes."""

    def __init__(self) -> None:
        self.size = 0
        self._lanes: dict[UUID, deque[Delivery]] = {}
        self._ready: deque[Delivery] = deque()
        self._later: list[tuple[datetime, int, Delivery]] = []
        self._pushed = 0

    def add(self, delivery: Delivery) -> None:
        """Behind what its lane has."""
        self.size += 1
        lane = self._lanes.setdefault(delivery.lane, deque())
        lane.append(delivery)
        if len(lane) == 1:
            self._queue(delivery)

    def next(self, now: datetime) -> Delivery | None:
        """One that may be sent now; it is under way from here on."""
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        return self._ready.popleft() if self._ready else None

    def put_off(self, delivery: Delivery) -> None:
        """One that was under way is tried again at its ``next_attempt_at``; its lane waits for it."""
        self._queue(delivery)

    def done(self, delivery: Delivery) -> None:
        """One that was under way needs nothing more; the next of its lane is ready."""
        self.size -= 1
        lane = self._lanes[delivery.lane]
        first = lane.popleft()
        assert first is delivery, "what is under way is the first of its lane"
        if lane:
            self._queue(lane[0])
        else:
            del self._lanes[delivery.lane]

    def waits_long(self, delivery: Delivery) -> bool:
        """Whether it is put off, or behind one that is."""
        return self._lanes[delivery.lane][0].next_attempt_at is not None

    def hurry(self) -> None:
        """Whatever is put off is tried at once."""
        self._ready.extend(delivery for _, _, delivery in sorted(self._later))
        self._later.clear()

    def due_at(self) -> datetime | None:
        """When the first that is put off is tried again."""
        return self._later[0][0] if self._later else None

    def _queue(self, delivery: Delivery) -> None:
        if delivery.next_attempt_at is None:
            self._ready.append(delivery)
        else:
            self._pushed += 1
            heapq.heappush(self._later, (delivery.next_attempt_at, self._pushed, delivery))
