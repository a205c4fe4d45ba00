"""How this door says no: an error of GraphQL, or, before a document runs, for whoever does not ask to be answered in
GraphQL's own content type, a problem (RFC 9457) with the same code."""

from __future__ import annotations

from typing import Any

import msgspec

from graphql import GraphQLError
from loyalty_api.kernel.http_status import STATUS
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy, Kind, Refusal

FAILED = "service.failed"
INVALID = "graphql.invalid"
GRAPHQL_JSON = b"application/graphql-response+json"

log = logger(__name__)


class BeyondLimit(Refusal):
    """The document asks for more than one request may: too deep, too many aliases, too many words, too costly."""

    kind = Kind.INVALID
    code = "graphql.beyond_limit"
    title = "The query asks for too much"


class NotPersisted(Refusal):
    """No document is known by this hash; send it once with its text."""

    kind = Kind.MISSING
    code = "graphql.not_persisted"
    title = "No such persisted query"


class WrongMethod(Refusal):
    """GET asks by the hash of a persisted query, and only asks."""

    kind = Kind.INVALID
    code = "graphql.wrong_method"
    title = "Send this with POST"


class TooManyOperations(Refusal):
    """The connection has as many operations under way as one may have."""

    kind = Kind.INVALID
    code = "graphql.too_many_operations"
    title = "Too many operations on one connection"


class Reply(msgspec.Struct, frozen=True):
    """Status, bytes and further headers of an answer over HTTP."""

    status: int
    body: bytes
    content_type: bytes = b"application/problem+json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def refuse(refusal: Refusal, *, as_graphql: bool = False) -> Reply:
    """The problem of a request that no document was run for; ``as_graphql``: as a response of GraphQL, with the same
    code and status."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(refusal, Busy):
        headers = ((b"retry-after", str(refusal.retry_after_seconds).encode()),)
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers = ((b"www-authenticate", b"Bearer"),)
    status = STATUS[refusal.kind]
    if as_graphql:
        return Reply(status, msgspec.json.encode({"errors": [tell_refused(refusal)]}), GRAPHQL_JSON, headers)
    body: dict[str, Any] = {
        "type": f"urn:loyalty-api:problem:{refusal.code}",
        "title": refusal.title,
        "status": status,
        "code": refusal.code,
        "detail": refusal.detail,
    }
    if refusal.errors:
        body["errors"] = [{"field": each.field, "message": each.message} for each in refusal.errors]
    return Reply(status, msgspec.json.encode(body), headers=headers)


def fail(*, as_graphql: bool) -> Reply:
    """What is answered when we failed, without a word about why."""
    detail = "The request failed on our side; it may be sent again."
    if as_graphql:
        body: dict[str, Any] = {"errors": [{"message": detail, "extensions": {"code": FAILED}}]}
        return Reply(500, msgspec.json.encode(body), GRAPHQL_JSON)
    body = {"type": f"urn:loyalty-api:problem:{FAILED}", "title": "Something went wrong here", "status": 500}
    return Reply(500, msgspec.json.encode(body | {"code": FAILED, "detail": detail}))


def tell_refused(refusal: Refusal) -> dict[str, Any]:
    """A refusal as an error of GraphQL; what clients know by a name of their own has that name."""
    if isinstance(refusal, NotPersisted):
        return {"message": refusal.detail, "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
    extensions: dict[str, Any] = {"code": refusal.code}
    if refusal.errors:
        extensions["errors"] = [{"field": each.field, "message": each.message} for each in refusal.errors]
    return {"message": refusal.detail, "extensions": extensions}


def tell_error(error: GraphQLError) -> dict[str, Any]:
    """An error as phones are told it: a refusal by its code, a fault of the document as it is, ours without words."""
    told, cause = error.formatted, cause_of(error)
    if isinstance(cause, Refusal):
        return {**told, **tell_refused(cause)}
    if cause is None or isinstance(cause, GraphQLError):
        return {**told, "extensions": {"code": INVALID, **(error.extensions or {})}}
    log.error("field_failed", path=error.path, exc_info=cause)
    return {**told, "message": "Something failed on our side; it may be sent again.", "extensions": {"code": FAILED}}


def cause_of(error: GraphQLError) -> Exception | None:
    """What a resolver raised; None: the fault is the document's."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause
