"""A receiver of webhooks that really listens, and behaves as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from loyalty_api.cli.local import free_port
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Database
from loyalty_api.worker.pace import Pace
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.webhooks import Webhooks
from tests.make.shop import Shop

WAIT_SECONDS_MAX = 20.0
# Retries at once, short time-outs; what takes longer than a moment is written down as waiting.
QUICK = Pace(timeout=0.5, first=0.05, step=0.02, spill=0.1, recovered=0.05, tick=0.02)

Open = Callable[..., Any]  # the fixture that opens webhooks
Behaviour = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


async def fine(_request: web.Request, _event: dict[str, Any]) -> web.StreamResponse:
    """200, as a good receiver answers."""
    return web.Response(text="thank you")


class Receiver:
    """``events``: what came, in its order, also what was not accepted; ``accepted``: what was answered with 200."""

    def __init__(self, port: int, behaviour: Behaviour) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.behaviour = behaviour
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.accepted: list[dict[str, Any]] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that came, as often as it came."""
        return [json.loads(body) for _, body in self.requests]

    def verify(self, secret: str) -> None:
        """Every request bears a signature of this secret, by the public library."""
        for headers, body in self.requests:
            Webhook(secret).verify(body, headers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = await request.read()
        event = json.loads(body)
        self.requests.append(({name.lower(): value for name, value in request.headers.items()}, body))
        answer = await self.behaviour(request, event)
        if answer.status == 200:
            self.accepted.append(event)
        return answer


@asynccontextmanager
async def receiving(behaviour: Behaviour = fine, *, port: int | None = None) -> AsyncGenerator[Receiver]:
    """A receiver that listens."""
    port = port or free_port()
    receiver = Receiver(port, behaviour)
    application = web.Application()
    application.router.add_route("*", "/hook", receiver.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def working(database: Database, *, pace: Pace = QUICK, **options: Any) -> AsyncGenerator[Webhooks]:
    """A worker's relay and webhooks at work."""
    webhooks = Webhooks(database, local=options.pop("local", True), pace=pace, **options)
    stop = asyncio.Event()
    work = asyncio.gather(Relay(database, tell=webhooks.wake).work(stop, pause_seconds=0.02), webhooks.work(stop))
    try:
        yield webhooks
    finally:
        stop.set()
        await work


async def until(true: Callable[[], Any]) -> None:
    """Waits for something to be so."""
    deadline = monotonic() + WAIT_SECONDS_MAX
    while not true():
        assert monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.01)


def deliveries(shop: Shop, webhook_id: UUID, **query: Any) -> list[dict[str, Any]]:
    """The log as the API tells it, newest first."""
    answer = shop.call("GET", f"/v1/webhooks/{webhook_id}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]
