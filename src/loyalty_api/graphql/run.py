"""Running one document for one member: prepared, weighed, executed, and what it cost told with the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

import msgspec

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType, execute
from loyalty_api.graphql.documents import Documents, Prepared
from loyalty_api.graphql.limits import COST_MAX, cost_of, operations_of
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.problems import FAILED, WrongMethod, tell_error
from loyalty_api.graphql.schema import SCHEMA
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

NO_OPERATION = "none"


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request as clients write it. ``extensions.persistedQuery.sha256Hash`` may stand for the text."""

    query: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None

    @property
    def sha256(self) -> str | None:
        """The hash by which a persisted query is asked for. Refuses: InvalidRequest."""
        persisted = (self.extensions or {}).get("persistedQuery")
        if persisted is None:
            return None
        found = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(found, str) or len(found) != 64:
            place = "extensions.persistedQuery.sha256Hash"
            raise InvalidRequest.of(FieldError(place, "must be a SHA-256 in hexadecimal"))
        return found


class Answered(msgspec.Struct, frozen=True):
    """What is answered; ``operation``: the type of what was run, ``none`` where nothing was."""

    body: dict[str, Any]
    operation: str = NO_OPERATION

    @property
    def ran(self) -> bool:
        """Whether a document was run at all."""
        return self.operation != NO_OPERATION

    @property
    def outcome(self) -> str:
        """``answered``; ``errors``: with some in the answer; ``failed``: with one of ours; ``invalid``: not run."""
        errors = self.body.get("errors")
        if not errors:
            return "answered"
        if any(each.get("extensions", {}).get("code") == FAILED for each in errors):
            return "failed"
        return "errors" if self.ran else "invalid"


async def run(documents: Documents, asked: Asked, request: Request, *, reads_only: bool = False) -> Answered:
    """The answer to a query or mutation. Refuses: NotPersisted, BeyondLimit, WrongMethod, InvalidRequest."""
    prepared = prepare(documents, asked)
    if prepared.errors or prepared.document is None:
        return Answered({"errors": [tell_error(each) for each in prepared.errors]})
    operation = choose(prepared, asked)
    if operation.operation is OperationType.SUBSCRIPTION:
        raise WrongMethod("Subscribe over a WebSocket (graphql-transport-ws).")
    if reads_only and operation.operation is not OperationType.QUERY:
        raise WrongMethod("GET only asks; send what changes something with POST.")
    cost = cost_of(prepared.document, operation, asked.variables or {})
    try:
        result = await execute_prepared(prepared, asked, request)
    finally:
        await request.forget()
    if result.data is None and not any(each.path for each in result.errors or ()):  # nothing of it was begun
        return Answered({"errors": [tell_error(each) for each in result.errors or ()]})
    return Answered(tell(result, cost), operation.operation.value)


async def execute_prepared(prepared: Prepared, asked: Asked, request: Request, root: Any = None) -> ExecutionResult:
    """The result of the operation, of a subscription that of one message; ``root``: what its field is resolved from."""
    assert prepared.document is not None, "what has no document has errors"
    result = execute(
        SCHEMA,
        prepared.document,
        root,
        context_value=request,
        variable_values=asked.variables,
        operation_name=asked.operation_name,
    )
    return await cast("Awaitable[ExecutionResult]", _awaited(result))


def prepare(documents: Documents, asked: Asked) -> Prepared:
    """The document that is asked for. Refuses: NotPersisted, BeyondLimit, InvalidRequest."""
    if asked.query is None and asked.sha256 is None:
        raise InvalidRequest.of(FieldError("query", "is missing"))
    return documents.prepare(asked.query, asked.sha256)


def choose(prepared: Prepared, asked: Asked) -> OperationDefinitionNode:
    """The operation that is asked for. Refuses: InvalidRequest."""
    assert prepared.document is not None, "what has no document has errors"
    operations = operations_of(prepared.document)
    name = asked.operation_name
    found = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
    if len(found) != 1:
        raise InvalidRequest.of(FieldError("operationName", "must name one operation of the document"))
    return found[0]


def tell(result: ExecutionResult, cost: int) -> dict[str, Any]:
    """The result as clients read it."""
    body: dict[str, Any] = {"data": result.data, "extensions": {"cost": {"requested": cost, "max": COST_MAX}}}
    if result.errors:
        body["errors"] = [tell_error(each) for each in result.errors]
    return body


async def _awaited(result: Any) -> ExecutionResult:
    if isinstance(result, ExecutionResult):
        return result
    try:
        return await result
    except GraphQLError as error:
        return ExecutionResult(None, [error])
