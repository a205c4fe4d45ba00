"""Traces from the door to SQL, by OpenTelemetry: imported only where the environment asks for it (``OTEL_…``), so that
nobody else pays for it. Needs ``loyalty_api[telemetry]``.

A request is a span, and so is every statement that it runs; of a statement the text is told, which has no values in it.
Purchases share a transaction: the batch is a span below the first of its requests, linked to the others.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import asyncpg
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode

from loyalty_api import app
from loyalty_api.kernel.clock import microseconds, now
from loyalty_api.kernel.database import QUERY_WATCHERS
from loyalty_api.kernel.group_commit import GroupCommit
from loyalty_api.rest.router import ROUTES

_TEMPLATES = [(route, re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))) for route in ROUTES]


_tracer = trace.get_tracer("loyalty_api")


def create() -> Traced:
    """The application, traced, as a server starts it."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    QUERY_WATCHERS.append(_statement)
    return Traced(app.create(commits=TracedCommit), provider)


class TracedCommit(GroupCommit):
    """A group commit whose batches are spans."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._origins: dict[int, SpanContext] = {}

    async def submit(self, command: Any, *, key: Hashable) -> Any:
        """Notes whose command it is."""
        self._origins[id(command)] = trace.get_current_span().get_span_context()
        try:
            return await super().submit(command, key=key)
        finally:
            self._origins.pop(id(command), None)

    async def _answer(self, batch: list[Any]) -> None:
        origins = [self._origins[id(command)] for command, _ in batch if id(command) in self._origins]
        parent = trace.set_span_in_context(NonRecordingSpan(origins[0])) if origins else Context()
        with _tracer.start_as_current_span(
            "group commit",
            context=parent,
            attributes={"loyalty.batch.size": len(batch)},
            links=[Link(origin) for origin in origins[1:]],
        ):
            await super()._answer(batch)


class Traced:
    """An ASGI application with a span around each request."""

    def __init__(self, application: Any, provider: TracerProvider) -> None:
        self._application = application
        self._provider = provider

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves a request; at the end of the application's life, sends what is left."""
        if scope["type"] == "lifespan":
            try:
                await self._application(scope, receive, send)
            finally:
                self._provider.shutdown()
        elif scope["type"] != "http":
            await self._application(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Any, receive: Any, send: Any) -> None:
        method, template = scope["method"], _template(scope["method"], scope["path"])
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {"http.request.method": method, "http.route": template, "url.scheme": scope["scheme"]}
        with _tracer.start_as_current_span(
            f"{method} {template}",
            context=propagate.extract(carrier),
            kind=SpanKind.SERVER,
            attributes=attributes,
        ) as span:

            async def told(message: Any) -> None:
                if message["type"] == "http.response.start":
                    _answered(span, message["status"])
                await send(message)

            await self._application(scope, receive, told)


def _statement(query: asyncpg.connection.LoggedQuery) -> None:
    """A span of a statement that has just ended, below whatever ran it."""
    end = microseconds(now()) * 1000
    words = query.query.split(None, 1)
    span = _tracer.start_span(
        words[0].rstrip(";").upper()[:20] if words else "SQL",
        kind=SpanKind.CLIENT,
        start_time=end - round(query.elapsed * 1e9),
        attributes={"db.system.name": "postgresql", "db.query.text": query.query},
    )
    if query.exception is not None:
        span.set_status(Status(StatusCode.ERROR, type(query.exception).__name__))
    span.end(end)


def _answered(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _template(method: str, path: str) -> str:
    for route, template in _TEMPLATES:
        if route.method == method and template.fullmatch(path):
            return route.path
    return path if path == "/graphql" else "unknown"
