"""How this door says no: a problem (RFC 9457) before a document runs, an error of GraphQL with the same code after."""

from __future__ import annotations

from typing import Any

import msgspec

from graphql import GraphQLError
from loyalty_api.kernel.http_status import STATUS
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.refusals import Busy, Kind, Refusal

FAILED = "service.failed"
INVALID = "graphql.invalid"

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


def refuse(refusal: Refusal) -> Reply:
    """The problem of a request that no document was run for."""
    body: dict[str, Any] = {
        "type": f"urn:loyalty-api:problem:{refusal.code}",
        "title": refusal.title,
        "status": STATUS[refusal.kind],
        "code": refusal.code,
        "detail": refusal.detail,
    }
    if refusal.errors:
        body["errors"] = [{"field": each.field, "message": each.message} for each in refusal.errors]
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(refusal, Busy):
        headers = ((b"retry-after", str(refusal.retry_after_seconds).encode()),)
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers = ((b"www-authenticate", b"Bearer"),)
    return Reply(STATUS[refusal.kind], msgspec.json.encode(body), headers=headers)


def tell_error(error: GraphQLError) -> dict[str, Any]:
    """An error as phones are told it: a refusal by its code, a fault of the document as it is, ours without words."""
    told, cause = error.formatted, cause_of(error)
    if isinstance(cause, Refusal):
        extensions: dict[str, Any] = {"code": cause.code}
        if cause.errors:
            extensions["errors"] = [{"field": each.field, "message": each.message} for each in cause.errors]
        return {**told, "message": cause.detail, "extensions": extensions}
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
