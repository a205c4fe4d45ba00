"""How a connection speaks HTTP: uvicorn's protocol on httptools, which an answer leaves in one piece, and which keeps
the limits that uvicorn leaves to a proxy.

A head may have ``HEAD_BYTES_MAX`` bytes, and must be whole ``WAIT_SECONDS_MAX`` after its first byte, or after the
connection was made; within a body nobody may be silent for so long. Otherwise the connection ends. How long a body may
be is the application's matter.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from loyalty_api.kernel.refusals import Malformed
from loyalty_api.rest.problems import refuse

HEAD_BYTES_MAX = 64 * 1024
WAIT_SECONDS_MAX = 30.0
REFUSED_SECONDS = 1.0  # in which a client may read why


class Http(HttpToolsProtocol):
    """One connection."""

    _in_head = True
    _in_body = False
    _head_bytes = 0  # of a head that is not whole yet
    _waiting: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: Any) -> None:
        """A connection that never asks anything ends as well."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets what was waited for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, unless the head is too long."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._refused:
            return
        if self._in_body:
            self._stop_waiting()
            self._wait()
        elif self._in_head:
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response(f"The head of a request may have {HEAD_BYTES_MAX:,} bytes.")
            elif self._waiting is None:
                self._wait()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._in_body, self._head_bytes = False, True, 0
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.__class__ = _Whole  # its task was made just now and has not begun

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP gets a problem, and no second chance. The rest is let go unread: hanging up at
        once would take the problem away again."""
        answer = refuse(Malformed(msg))
        head = b"content-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[answer.status] + head % (answer.content_type, len(answer.body)) + answer.body)
        self.transport.write_eof()
        self._refused = True
        self._stop_waiting()
        self.loop.call_later(REFUSED_SECONDS, self.transport.close)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(WAIT_SECONDS_MAX, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Whole(RequestResponseCycle):
    """Writes head and body of a short answer at once: two writes, with their checks, cost half as much again as all
    else that the server does for a purchase."""

    _head: Any = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and self.keep_alive and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
        elif message.get("more_body") or not await self._send_whole(head, message.get("body", b"")):
            await super().send(head)
            await super().send(message)

    async def _send_whole(self, head: Any, body: bytes) -> bool:
        """Writes it, unless it is not of the plain kind."""
        headers = head["headers"]
        plain = (b"content-length", b"%d" % len(body)) in headers and self.scope["method"] != "HEAD"
        if not plain or any(name == b"connection" for name, _ in headers):
            return False
        parts = [STATUS_LINE[head["status"]]]
        for name, value in (*self.default_headers, *headers):
            parts += name, b": ", value, b"\r\n"
        written = b"".join(parts)
        if written.count(b"\n") != len(parts) // 4 + 1:
            return False  # a header of two lines, which is refused
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        self.response_started = self.response_complete = True
        if not self.disconnected:
            self.transport.write(written + b"\r\n" + body)
            self.message_event.set()
            self.on_response()
        return True
