"""The API, on a free loopback port, and the worker as processes of their own: for the demo, tests and measurements."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.embedded import die_with_parent

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


class ServeFailed(Exception):
    """The API did not start; the message holds what it said."""


class LocalApi:
    """A served API: where it is, and its process."""

    def __init__(self, url: str, process: subprocess.Popen) -> None:
        self.url = url
        self.process = process

    def stop(self) -> None:
        """Ends the process and waits for it."""
        _stop(self.process)


def start_api(
    database_url: str,
    *,
    port: int | None = None,
    workers: int = 1,
    log: Path | None = None,
    demo_pages: bool = False,
) -> LocalApi:
    """Starts ``loyalty serve`` and waits until it is ready; it dies with this process. Raises ServeFailed."""
    port = port or free_port()
    output = log.open("wb") if log else None
    options = ["--port", str(port), "--workers", str(workers), *(["--demo-pages"] if demo_pages else [])]
    process = _start(database_url, "serve", *options, output=output)
    api = LocalApi(f"http://127.0.0.1:{port}", process)
    try:
        _await_ready(api)
    except BaseException:
        api.stop()
        raise
    finally:
        if output:
            output.close()
    return api


@contextmanager
def serve_locally(
    database_url: str, *, workers: int = 1, log: Path | None = None, demo_pages: bool = False
) -> Generator[LocalApi]:
    """A started API that is stopped at the end."""
    api = start_api(database_url, workers=workers, log=log, demo_pages=demo_pages)
    try:
        yield api
    finally:
        api.stop()


@contextmanager
def work_locally(database_url: str, *, log: Path) -> Generator[subprocess.Popen]:
    """A worker that is stopped at the end."""
    with log.open("wb") as output:
        process = _start(database_url, "work", output=output)
    try:
        yield process
    finally:
        _stop(process)


def _start(database_url: str, *arguments: str, output: IO[bytes] | None) -> subprocess.Popen:
    environment = {**os.environ, "LOYALTY_LOG_LEVEL": "WARNING", "LOYALTY_DATABASE_URL": database_url}
    environment.setdefault("LOYALTY_TOKEN_SECRETS", secrets.token_urlsafe(48))  # of this machine, as long as it runs
    return subprocess.Popen(
        [sys.executable, "-m", "loyalty_api", *arguments],
        env=environment,
        stdout=output,
        stderr=output,
        preexec_fn=die_with_parent(signal.SIGTERM),
        process_group=0,  # Ctrl-C is for us; the process is stopped when we are done
    )


def _stop(process: subprocess.Popen) -> None:
    """Politely, then by force."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_ready(api: LocalApi) -> None:
    deadline = monotonic() + START_SECONDS_MAX
    while monotonic() < deadline and api.process.poll() is None:
        try:
            with urlopen(f"{api.url}/health/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.05)
    raise ServeFailed("the API did not start; its messages are above or in its log.")
