"""The load generator: keep-alive connections, each with one request in flight, served by one loop on plain sockets.

No HTTP client: its CPU would be taken from the product on a small machine.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.cpu import Meter
from benchmarks.till_socket import ANSWER_SECONDS_MAX, TillSocket, UnexpectedAnswer

TICK_SECONDS = 0.25
RECORDED = 201


class Round(NamedTuple):
    """What one round of load saw. ``sent`` may exceed ``answered`` by what was in flight when the round ended."""

    seconds: float
    sent: int
    answered: int
    p50_ms: float
    p99_ms: float
    cpu_seconds: float  # of the generator


class Load:
    """Used for many rounds, each with connections of its own, as a server ends those that are silent meanwhile.
    ``expected``: the status of every answer. A context manager."""

    def __init__(
        self, address: tuple[str, int], requests: Iterator[bytes], *, connections: int, expected: int = RECORDED
    ) -> None:
        self._requests = requests
        self._expected = expected
        self._address, self._count = address, connections
        self._poll = select.epoll()
        self._connections: dict[int, TillSocket] = {}

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()
        self._poll.close()

    def once(self) -> bytes:
        """The answer to one request, by itself."""
        self._connect()
        connection = next(iter(self._connections.values()))
        connection.send(next(self._requests))
        status = None
        while status is None:
            if not self._poll.poll(ANSWER_SECONDS_MAX):
                raise UnexpectedAnswer(f"no answer within {ANSWER_SECONDS_MAX:.0f} seconds")
            status = connection.answered()
        if status != self._expected:
            raise UnexpectedAnswer(connection.received.decode(errors="replace"))
        return connection.received

    def run(self, seconds: float, tick: Callable[[], None], meter: Meter) -> Round:
        """Sends for ``seconds``, then waits for what is in flight, so that every request counts whole."""
        latencies: list[float] = []
        self._connect()
        meter.start()
        cpu_started, started = time.process_time(), time.perf_counter()
        deadline, next_tick = started + seconds, started + TICK_SECONDS
        for connection in self._connections.values():
            connection.send(next(self._requests))
        in_flight = len(self._connections)
        while in_flight:
            ready = self._poll.poll(ANSWER_SECONDS_MAX)
            if not ready:
                raise UnexpectedAnswer(f"no answer within {ANSWER_SECONDS_MAX:.0f} seconds")
            for number, _ in ready:
                connection = self._connections[number]
                status = connection.answered()
                if status is None:
                    continue
                if status != self._expected:
                    raise UnexpectedAnswer(connection.received.decode(errors="replace"))
                present = time.perf_counter()
                latencies.append(present - connection.sent_at)
                if present < deadline:
                    connection.send(next(self._requests))
                else:
                    in_flight -= 1
            if time.perf_counter() >= next_tick:
                tick()
                next_tick = time.perf_counter() + TICK_SECONDS
        took, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        meter.settle()
        meter.stop()
        latencies.sort()
        count = len(latencies)
        p50, p99 = (latencies[min(count - 1, count * percent // 100)] * 1000 for percent in (50, 99))
        return Round(took, count, count, p50, p99, cpu_seconds)

    def _connect(self) -> None:
        self._hang_up()
        for _ in range(self._count):
            connection = TillSocket(self._address)
            self._connections[connection.number] = connection
            self._poll.register(connection.number, select.EPOLLIN)

    def _hang_up(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
