"""All routes of the REST door, as a Litestar application."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

from loyalty_api.domain.access.table import ADMITTED
from loyalty_api.kernel.logging import logger
from loyalty_api.rest import (
    adjustments,
    api_keys,
    clock,
    coupons,
    dry_runs,
    engagement,
    events,
    explanations,
    health,
    insight,
    insight_grids,
    insight_ladder,
    insight_members,
    liability,
    lifetime_value,
    loyalty_record,
    member_batch,
    member_data,
    member_status,
    members,
    merges,
    metrics,
    openapi,
    openings,
    points,
    program,
    program_draft,
    program_publish,
    purchase_batch,
    purchase_moves,
    purchases,
    quotes,
    redemptions,
    returns,
    rewards,
    tier_migration,
    tiers,
    tokens,
    webhook_deliveries,
    webhooks,
)
from loyalty_api.rest.door import Door
from loyalty_api.rest.problems import INTERNAL, NO_SUCH, plain_problem
from loyalty_api.rest.receive import read_body
from loyalty_api.rest.route import Answer, Route
from loyalty_api.rest.serve import serve_route

CONTRACT: list[Route] = [
    *members.ROUTES,
    *member_batch.ROUTES,
    *member_status.ROUTES,
    *member_data.ROUTES,
    *tokens.ROUTES,
    *points.ROUTES,
    *adjustments.ROUTES,
    *merges.ROUTES,
    *tiers.ROUTES,
    *purchases.ROUTES,
    *explanations.ROUTES,
    *purchase_batch.ROUTES,
    *returns.ROUTES,
    *purchase_moves.ROUTES,
    *quotes.ROUTES,
    *rewards.ROUTES,
    *redemptions.ROUTES,
    *coupons.ROUTES,
    *engagement.ROUTES,
    *events.ROUTES,
    *loyalty_record.ROUTES,
    *insight_members.ROUTES,
    *insight_ladder.ROUTES,
    *liability.ROUTES,
    *lifetime_value.ROUTES,
    *tier_migration.ROUTES,
    *insight.ROUTES,
    *insight_grids.ROUTES,
    *webhooks.ROUTES,
    *webhook_deliveries.ROUTES,
    *openings.ROUTES,
    *program.ROUTES,
    *program_draft.ROUTES,
    *program_publish.ROUTES,
    *dry_runs.ROUTES,
    *clock.ROUTES,
    *api_keys.ROUTES,
    *health.ROUTES,
    *metrics.ROUTES,
]
ROUTES: list[Route] = [*CONTRACT, openapi.route(CONTRACT)]

log = logger(__name__)


def make_router(open_door: Callable[[], Any], get_door: Callable[[], Door]) -> Litestar:
    """The routes, their not-found and not-allowed problems, and the life of the door around them."""
    missing = {route.key for route in ROUTES} ^ set(ADMITTED)
    assert not missing, f"the access table and the routes differ: {missing}"

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        async with open_door():
            yield

    return Litestar(
        route_handlers=[_handler(route, get_door) for route in ROUTES],
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: _http_problem, Exception: _failure},
        request_max_body_size=None,
    )


def _handler(route: Route, get_door: Callable[[], Door]) -> HTTPRouteHandler:
    async def handle(request: Request) -> ASGIResponse:
        door = get_door()
        body = b""
        if route.body is not None:
            received = await read_body(request.scope, request.receive, door.settings.body_bytes_max)
            if isinstance(received, Answer):
                return _response(received)
            body = received
        answer = await serve_route(
            door,
            route,
            headers=dict(request.scope["headers"]),
            path={name: str(value) for name, value in request.path_params.items()},
            query=request.scope["query_string"],
            body=body,
        )
        return _response(answer)

    path = re.sub(r"\{(\w+)\}", r"{\1:str}", route.path)
    method: Any = route.method
    return HTTPRouteHandler(path, http_method=[method], status_code=200)(handle)


def _response(answer: Answer) -> ASGIResponse:
    if answer.parts is not None:
        return ASGIStreamingResponse(
            iterator=answer.parts,
            status_code=answer.status,
            encoded_headers=answer.headers,
            media_type=answer.content_type.decode(),
        )
    return ASGIResponse(
        body=answer.body,
        status_code=answer.status,
        encoded_headers=answer.headers,
        media_type=answer.content_type.decode(),
    )


def _http_problem(request: Request, error: HTTPException) -> Response:
    if error.status_code in (404, 405):
        return _plain(answer_unrouted(request.scope["path"]))
    detail = str(error.detail)[:200]
    return _plain(plain_problem(error.status_code, "request.malformed", "The request cannot be read", detail))


def answer_unrouted(path: str) -> Answer:
    """The problem of a request that no route takes: nothing is at the address, or not for this method."""
    allow = ", ".join(sorted(_methods_of(path)))
    if not allow:
        return NO_SUCH
    title = "This method is not for this address"
    return plain_problem(405, "request.method_not_allowed", title, f"Allowed: {allow}.", allow=allow)


def _methods_of(path: str) -> set[str]:
    exact = {route.method for route in ROUTES if route.path == path.rstrip("/")}
    return exact or {route.method for route in ROUTES if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)}


def _failure(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.scope["path"], exc_info=error)
    return _plain(INTERNAL)


def _plain(answer: Answer) -> Response:
    return Response(
        content=answer.body,
        status_code=answer.status,
        media_type=answer.content_type.decode(),
        headers={name.decode(): value.decode() for name, value in answer.headers},
    )
