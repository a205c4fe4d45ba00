"""The load generator: keep-alive connections, each with one request in flight, served by one loop on plain sockets.

No HTTP client: its CPU would be taken from the product on a small machine.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.cpu import Meter

TICK_SECONDS = 0.25
ANSWER_SECONDS_MAX = 10.0
_RECEIVE_BYTES = 65_536


class UnexpectedAnswer(Exception):
    """The product did not answer 201; the message is what it answered."""


class Round(NamedTuple):
    """What one round of load saw. ``sent`` may exceed ``answered`` by what was in flight when the round ended."""

    seconds: float
    sent: int
    answered: int
    p50_ms: float
    p99_ms: float
    cpu_seconds: float  # of the generator


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=ANSWER_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.received = b""
        self.sent_at = time.perf_counter()
        sent = self.socket.send(request)
        assert sent == len(request), "a request fits into an empty socket"

    def answered(self) -> bool:
        """Takes what arrived; whether the answer is whole."""
        part = self.socket.recv(_RECEIVE_BYTES)
        if not part:
            raise UnexpectedAnswer("the connection was closed")
        self.received += part
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.received[:end].lower()
        _, _, after = head.partition(b"content-length:")
        if len(self.received) < end + 4 + int(after.split(b"\r\n", 1)[0]):
            return False
        if not head.startswith(b"http/1.1 201 "):
            raise UnexpectedAnswer(self.received.decode(errors="replace"))
        return True


class Load:
    """Opened once and used for many rounds. A context manager."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes], *, connections: int) -> None:
        self._requests = requests
        self._poll = select.epoll()
        self._connections = {}
        for _ in range(connections):
            connection = _Connection(address)
            self._connections[connection.socket.fileno()] = connection
            self._poll.register(connection.socket, select.EPOLLIN)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for connection in self._connections.values():
            connection.socket.close()

    def run(self, seconds: float, tick: Callable[[], None], meter: Meter) -> Round:
        """Sends for ``seconds``, then waits for what is in flight, so that every request counts whole."""
        latencies: list[float] = []
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
                if not connection.answered():
                    continue
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
