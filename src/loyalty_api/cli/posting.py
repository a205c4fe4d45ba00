"""Posting many purchases over HTTP: bounded concurrency, each member's receipts in order, retries, every row once.

Rows of one member go through one worker, so their order is the file's. A server that is busy or away is asked
again with growing pauses; since purchases are idempotent, asking twice never counts twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from statistics import quantiles
from typing import Any, NamedTuple
from zlib import crc32

import aiohttp
import msgspec

from loyalty_api.kernel.clock import monotonic

CONCURRENCY = 32
QUEUED_MAX = 64  # rows waiting per worker
ATTEMPTS_MAX = 12
PAUSE_SECONDS_MAX = 10.0


class Stopped(Exception):
    """Posting cannot go on (wrong key, or the server stays away); what was done stays done."""


class Row(msgspec.Struct, frozen=True):
    """One row of the input: its number from 1, and its bytes."""

    number: int
    body: bytes


class Posted(msgspec.Struct, frozen=True):
    """What became of a row: ``recorded``, ``replayed`` or ``refused`` with its problem."""

    row: Row
    status: str
    seconds: float
    problem: bytes = b""


class Sent(NamedTuple):
    """An answer below 500: its status, its bytes, and how long it took."""

    status: int
    body: bytes
    seconds: float


class Figures(msgspec.Struct):
    """Counts and speed of a run."""

    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies: list[float] = []

    def count(self, posted: Posted) -> None:
        """Adds one row."""
        setattr(self, posted.status, getattr(self, posted.status) + 1)
        self.latencies.append(posted.seconds)

    @property
    def per_second(self) -> float:
        """Rows per second of this run."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: int) -> float:
        """Latency in milliseconds that so many percent of the rows stayed within."""
        if len(self.latencies) < 2:
            return sum(self.latencies) * 1000
        return quantiles(self.latencies, n=100)[percent - 1] * 1000


class _Member(msgspec.Struct):
    identifier: str = ""
    id: str = ""


class _Head(msgspec.Struct):
    member: _Member


_head = msgspec.json.Decoder(_Head)


async def post_rows(
    rows: AsyncIterator[Row],
    *,
    url: str,
    key: str,
    done: Callable[[Posted], None],
    concurrency: int = CONCURRENCY,
) -> None:
    """Posts every row to ``url``/v1/purchases and tells ``done`` of each, in no particular order. Raises Stopped."""
    queues: list[asyncio.Queue[Row | None]] = [asyncio.Queue(QUEUED_MAX) for _ in range(concurrency)]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await _check_there(session, url.rstrip("/"))
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(_work(session, f"{url.rstrip('/')}/v1/purchases", queue, done))
            async for row in rows:
                await queues[_worker_of(row, concurrency)].put(row)
            for queue in queues:
                await queue.put(None)


async def _check_there(session: aiohttp.ClientSession, url: str) -> None:
    """A wrong address is told at once; a server that goes away later is waited for."""
    try:
        async with session.get(f"{url}/health/live") as answer:
            if answer.status == 200:
                return
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        raise Stopped(f"no server answers at {url}: {error}") from None
    raise Stopped(f"what answers at {url} is not this service")


def _worker_of(row: Row, workers: int) -> int:
    try:
        member = _head.decode(row.body).member
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0  # the server will say what is wrong with it
    return crc32((member.identifier or member.id).encode()) % workers


async def _work(
    session: aiohttp.ClientSession, url: str, queue: asyncio.Queue[Row | None], done: Callable[[Posted], None]
) -> None:
    while (row := await queue.get()) is not None:
        done(await _post(session, url, row))


async def _post(session: aiohttp.ClientSession, url: str, row: Row) -> Posted:
    sent = await send(session, url, row.body)
    if sent.status >= 300:
        return Posted(row, "refused", sent.seconds, sent.body)
    return Posted(row, "recorded" if sent.status == 201 else "replayed", sent.seconds)


async def send(session: aiohttp.ClientSession, url: str, body: bytes) -> Sent:
    """Posts ``body``; a server that is busy or away is asked again with growing pauses.

    Raises Stopped when the key is refused or the server stays away.
    """
    told = b""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        started = monotonic()
        try:
            async with session.post(url, data=body) as answer:
                status, told = answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            status, told = 503, str(error).encode()
        if status in (401, 403):
            raise Stopped(f"the server refuses the key: {told_why(told)}")
        if status < 500:
            return Sent(status, told, monotonic() - started)
        await asyncio.sleep(min(PAUSE_SECONDS_MAX, 0.1 * 2**attempt))
    raise Stopped(f"the server does not answer: {told_why(told)}")


def told_why(body: bytes) -> str:
    """The sentence of a problem, or as much of another body as tells what it is."""
    try:
        problem: Any = msgspec.json.decode(body)
        return problem["detail"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
