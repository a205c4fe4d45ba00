"""Many phones in one process, each a WebSocket with one subscription, and a till that moves their points."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from loyalty_api.domain.access.grant_tokens import grant_tokens
from loyalty_api.domain.access.signer import Signer
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database

POINTS = "subscription { pointsChanged { available pending reserved } }"
_HOLDERS = """
SELECT value, program_id, member_id FROM identifier_claims WHERE kind = 'card' AND value = ANY($1::text[])
"""
AT_ONCE = 50  # connections that are opened together
TOLD_SECONDS_MAX = 20.0


class Member(NamedTuple):
    """A member who is signed in."""

    card: str
    token: str


async def sign_in(url: str, secret: str, *, first_card: int, count: int) -> list[Member]:
    """Signs the members of some cards in, without HTTP: that is not what is measured."""
    database, signer, present = await Database.open(url, pool_size=1), Signer([secret]), now()
    cards = [str(first_card + number) for number in range(count)]

    async def work(connection: Connection) -> list[Member]:
        rows = await connection.fetch(_HOLDERS, cards)
        members = []
        for card, program_id, member_id in rows:
            whose: dict[str, UUID] = {"program_id": program_id, "member_id": member_id}
            pair = await grant_tokens(connection, signer, **whose, now=present, actor="bench")
            members.append(Member(card, pair.access_token))
        return members

    try:
        return await database.write(work)
    finally:
        await database.close()


class Phones:
    """``told``: seconds at which each phone was told last, and what."""

    def __init__(self, port: int, members: list[Member]) -> None:
        self._address = f"ws://127.0.0.1:{port}/graphql"
        self.members = members
        self._opened = AsyncExitStack()
        self._listening: list[asyncio.Task[None]] = []
        self._told: dict[str, asyncio.Queue[tuple[float, int]]] = {each.card: asyncio.Queue() for each in members}

    async def __aenter__(self) -> Phones:
        for start in range(0, len(self.members), AT_ONCE):
            await asyncio.gather(*(self._open(each) for each in self.members[start : start + AT_ONCE]))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self._opened.aclose()

    async def next_told(self, card: str) -> tuple[float, int]:
        """When the phone of this card was told something, and how many points are available."""
        async with asyncio.timeout(TOLD_SECONDS_MAX):
            return await self._told[card].get()

    async def _open(self, member: Member) -> None:
        protocols: Any = ["graphql-transport-ws"]
        socket = await self._opened.enter_async_context(
            connect(self._address, subprotocols=protocols, compression=None, ping_interval=None)
        )
        await socket.send(msgspec.json.encode({"type": "connection_init", "payload": {"token": member.token}}).decode())
        assert (await _hear(socket))["type"] == "connection_ack"
        asked = {"type": "subscribe", "id": "1", "payload": {"query": POINTS}}
        await socket.send(msgspec.json.encode(asked).decode())
        assert (await _hear(socket))["type"] == "next"
        self._listening.append(asyncio.create_task(self._listen(member.card, socket)))

    async def _listen(self, card: str, socket: ClientConnection) -> None:
        while True:
            message = await _hear(socket)
            if message["type"] == "next":
                at = time.perf_counter()
                self._told[card].put_nowait((at, message["payload"]["data"]["pointsChanged"]["available"]))
            elif message["type"] == "ping":
                await socket.send('{"type":"pong"}')


class AsyncTill:
    """One keep-alive connection that posts purchases, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> AsyncTill:
        """A till at the server of this port."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, request: bytes) -> tuple[float, float, int]:
        """(when it was sent, when it was answered, the points available after it)"""
        sent = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 201"), head
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        return sent, time.perf_counter(), msgspec.json.decode(body)["balance"]["available"]

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()


async def _hear(socket: ClientConnection) -> dict[str, Any]:
    return msgspec.json.decode(await socket.recv())
