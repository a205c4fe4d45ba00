"""The contract as OpenAPI 3.1, generated from the routes: shapes, examples, and the problems of each call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from loyalty_api.domain.access.refusals import Forbidden, Unauthenticated
from loyalty_api.domain.access.table import ADMITTED, PUBLIC
from loyalty_api.domain.claims.once import KeyReused
from loyalty_api.domain.programs.document import Document
from loyalty_api.kernel.refusals import Busy, InvalidRequest, Malformed, Refusal
from loyalty_api.rest.decode import NDJSON_TYPE, TooLarge, UnsupportedContent
from loyalty_api.rest.door import Door
from loyalty_api.rest.problems import STATUS, Problem, problem_of
from loyalty_api.rest.route import Answer, Call, Route

_REFERENCE = "#/components/schemas/{name}"
_DESCRIPTION = (
    "Points for purchases, exact like a bank's ledger. Money is an integer of minor units, instants are RFC 3339"
    " in UTC, ids are UUIDv7. A write with a `reference` may be sent again for ever and is answered the same."
)


def route(contract: list[Route]) -> Route:
    """The route that serves the contract."""
    body = encode_contract(contract)

    async def read(_door: Door, _call: Call) -> Answer:
        """200 with the contract."""
        return Answer(200, body)

    return Route(method="GET", path="/openapi.json", handler=read, summary="This contract", answer=dict)


def encode_contract(routes: list[Route]) -> bytes:
    """The contract as indented JSON, the same to the byte for the same routes."""
    return msgspec.json.format(msgspec.json.encode(make_contract(routes), order="deterministic"), indent=2)


def make_contract(routes: list[Route]) -> dict[str, Any]:
    """The contract as plain values."""
    kinds = [kind for each in routes for kind in (*_body_kinds(each), each.answer) if kind not in (None, dict)]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template=_REFERENCE)
    by_kind = {str(kind): schema for kind, schema in zip([*kinds, Problem], schemas, strict=True)}
    paths: dict[str, Any] = {}
    for each in routes:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "loyalty_api", "version": "1", "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": _spoken(components),
            "examples": _examples(routes),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
        },
    }


def _operation(route: Route, by_kind: dict[str, Any]) -> dict[str, Any]:
    scopes = ADMITTED[route.key]
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}_{route.path.removeprefix('/v1')}").strip("_"),
        "tags": [route.path.removeprefix("/v1").split("/")[1]],
        "parameters": _parameters(route),
        "responses": _responses(route, by_kind),
        "security": [] if scopes is PUBLIC else [{"key": []}],
    }
    if scopes is not PUBLIC:
        operation["description"] = f"Scopes: {', '.join(sorted(scopes))}."
    schemas = [by_kind[str(kind)] for kind in _body_kinds(route)]
    if schemas:
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        if route.items:
            schema = {"type": "array", "items": schema}
        content: dict[str, Any] = {"application/json": {"schema": schema, "example": route.example}}
        if route.items:
            content[NDJSON_TYPE] = {"schema": {"type": "string", "description": "one item a line"}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _path_schema(name),
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    query = [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in route.query.items()
    ]
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "the same key is answered the same, for 30 days",
        "schema": {"type": "string", "maxLength": 200},
    }
    language = {
        "name": "Accept-Language",
        "in": "header",
        "description": "the language of the texts, where it is spoken here; English otherwise",
        "schema": {"type": "string"},
    }
    headers = [(route.idempotent, header), (route.localized, language)]
    return [*path, *query, *(each for taken, each in headers if taken), *([_condition(route)] if route.tagged else [])]


def _path_schema(name: str) -> dict[str, str]:
    if name.endswith("_id"):
        return {"type": "string", "format": "uuid"}
    return {"type": "integer" if name == "number" else "string"}


def _condition(route: Route) -> dict[str, Any]:
    reads = route.method == "GET"
    return {
        "name": "If-None-Match" if reads else "If-Match",
        "in": "header",
        "required": not reads,
        "description": "the ETag of an earlier answer: 304 as long as nothing has changed"
        if reads
        else "the ETag of the state that was seen; `*`: whatever is there may be replaced",
        "schema": {"type": "string"},
    }


def _responses(route: Route, by_kind: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done."}
    if route.answer is not None:
        schema = by_kind.get(str(route.answer), {"type": "object"})
        done["content"] = {"application/json": {"schema": schema}}
        if route.example_answer is not None:
            done["content"]["application/json"]["example"] = route.example_answer
    if route.csv:
        done["content"]["text/csv"] = {"schema": {"type": "string"}}
    responses: dict[str, Any] = {str(route.status): done}
    if route.tagged:
        done["headers"] = {"ETag": {"description": "the name of this state", "schema": {"type": "string"}}}
        if route.method == "GET":
            responses["304"] = {"description": "Unchanged since the ETag in If-None-Match."}
    if route.status == 201:
        again = "Already so: the same request was answered before, or nothing was to be changed."
        responses["200"] = {**done, "description": again}
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys((*_common(route), *route.refusals)):
        by_status.setdefault(STATUS[refusal.kind], []).append(refusal)
    for status, refusals in sorted(by_status.items()):
        responses[str(status)] = _problems(refusals, by_kind)
    return responses


def _common(route: Route) -> tuple[type[Refusal], ...]:
    common: tuple[type[Refusal], ...] = () if ADMITTED[route.key] is PUBLIC else (Unauthenticated, Forbidden, Busy)
    if route.body is not None:
        common += (Malformed, TooLarge, UnsupportedContent)
    if route.idempotent:
        common += (KeyReused,)
    return (*common, InvalidRequest) if route.body is not None or route.query else common


def _examples(routes: list[Route]) -> dict[str, Any]:
    """One problem of each code that a call may answer."""
    refusals = {each for route in routes for each in (*_common(route), *route.refusals)}
    return {
        each.code: {"value": msgspec.to_builtins(problem_of(each(f"{each.title}.")))}
        for each in sorted(refusals, key=lambda refusal: refusal.code)
    }


def _problems(refusals: list[type[Refusal]], by_kind: dict[str, Any]) -> dict[str, Any]:
    words = " ".join(f"`{each.code}`: {(each.__doc__ or each.title).splitlines()[0]}" for each in refusals)
    examples = {each.code: {"$ref": f"#/components/examples/{each.code}"} for each in refusals}
    media = {"schema": by_kind[str(Problem)], "examples": examples}
    return {"description": words, "content": {"application/problem+json": media}}


def _body_kinds(route: Route) -> Sequence[Any]:
    """The type of the body, or of an item of it; routes that read the bytes themselves say here what they expect."""
    if route.items:
        return route.items
    if route.body is None:
        return ()
    return (Document,) if route.body is bytes else (route.body,)


def _spoken(components: dict[str, Any]) -> dict[str, Any]:
    """Docstrings are written for people who read code; what they mark up stays readable in the contract.

    Decimals pass as JSON numbers, both ways; msgspec would describe them as text.
    """
    text = msgspec.json.encode(components).decode().replace("``", "`")
    return msgspec.json.decode(text.replace('"type":"string","format":"decimal"', '"type":"number"'))
