"""Facts of one process told to all others, over pub/sub of Redis or Valkey.

The first message leaves at once; what is told while it is on its way, and shortly after, goes with the next one, so
that there are no more than a few dozen a second however many purchases there are. A server that is gone or slow costs
nobody but whoever waits to be woken: what could not be sent is forgotten, and once the server is back everyone is told
to read the present.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from loyalty_api.kernel.facts import Fact, Facts
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.valkey import open_valkey

CHANNEL = "loyalty:facts"
MEMBERS_MAX = 10_000  # that wait to be told of
SEND_SECONDS_MAX = 1.0
PAUSE_SECONDS = 0.02  # between two messages: a message costs the CPU of half a purchase
AGAIN_SECONDS = 0.5  # between two attempts to reach a server
QUIET_SECONDS = 5.0  # then it is asked whether it is there

_FAULTS = (RedisError, OSError, TimeoutError)

log = logger(__name__)


class _Message(msgspec.Struct, frozen=True, array_like=True):
    """``facts``: the kinds by member. ``lost``: whether others before it never left."""

    origin: UUID
    lost: bool
    facts: dict[UUID, set[str]]


_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(_Message).decode


class FactsAbroad:
    """One per process, beside its ``Facts``."""

    def __init__(self, facts: Facts, url: str) -> None:
        self._facts = facts
        self._origin = new_id()
        self._sending, self._listening = open_valkey(url), open_valkey(url)
        self._waiting: dict[UUID, set[str]] = {}
        self._lost = False
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        facts.send_abroad = self._send
        facts.on_first_ear = self._listen

    async def close(self) -> None:
        """Sends what waits, if that is quickly done, and lets go."""
        if self._sender is not None:
            await asyncio.wait({self._sender}, timeout=SEND_SECONDS_MAX)
        for task in (self._sender, self._listener):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        for client in (self._sending, self._listening):
            with contextlib.suppress(*_FAULTS):
                await client.aclose()

    def _send(self, facts: Sequence[Fact]) -> None:
        for member_id, kind in facts:
            self._waiting.setdefault(member_id, set()).add(kind)
        if len(self._waiting) > MEMBERS_MAX:
            self._waiting, self._lost = {}, True
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting or self._lost:
            facts, self._waiting = self._waiting, {}
            message = _encode(_Message(self._origin, self._lost, facts))
            try:
                async with asyncio.timeout(SEND_SECONDS_MAX):
                    await self._sending.publish(CHANNEL, message)
            except _FAULTS as error:
                if not self._lost:
                    log.warning("facts_not_sent", error=str(error))
                self._lost = True
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                self._lost = False
                await asyncio.sleep(PAUSE_SECONDS)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        """Listens on, whatever happens; and after every gap, everyone reads the present."""
        reached = True
        while True:
            try:
                async with self._listening.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await _await(channel, "subscribe")
                    reached = True
                    self._facts.lost()
                    await self._hear_on(channel)
            except _FAULTS as error:
                if reached:
                    log.warning("facts_not_heard", error=str(error))
                reached = False
            except Exception as error:
                log.error("facts_failed", exc_info=error)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear_on(self, channel: PubSub) -> None:
        while True:
            said = await channel.get_message(timeout=QUIET_SECONDS)
            if said is None:
                await channel.ping()
                said = await _await(channel, "pong")
            if said["type"] == "message":
                self._heard(said["data"])

    def _heard(self, data: bytes) -> None:
        try:
            message = _decode(data)
        except msgspec.MsgspecError:
            log.warning("facts_not_understood")
            return
        if message.origin == self._origin:
            return
        if message.lost:
            self._facts.lost()
        self._facts.tell_here(Fact(member_id, kind) for member_id, kinds in message.facts.items() for kind in kinds)


async def _await(channel: PubSub, kind: str) -> dict:
    """What is said next; TimeoutError: nothing, although ``kind`` is due."""
    said = await channel.get_message(timeout=SEND_SECONDS_MAX)
    if said is None:
        raise TimeoutError(f"no {kind}")
    return said


def open_facts(url: str) -> tuple[Facts, FactsAbroad | None]:
    """The facts of a process, told to the others when there is a server (``url`` is not empty)."""
    facts = Facts()
    return facts, FactsAbroad(facts, url) if url else None
