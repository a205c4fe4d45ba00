"""Health over HTTP: live while the process answers, ready when purchases can be recorded."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx
import pytest

from tests.make.problem import problem


def test_a_process_with_its_database_is_live_and_ready(http: httpx.Client) -> None:
    assert http.get("/health/live").json() == {"status": "live"}
    ready = http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


@contextmanager
def served(database_url: str) -> Iterator[httpx.Client]:
    """An API whose database is not ready; waits only until it is alive."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "loyalty_api", "serve", "--port", str(port)],
        env={"LOYALTY_DATABASE_URL": database_url, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for _ in range(300):
                try:
                    client.get("/health/live")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(params=["unmigrated", "unreachable"])
async def poor_database_url(request: pytest.FixtureRequest, server_url: str) -> str:
    """A database that purchases cannot be recorded in."""
    if request.param == "unreachable":
        return "postgresql://loyalty@127.0.0.1:1/nowhere"
    name = f"bare_{request.node.nodeid.__hash__() & 0xFFFFFFFF:x}"
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server_url.replace("@/postgres", f"@/{name}", 1)


def test_without_its_database_a_process_is_live_but_not_ready_and_asks_to_come_back(poor_database_url: str) -> None:
    with served(poor_database_url) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        problem(answer, 503, "service.busy")
        assert int(answer.headers["retry-after"]) >= 1
