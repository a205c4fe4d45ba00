"""A load that does not wait for answers: requests fall due at a fixed rate, whatever became of those before them.

Latency counts from when a request was sent. That is when it was due as long as a connection is free (``in_flight_max``
tells); what the generator itself comes late for the processor is not the server's.
"""

from __future__ import annotations

import math
import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.load import RECORDED
from benchmarks.till_socket import ANSWER_SECONDS_MAX, TillSocket, UnexpectedAnswer

REFUSED = 503
SETTLED_SECONDS = 1.0  # behind the first refusal, what had queued up before is worked off


class Seen(NamedTuple):
    """What became of what was due: seconds from sent to answered, sorted, by status. ``settled``: of the accepted,
    those that were sent when it had refused for a while."""

    seconds: float
    due: int
    accepted: list[float]
    settled: list[float]
    refused: list[float]
    in_flight_max: int


class OpenLoad:
    """``connections`` bounds how many may be unanswered; more due ones wait, for the one that is free longest: tills
    ask in turn, and a process that refuses quickly draws no more of them. ``hear``: is given each answer, and when it
    was there. A context manager."""

    def __init__(
        self,
        address: tuple[str, int],
        requests: Iterator[bytes],
        *,
        connections: int,
        hear: Callable[[float, bytes], None] | None = None,
    ) -> None:
        self._requests = requests
        self._hear = hear
        self._poll = select.epoll()
        self._free = deque(TillSocket(address) for _ in range(connections))
        self._sockets = {each.number: each for each in self._free}
        for number in self._sockets:
            self._poll.register(number, select.EPOLLIN)

    def __enter__(self) -> OpenLoad:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for each in self._sockets.values():
            each.close()

    def run(self, *, per_second: float, seconds: float) -> Seen:
        """Sends what falls due within ``seconds``, then waits for every answer."""
        latencies: dict[int, list[float]] = {RECORDED: [], REFUSED: []}
        settled: list[float] = []
        settled_at = math.inf
        total, sent, in_flight_max = int(per_second * seconds), 0, 0
        started = time.perf_counter()
        while sent < total or len(self._free) < len(self._sockets):
            sent = self._send_due(started, per_second, sent, total)
            in_flight_max = max(in_flight_max, len(self._sockets) - len(self._free))
            wait = 0.001 if sent < total else ANSWER_SECONDS_MAX
            ready = self._poll.poll(wait)
            if not ready and sent == total:
                raise UnexpectedAnswer(f"no answer within {ANSWER_SECONDS_MAX:.0f} seconds")
            present = time.perf_counter()
            for number, _ in ready:
                till = self._sockets[number]
                status = till.answered()
                if status is None:
                    continue
                if status not in latencies:
                    raise UnexpectedAnswer(till.received.decode(errors="replace"))
                if status == REFUSED and b"retry-after: " not in till.received:
                    raise UnexpectedAnswer("a 503 without Retry-After")
                if status == REFUSED:
                    settled_at = min(settled_at, present + SETTLED_SECONDS)
                elif till.sent_at >= settled_at:
                    settled.append(present - till.sent_at)
                latencies[status].append(present - till.sent_at)
                if self._hear is not None:
                    self._hear(present, till.received)
                self._free.append(till)
        took = time.perf_counter() - started
        accepted, refused = sorted(latencies[RECORDED]), sorted(latencies[REFUSED])
        return Seen(took, total, accepted, sorted(settled), refused, in_flight_max)

    def _send_due(self, started: float, per_second: float, sent: int, total: int) -> int:
        due = min(total, int((time.perf_counter() - started) * per_second))
        while sent < due and self._free:
            self._free.popleft().send(next(self._requests))
            sent += 1
        return sent
