"""One keep-alive connection with one request in flight, on a plain socket."""

from __future__ import annotations

import socket
import time

ANSWER_SECONDS_MAX = 10.0
_RECEIVE_BYTES = 65_536


class UnexpectedAnswer(Exception):
    """The product answered otherwise than it had to; the message is what it answered."""


class TillSocket:
    """``sent_at``: when the request in flight was sent."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=ANSWER_SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self.received = b""
        self.sent_at = 0.0

    @property
    def number(self) -> int:
        """What the system knows it by."""
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        """Sends the next request."""
        self.received, self.sent_at = b"", time.perf_counter()
        sent = self._socket.send(request)
        assert sent == len(request), "a request fits into an empty socket"

    def answered(self) -> int | None:
        """Takes what arrived: the status once the answer is whole."""
        part = self._socket.recv(_RECEIVE_BYTES)
        if not part:
            raise UnexpectedAnswer("the connection was closed")
        self.received += part
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        _, _, after = self.received[:end].lower().partition(b"content-length:")
        if len(self.received) < end + 4 + int(after.split(b"\r\n", 1)[0]):
            return None
        return int(self.received[9:12])

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()
