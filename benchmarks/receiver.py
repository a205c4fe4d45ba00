"""A receiver of webhooks in a process of its own: notes when each event came, answers 200, and asks nothing more.

It must cost little, as it shares the machine with what is measured.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from benchmarks.served import HOST

START_SECONDS_MAX = 10.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """A context manager. ``url``: where events are sent to."""

    def __init__(self) -> None:
        self._mine, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_receive, args=(theirs,), daemon=True)

    def __enter__(self) -> Receiver:
        self._process.start()
        if not self._mine.poll(START_SECONDS_MAX):
            self._process.kill()
            raise RuntimeError("the receiver did not start")
        self.url = f"http://{HOST}:{self._mine.recv()}/hook"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()

    def take(self) -> list[tuple[float, bytes]]:
        """What came since it was asked last: when all of it was there (``time.perf_counter``, one clock for all
        processes of the machine), and the event."""
        self._mine.send(None)
        return self._mine.recv()


class _Line(asyncio.Protocol):
    """One keep-alive connection, with one request in flight."""

    def __init__(self, came: list[tuple[float, bytes]]) -> None:
        self._came = came
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        _, _, after = self._received[:end].lower().partition(b"content-length:")
        whole = end + 4 + int(after.split(b"\r\n", 1)[0])
        if len(self._received) < whole:
            return
        self._came.append((time.perf_counter(), self._received[end + 4 : whole]))
        self._received = self._received[whole:]
        self._transport.write(_ANSWER)


def _receive(pipe: Connection) -> None:
    asyncio.run(_listen(pipe))


async def _listen(pipe: Connection) -> None:
    came: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Line(came), HOST, 0)

    def tell() -> None:
        pipe.recv()
        pipe.send(came)
        came.clear()

    loop.add_reader(pipe.fileno(), tell)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
