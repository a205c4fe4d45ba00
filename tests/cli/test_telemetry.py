"""Traces by OpenTelemetry: from the door to SQL where the environment asks for it, and nothing of it elsewhere."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
NAME = "Ada Lovelace-Byron"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Span]]]:
    """A collector that really listens: its address, and the spans that came."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    server.server_close()


def attributes(span: Span) -> dict[str, Any]:
    """What is said of a span."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_purchase_is_traced_from_its_door_to_its_statements_without_a_value(
    collector: tuple[str, list[Span]],
    start_api: Callable[..., Any],
    database_url: str,
    operator_key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, spans = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    api = start_api(database_url)
    monkeypatch.undo()
    with httpx.Client(base_url=api.url, timeout=30) as http:
        shop = Shop.open(http, operator_key, {})
        member = shop.enrol(profile={"given_name": NAME})
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert shop.post(make_purchase(member["card"]), headers=headers).status_code == 201
        assert shop.call("GET", f"/v1/members/{member['id']}").status_code == 200
        for _ in range(200):
            mine = [span for span in spans if span.trace_id.hex() == TRACE]
            come = {span.name for span in mine} | {span.name for span in spans if span.name.startswith("GET /v1/")}
            if {"POST /v1/purchases", "group commit", "GET /v1/members/{member_id}"} <= come:
                break
            time.sleep(0.05)
    (request,) = [span for span in mine if span.name == "POST /v1/purchases"]
    assert request.parent_span_id.hex() == PARENT
    assert attributes(request)["http.response.status_code"] == 201
    (batch,) = [span for span in mine if span.name == "group commit"]
    assert (batch.parent_span_id, attributes(batch)["loyalty.batch.size"]) == (request.span_id, 1)
    statements = [span for span in mine if span.parent_span_id == batch.span_id]
    assert any("INSERT INTO purchases" in attributes(span)["db.query.text"] for span in statements)
    assert all(batch.start_time_unix_nano <= span.end_time_unix_nano for span in statements)
    assert "GET /v1/members/{member_id}" in {span.name for span in spans}
    text = "".join(map(str, spans))
    assert [word for word in (NAME, member["card"].split(":")[1], shop.key, member["id"]) if word in text] == []


def test_without_its_variables_nothing_of_it_is_imported() -> None:
    unwanted = "('loyalty_api.telemetry', 'opentelemetry.sdk.trace', 'opentelemetry.exporter')"  # libraries import more
    check = (
        "import sys; from loyalty_api.cli import serve; import loyalty_api.app;"
        f" assert not serve.traces_asked(); assert not [each for each in sys.modules if each.startswith({unwanted})]"
    )
    subprocess.run([sys.executable, "-c", check], env={}, check=True)
    off = {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    subprocess.run([sys.executable, "-c", check], env=off, check=True)
