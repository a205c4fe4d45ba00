"""The composition root of the web process: settings → database → door → routes, and the way in for each request.

Hot routes are answered before the router: a bare ASGI path costs half the CPU of a routed one, and a till's
purchase passes it more often than everything else together. Both ways go through the same ``serve_route``.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from loyalty_api.graphql.endpoint import PATH, Endpoint
from loyalty_api.graphql.phones import Phones
from loyalty_api.graphql.socket import Sockets
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.facts_abroad import open_facts
from loyalty_api.kernel.group_commit import GroupCommit
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.logging import configure_logging
from loyalty_api.papers.pages import with_papers
from loyalty_api.rest.door import Door
from loyalty_api.rest.receive import read_body
from loyalty_api.rest.route import Answer, Route
from loyalty_api.rest.router import ROUTES, answer_unrouted, make_router
from loyalty_api.rest.serve import serve_route
from loyalty_api.rest.tally import count_operation, share_tally
from loyalty_api.settings import Settings, metrics_dir, read_settings

# A batch in flight holds some ten thousand objects; collecting amid it, at Python's 700, only walks what lives.
_YOUNG_OBJECTS_MAX = 50_000
_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{1,64}$")


class Application:
    """The ASGI application of one process."""

    def __init__(self, settings: Settings, *, commits: type[GroupCommit] = GroupCommit) -> None:
        self._settings = settings
        self._commits = commits
        self._door: Door | None = None
        self._endpoint: Endpoint | None = None
        self._sockets: Sockets | None = None
        self._router = with_papers(make_router(self._open, lambda: self._opened))
        self._hot = {(route.method, route.path): route for route in ROUTES if route.hot}

    @property
    def _opened(self) -> Door:
        assert self._door is not None, "the lifespan opens the door before the first request"
        return self._door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            live = scope["type"] == "websocket" and scope["path"] == PATH
            await (self._live if live else self._router)(scope, receive, send)
            return
        sent_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = b"x-request-id", sent_id if _REQUEST_ID.match(sent_id) else new_id().hex.encode()
        route = self._hot.get((scope["method"], scope["path"]))
        if route is not None:
            await _send(send, await self._serve(route, scope, receive), request_id)
        elif scope["method"] == "OPTIONS" and scope["path"] != PATH:
            await _send(send, answer_unrouted(scope["path"]), request_id)
        else:

            async def reply(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], request_id]
                await send(message)

            await (self._phones if scope["path"] == PATH else self._router)(scope, receive, reply)

    async def _serve(self, route: Route, scope: Any, receive: Any) -> Answer:
        body = await read_body(scope, receive, self._settings.body_bytes_max)
        if isinstance(body, Answer):
            return body
        headers, query = dict(scope["headers"]), scope["query_string"]
        return await serve_route(self._opened, route, headers=headers, path={}, query=query, body=body)

    async def _phones(self, scope: Any, receive: Any, send: Any) -> None:
        assert self._endpoint is not None, "the lifespan opens the door before the first request"
        await self._endpoint(scope, receive, send)

    async def _live(self, scope: Any, receive: Any, send: Any) -> None:
        assert self._sockets is not None, "the lifespan opens the door before the first connection"
        await self._sockets(scope, receive, send)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None]:
        facts, abroad = open_facts(self._settings.redis_url)
        database = await Database.open(self._settings.database_url, pool_size=self._settings.pool_size, facts=facts)
        door = self._door = Door(database, self._settings, commits=self._commits)
        self._endpoint = Endpoint(
            Phones(
                database=database,
                catalogue=door.catalogue,
                signer=door.signer,
                settings=self._settings,
                facts=facts,
            ),
            count=count_operation,
        )
        self._sockets = Sockets(self._endpoint)
        directory = metrics_dir()
        sharing = asyncio.create_task(share_tally(directory)) if directory else None
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS_MAX, 20, 20)
        try:
            yield
        finally:
            if sharing is not None:
                sharing.cancel()
            await self._door.close()
            if abroad is not None:
                await abroad.close()


def create(*, commits: type[GroupCommit] = GroupCommit) -> Application:
    """The application as a server starts it, configured by the environment."""
    settings = read_settings()
    configure_logging(settings.log_level)
    return Application(settings, commits=commits)


async def _send(send: Any, answer: Answer, request_id: tuple[bytes, bytes]) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        *answer.headers,
        request_id,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
