"""How the server speaks HTTP: answers of every kind over one connection, and heads that never end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from loyalty_api.cli import http
from loyalty_api.cli.http import HEAD_BYTES_MAX, Http

LINES = (b"content-type", b"text/plain")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers as its path says."""
    path = scope["path"]
    if path == "/fails":
        raise ValueError
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    headers = [LINES]
    if path in ("/whole", "/late", "/closes", "/slow"):
        headers.append((b"content-length", b"5"))
    if path == "/closes":
        headers.append((b"connection", b"close"))
    if path == "/split":
        headers += [(b"content-length", b"5"), (b"x-name", b"one\r\nx-forged: two")]
    if path == "/nothing":
        headers = []
    await send({"type": "http.response.start", "status": 204 if path == "/nothing" else 200, "headers": headers})
    if path == "/late":
        raise ValueError
    if path == "/parts":
        for part in (b"one ", b"two "):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    body = b"" if path == "/nothing" else b"whole"
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(http, "WAIT_SECONDS_MAX", 0.5)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    config = uvicorn.Config(app, port=free, http=Http, ws="none", lifespan="off", log_config=None, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield free
    server.should_exit = True
    thread.join()


def _asked(port: int, *requests: str) -> bytes:
    """All that is answered to these lines, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall("".join(requests).encode())
        answered = b""
        while part := client.recv(65536):
            answered += part
        return answered


def _get(path: str, method: str = "GET", version: str = "1.1", *lines: str) -> str:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "host: here", *lines, "", ""])


LAST = _get("/closes")


def test_answers_of_every_kind_share_a_connection(port: int) -> None:
    asked = [_get("/whole"), _get("/parts"), _get("/nothing"), _get("/whole", "HEAD"), _get("/whole"), LAST]
    heads, bodies = zip(
        *(part.split(b"\r\n\r\n", 1) for part in _asked(port, *asked).split(b"HTTP/1.1 ")[1:]), strict=True
    )
    assert [head[:3] for head in heads] == [b"200", b"200", b"204", b"200", b"200", b"200"]
    chunked = b"4\r\none \r\n4\r\ntwo \r\n5\r\nwhole\r\n0\r\n\r\n"
    assert bodies == (b"whole", chunked, b"", b"", b"whole", b"whole")
    assert all(b"date: " in head for head in heads)


@pytest.mark.parametrize("path", ["/fails", "/late"])
def test_an_application_that_fails_is_answered_for(port: int, path: str) -> None:
    assert _asked(port, _get(path)).startswith(b"HTTP/1.1 500 ")


def test_a_header_of_two_lines_is_not_sent(port: int) -> None:
    assert _asked(port, _get("/split")) == b""


def test_an_old_client_is_answered_and_left(port: int) -> None:
    answered = _asked(port, _get("/whole", version="1.0"))
    assert answered.endswith(b"connection: close\r\n\r\nwhole")


@pytest.mark.parametrize(
    "asked",
    ["no request\r\n\r\n", _get("/whole", "BREW"), "GET / HTTP/1.1\r\nx-long: " + "x" * 2 * HEAD_BYTES_MAX],
    ids=["not HTTP", "a method that is none", "a head without end"],
)
def test_what_is_not_http_gets_a_problem_and_no_second_chance(port: int, asked: str) -> None:
    head, body = _asked(port, asked).split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "request.malformed"


BODY = _get("/whole", "POST", "1.1", "content-length: 9")


@pytest.mark.parametrize(
    "sent",
    ["", "GET / HT", _get("/whole") + "GET /wh", BODY + "half", _get("/whole") + BODY + "half"],
    ids=["nothing", "a part", "a second part", "a body", "a second body"],
)
def test_what_does_not_come_is_not_waited_for(port: int, sent: str) -> None:
    assert _asked(port, sent).count(b"200 OK") == sent.count("GET /whole")


def test_a_body_that_comes_slowly_is_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(BODY.encode())
        for letter in b"slow body":
            time.sleep(0.1)
            client.sendall(bytes([letter]))
        assert client.recv(65536).endswith(b"whole")
