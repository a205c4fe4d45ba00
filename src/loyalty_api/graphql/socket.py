"""``/graphql`` over a WebSocket: the protocol ``graphql-transport-ws``, message by message.

The token comes with ``connection_init`` (``Authorization``, or ``token``), or with the upgrade's Authorization header.
A connection whose token is refused, runs out or is taken back is closed with 4403, by which clients connect again with
a fresh one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from graphql import OperationType
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.graphql.endpoint import BODY_BYTES_MAX, Endpoint
from loyalty_api.graphql.identity import Token, admit
from loyalty_api.graphql.limits import cost_of
from loyalty_api.graphql.live import Live, PhoneGone, Subscribed, root_field
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.problems import TooManyOperations, tell_error, tell_refused
from loyalty_api.graphql.run import NO_OPERATION, Asked, choose, prepare, run
from loyalty_api.kernel.clock import monotonic, now
from loyalty_api.kernel.facts import Ear
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy, Refusal

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS_MAX = 3.0
SEND_SECONDS_MAX = 10.0  # a phone that reads nothing for so long is gone
OPERATIONS_MAX = 16  # of one connection at a time
CONNECTIONS_MAX = 10_000  # of one process
NAME_LENGTH_MAX = 128
AGAIN_LATER = 1013  # after 1008 or 1011, clients of graphql-ws never connect again
_REASON_BYTES_MAX = 120

log = logger(__name__)


class Init(msgspec.Struct, frozen=True, tag="connection_init"):
    """The first message."""

    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    """An operation begins."""

    id: str
    payload: Asked


class Complete(msgspec.Struct, frozen=True, tag="complete"):
    """An operation ends."""

    id: str


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answered by a pong."""


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """Answers a ping, or comes by itself."""


_decode = msgspec.json.Decoder(Init | Subscribe | Complete | Ping | Pong).decode


class Hangup(Exception):
    """The connection ends, by us or (no code) by the phone."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")


class Sockets:
    """One per process."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        # Messages leave connections of the pool to those who ask.
        self.reads = asyncio.Semaphore(max(1, endpoint.phones.settings.pool_size // 2))
        self.open = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one connection to its end."""
        await receive()
        spoken = PROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if spoken else None})
        self.open += 1
        try:
            if not spoken:
                raise Hangup(4406, f"Subprotocol not acceptable: speak {PROTOCOL}.")
            if self.open > CONNECTIONS_MAX:
                raise Hangup(AGAIN_LATER, "Too many connections; try again later.")
            await _Socket(self, scope, receive, send).serve()
        except Hangup as end:
            if end.code is not None:
                await send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        finally:
            self.open -= 1


class _Socket:
    def __init__(self, sockets: Sockets, scope: Any, receive: Any, send: Any) -> None:
        self._endpoint = sockets.endpoint
        self._reads = sockets.reads
        self._headers = dict(scope["headers"])
        self._language = self._headers.get(b"accept-language", b"").decode("latin-1")[:200]
        self._receive, self._send_message = receive, send
        self._running: dict[str, asyncio.Task[None] | None] = {}  # by the client's name; None: a subscription

    async def serve(self) -> None:
        """Raises Hangup in the end."""
        try:
            token, who = await self._init()
            with self._endpoint.phones.facts.listen(who.member_id) as ear:
                live = Live(self._endpoint.phones, self._reads, token, who, self._language, self._send_live)
                await self._send({"type": "connection_ack"})
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(live.run(ear))
                    await self._obey(token, live, ear, tasks)
        except Exception as ended:
            raise _hangup(ended) from None

    async def _init(self) -> Any:
        """The token and its member. Refuses: TokenRefused, Busy."""
        try:
            async with asyncio.timeout(INIT_SECONDS_MAX):
                while isinstance(message := await self._next(), Ping | Pong):
                    await self._answer_ping(message)
        except TimeoutError:
            raise Hangup(4408, "Connection initialisation timeout") from None
        if not isinstance(message, Init):
            raise Hangup(4401, "Unauthorized: begin with connection_init.")
        token = await self._endpoint.identities.read(_authorization(message.payload, self._headers), now())
        async with self._reads, self._endpoint.phones.database.reader() as connection:
            return token, await admit(connection, token)

    async def _obey(self, token: Token, live: Live, ear: Ear, tasks: asyncio.TaskGroup) -> None:
        while True:
            message = await self._next()
            live.answered()
            match message:
                case Init():
                    raise Hangup(4429, "Too many initialisation requests")
                case Complete(id=name):
                    task = self._running.pop(name, None)
                    live.stop(name)
                    if task is not None:
                        task.cancel()
                case Subscribe(id=name, payload=asked):
                    if name in self._running:
                        raise Hangup(4409, f"Subscriber for {name} already exists")
                    try:
                        await self._begin(name, asked, token, live, ear, tasks)
                    except Refusal as refusal:
                        self._endpoint.count(NO_OPERATION, "refused", None)
                        await self._send({"type": "error", "id": name, "payload": [tell_refused(refusal)]})
                case _:
                    await self._answer_ping(message)

    async def _begin(
        self, name: str, asked: Asked, token: Token, live: Live, ear: Ear, tasks: asyncio.TaskGroup
    ) -> None:
        """Begins an operation. Refuses: TooManyOperations, NotPersisted, BeyondLimit, InvalidRequest."""
        if len(self._running) >= OPERATIONS_MAX:
            raise TooManyOperations(f"A connection may have {OPERATIONS_MAX} operations at a time.")
        prepared = prepare(self._endpoint.documents, asked)
        if prepared.errors or prepared.document is None:
            self._endpoint.count(NO_OPERATION, "invalid", None)
            errors = [tell_error(each) for each in prepared.errors]
            await self._send({"type": "error", "id": name, "payload": errors})
            return
        operation = choose(prepared, asked)
        if operation.operation is not OperationType.SUBSCRIPTION:
            self._running[name] = tasks.create_task(self._answer(name, asked, token))
            return
        cost = cost_of(prepared.document, operation, asked.variables or {})
        self._running[name] = None
        self._endpoint.count("subscription", "begun", None)
        live.start(name, Subscribed(asked, prepared, cost, root_field(prepared, operation)), ear)

    async def _answer(self, name: str, asked: Asked, token: Token) -> None:
        """Answers a query or a mutation. Refuses: TokenRefused."""
        phones, begun = self._endpoint.phones, monotonic()
        try:
            async with self._reads:
                async with phones.database.reader() as connection:
                    who = await admit(connection, token)
                answered = await run(self._endpoint.documents, asked, Request(phones, who, now(), self._language))
            self._endpoint.count(answered.operation, answered.outcome, monotonic() - begun)
            messages = [{"type": "next", "id": name, "payload": answered.body}, {"type": "complete", "id": name}]
        except TokenRefused:
            raise
        except Refusal as refusal:
            self._endpoint.count(NO_OPERATION, "refused", monotonic() - begun)
            messages = [{"type": "error", "id": name, "payload": [tell_refused(refusal)]}]
        *before, last = messages
        for each in before:
            await self._send(each)
        self._running.pop(name, None)  # until now the phone may end it, after which its name is another operation's
        await self._send(last)

    async def _next(self) -> Init | Subscribe | Complete | Ping | Pong:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise Hangup
        text = message.get("text")
        if text is None or len(text) > BODY_BYTES_MAX:
            raise Hangup(4400, "Send messages as text, of at most 128 KiB.")
        try:
            read = _decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise Hangup(4400, f"Invalid message received: {error}") from None
        if len(getattr(read, "id", "")) > NAME_LENGTH_MAX:
            raise Hangup(4400, "The id of an operation may have 128 characters.")
        return read

    async def _answer_ping(self, message: Any) -> None:
        if isinstance(message, Ping):
            await self._send({"type": "pong"})

    async def _send_live(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            self._running.pop(message["id"], None)
        await self._send(message)

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await self._send_message({"type": "websocket.send", "text": msgspec.json.encode(message).decode()})
        except TimeoutError:
            raise Hangup(AGAIN_LATER, "Nothing is read at the other end.") from None


def _authorization(payload: dict[str, Any] | None, headers: Mapping[bytes, bytes]) -> str:
    """What would be the Authorization header."""
    said = {name.lower(): value for name, value in (payload or {}).items()}
    if isinstance(said.get("token"), str):
        return f"Bearer {said['token']}"
    if isinstance(said.get("authorization"), str):
        return said["authorization"]
    return headers.get(b"authorization", b"").decode("latin-1")


def _hangup(ended: Exception) -> Hangup:
    """How the connection ends by what one of its tasks raised."""
    while isinstance(ended, ExceptionGroup):
        ended = ended.exceptions[0]
    match ended:
        case Hangup():
            return ended
        case OSError():  # the phone was gone before it was told
            return Hangup()
        case TokenRefused():
            return Hangup(4403, ended.detail)
        case Busy():
            return Hangup(AGAIN_LATER, ended.detail)
        case PhoneGone():
            return Hangup(AGAIN_LATER, "No pong came.")
    log.error("socket_failed", exc_info=ended)
    return Hangup(AGAIN_LATER, "Something failed on our side; connect again.")
