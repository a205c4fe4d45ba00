"""``/graphql`` over HTTP: POST with a document, GET with the hash of a persisted one, or of one to persist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from loyalty_api.graphql.documents import Documents
from loyalty_api.graphql.identity import Identities
from loyalty_api.graphql.phones import Phones, Request
from loyalty_api.graphql.problems import (
    GRAPHQL_JSON,
    NotPersisted,
    Reply,
    WrongMethod,
    fail,
    refuse,
    tell_refused,
)
from loyalty_api.graphql.providers import Providers
from loyalty_api.graphql.run import NO_OPERATION, Asked, run
from loyalty_api.graphql.schema import SCHEMA
from loyalty_api.kernel.clock import monotonic, now
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Kind, Malformed, Refusal

PATH = "/graphql"
BODY_BYTES_MAX = 128 * 1024
_JSON = b"application/json"

log = logger(__name__)


class TooLong(Refusal):
    """The body is beyond the limit."""

    kind = Kind.TOO_LARGE
    code = "graphql.too_large"
    title = "The request is too large"


class NotJson(Refusal):
    """The body is not written in JSON."""

    kind = Kind.UNSUPPORTED
    code = "graphql.unsupported_content"
    title = "This content type is not read here"


class Endpoint:
    """One per process. ``count`` is told of every operation: its type, what came of it, and the seconds it took (None:
    it goes on)."""

    def __init__(
        self, phones: Phones, *, count: Callable[[str, str, float | None], None] = lambda *_operation: None
    ) -> None:
        self.phones = phones
        self.count = count
        self.documents = Documents(SCHEMA, introspection=phones.settings.introspection)
        self.identities = Identities(phones.database, phones.signer, Providers(phones.settings.identity_providers))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request, whatever happens."""
        begun = monotonic()
        as_graphql = _reads_graphql(dict(scope["headers"]))
        try:
            reply, operation, outcome = await self._answer(scope, receive)
        except Refusal as refusal:
            reply, operation, outcome = refuse(refusal, as_graphql=as_graphql), NO_OPERATION, "refused"
        except Exception as error:
            operation, outcome = NO_OPERATION, "failed"
            log.error("request_failed", path=PATH, exc_info=error)
            reply = fail(as_graphql=as_graphql)
        self.count(operation, outcome, monotonic() - begun)
        headers = [(b"content-type", reply.content_type), (b"content-length", str(len(reply.body)).encode())]
        headers += [(b"cache-control", b"no-store"), *reply.headers]
        if reply.status == 413 and scope["http_version"].startswith("1"):
            headers.append((b"connection", b"close"))  # the rest of the body stays unread
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Any, receive: Any) -> tuple[Reply, str, str]:
        """The reply, and the operation that it is of, and what came of that."""
        if scope["method"] not in ("GET", "POST"):
            return _not_allowed(), NO_OPERATION, "refused"
        received_at, headers = now(), dict(scope["headers"])
        who = await self.identities.find(headers.get(b"authorization", b"").decode("latin-1"), received_at)
        reads_only = scope["method"] == "GET"
        asked = _of_address(scope["query_string"]) if reads_only else _decode(await _body(headers, receive))
        language = headers.get(b"accept-language", b"").decode("latin-1")[:200]
        request = Request(self.phones, who, received_at, language)
        content_type = GRAPHQL_JSON if _reads_graphql(headers) else _JSON
        try:
            answered = await run(self.documents, asked, request, reads_only=reads_only)
        except NotPersisted as missing:
            reply = Reply(200, msgspec.json.encode({"errors": [tell_refused(missing)]}), content_type)
            return reply, NO_OPERATION, "refused"
        status = 400 if not answered.ran and content_type == GRAPHQL_JSON else 200
        reply = Reply(status, msgspec.json.encode(answered.body), content_type)
        return reply, answered.operation, answered.outcome


def _reads_graphql(headers: dict[bytes, bytes]) -> bool:
    return GRAPHQL_JSON in headers.get(b"accept", b"")


async def _body(headers: dict[bytes, bytes], receive: Any) -> bytes:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != _JSON or headers.get(b"content-encoding", b"identity") != b"identity":
        raise NotJson("Send application/json.")
    length = headers.get(b"content-length", b"")
    too_long = TooLong(f"A request may have at most {BODY_BYTES_MAX:,} bytes.")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise too_long
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The request was cut off.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_BYTES_MAX:
            raise too_long
    return body


def _decode(body: bytes) -> Asked:
    try:
        return msgspec.json.decode(body, type=Asked)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$.")
        raise InvalidRequest.of(FieldError(place.rstrip("`") or "body", sentence)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is not JSON.") from None


def _of_address(query: bytes) -> Asked:
    try:
        said = dict(parse_qsl(query.decode("ascii"), max_num_fields=5))
        raw = {name: msgspec.json.decode(said[name]) for name in ("variables", "extensions") if name in said}
        raw |= {name: said[name] for name in ("query", "operationName") if name in said}
        asked = msgspec.convert(raw, Asked)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise Malformed("The address cannot be read.") from None
    if asked.sha256 is None:  # a text may come with its hash: urql sends it once more this way, where it is not known
        raise WrongMethod("GET asks by the hash of a persisted query; send a text without one with POST.")
    return asked


def _not_allowed() -> Reply:
    body = {"type": "urn:loyalty-api:problem:request.method_not_allowed", "status": 405}
    body |= {"title": "This method is not for this address", "code": "request.method_not_allowed"}
    body |= {"detail": "Allowed: GET, POST."}
    return Reply(405, msgspec.json.encode(body), headers=((b"allow", b"GET, POST"),))
