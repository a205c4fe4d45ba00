"""Posting to a receiver that nobody knows: it may be down, slow, lie, or lead to where it must not.

Whether an address is public is asked of the address that the socket is opened to, whatever a name said a moment
before. Redirects are not followed, proxies and cookies not used, and of an answer only its beginning is read.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp

from loyalty_api.domain.webhooks.address import is_public
from loyalty_api.domain.webhooks.delivery import Attempt
from loyalty_api.kernel.clock import monotonic

TIMEOUT_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024  # a longer answer ends the connection, which costs the next event a new one
RESPONSE_LENGTH_MAX = 500
ERROR_LENGTH_MAX = 300
KEPT_ALIVE_SECONDS = 30.0
NAME_SECONDS = 10  # how long a looked-up name is believed

_HEADERS = {
    "content-type": "application/cloudevents+json; charset=utf-8",
    "accept-encoding": "identity",
    "user-agent": "loyalty_api",
}


class Sender:
    """Connections of one worker to all receivers. ``local``: private addresses are allowed, for tests and demos."""

    def __init__(self, *, local: bool, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        connector = aiohttp.TCPConnector(
            limit=0,  # who sends limits itself
            ttl_dns_cache=NAME_SECONDS,
            keepalive_timeout=KEPT_ALIVE_SECONDS,
            socket_factory=_open_any if local else _open_public,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            auto_decompress=False,
            headers=_HEADERS,
        )

    async def close(self) -> None:
        """Ends the connections."""
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
        """One attempt, whatever comes of it."""
        begun = monotonic()
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                beginning = await _read(answer)
                return Attempt(
                    status=answer.status,
                    error="redirects are not followed" if 300 <= answer.status < 400 else None,
                    response=_plain(beginning.decode("utf-8", "replace"), RESPONSE_LENGTH_MAX) or None,
                    duration_ms=_since(begun),
                    retry_after_seconds=_seconds(answer.headers.get("retry-after", "")),
                )
        except TimeoutError:
            return Attempt(error="the receiver did not answer in time", duration_ms=_since(begun))
        except (OSError, ValueError, aiohttp.ClientError) as error:
            told = _plain(str(error), ERROR_LENGTH_MAX) or type(error).__name__
            return Attempt(error=told, duration_ms=_since(begun))


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The answer up to its end, so that the connection can be used again; or to where it gets too long. Raises
    ClientError when it is cut off before its end: then it is no answer."""
    read = bytearray()
    while len(read) <= ANSWER_BYTES_MAX:
        part = await answer.content.readany()
        if not part and answer.content.at_eof():
            return bytes(read)
        read += part
    answer.close()
    return bytes(read)


def _open_any(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family=family, type=kind, proto=protocol)


def _open_public(address: Any) -> socket.socket:
    if not is_public(address[4][0]):
        raise OSError(errno.EACCES, "the address is not public")
    return _open_any(address)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _plain(text: str, length_max: int) -> str:
    return "".join(each if each.isprintable() else " " for each in text[:length_max]).strip()


def _since(begun: float) -> int:
    return round((monotonic() - begun) * 1000)
