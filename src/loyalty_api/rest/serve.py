"""How one request passes through a route: admit, decode, handle, answer. Every error becomes a problem here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loyalty_api.domain.members.refusals import MemberMerged
from loyalty_api.kernel.clock import monotonic, now
from loyalty_api.kernel.ids import parse_id
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Kind, Refusal
from loyalty_api.rest.decode import check_content_type, decode_body, read_query
from loyalty_api.rest.door import Door
from loyalty_api.rest.problems import INTERNAL, NO_SUCH, refuse
from loyalty_api.rest.route import Answer, Call, Route
from loyalty_api.rest.tally import count_request

log = logger(__name__)


async def serve_route(
    door: Door,
    route: Route,
    *,
    headers: Mapping[bytes, bytes],
    path: Mapping[str, str],
    query: bytes,
    body: bytes,
) -> Answer:
    """The answer to one request, whatever happens."""
    received_at, begun = now(), monotonic()
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    try:
        caller = await door.callers.admit(route, authorization, received_at)
        if route.hot:
            door.check_room(route)
        if any(name.endswith("_id") and parse_id(value) is None for name, value in path.items()):
            return _counted(route, begun, NO_SUCH)
        content_type = _content_type(route, headers) if route.body is not None else ""
        call = Call(
            caller=caller,
            path=path,
            address=path,
            query=read_query(query, route.query) if query else {},
            content_type=content_type,
            idempotency_key=headers.get(b"idempotency-key", b"").decode("latin-1"),
            if_match=headers.get(b"if-match", b"").decode("latin-1"),
            if_none_match=headers.get(b"if-none-match", b"").decode("latin-1"),
            accept=headers.get(b"accept", b"").decode("latin-1"),
            accept_language=headers.get(b"accept-language", b"").decode("latin-1"),
            route=route.key,
            raw=body,
            body=_body(route, body),
            received_at=received_at,
        )
        return _counted(route, begun, await _handle(door, route, call))
    except Refusal as refusal:
        return _counted(route, begun, refuse(await _confirmed(door, route, authorization, refusal)))
    except Exception as error:
        log.error("request_failed", route=route.key, exc_info=error)
        return _counted(route, begun, INTERNAL)


def _counted(route: Route, begun: float, answer: Answer) -> Answer:
    count_request(route.key, answer.status, monotonic() - begun)
    return answer


async def _handle(door: Door, route: Route, call: Call) -> Answer:
    """The handler's answer. What is asked of a member who was merged into another, the other is asked."""
    try:
        return await route.handler(door, call)
    except MemberMerged as merged:
        path, query = (_of_survivor(names, merged) for names in (call.path, call.query))
        if (path, query) == (call.path, call.query):
            raise
        return await route.handler(door, msgspec.structs.replace(call, path=path, query=query))


def _of_survivor(names: Mapping[str, str], merged: MemberMerged) -> dict[str, str]:
    alias = {"member_id", "member"}
    return {
        name: str(merged.survivor_id) if name in alias and parse_id(value) == merged.alias_id else value
        for name, value in names.items()
    }


async def _confirmed(door: Door, route: Route, authorization: str, refusal: Refusal) -> Refusal:
    """The refusal that the caller is told. A hot route's key is only remembered until its transaction; a request
    that does not get there has it checked here, so that a revoked key learns nothing but that."""
    if not route.hot or refusal.kind in (Kind.UNAUTHENTICATED, Kind.BUSY):
        return refusal
    try:
        await door.callers.find(authorization)
    except Refusal as gone:
        return gone
    return refusal


def _content_type(route: Route, headers: Mapping[bytes, bytes]) -> str:
    if headers.get(b"content-encoding", b"identity") != b"identity":
        check_content_type("content-encoding " + headers[b"content-encoding"].decode("latin-1"))
    return check_content_type(headers.get(b"content-type", b"").decode("latin-1"), ndjson=route.body is bytes)


def _body(route: Route, body: bytes) -> Any:
    if route.body is None:
        return None
    return body if route.body is bytes else decode_body(body, route.body)
