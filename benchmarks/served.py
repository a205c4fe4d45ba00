"""What is measured over HTTP, in a process of its own, on loopback: the product (``loyalty serve``), or the ORM."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from types import TracebackType
from typing import IO

from loyalty_api.kernel.embedded import die_with_parent

HOST = "127.0.0.1"
START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 25.0


PRODUCT = "loyalty_api", "serve", "--host", HOST, "--port"
# Under load both are served as one would serve them: from a process for each core.
CORES = str(os.cpu_count())
PRODUCT_ON_ALL_CORES = "loyalty_api", "serve", "--workers", CORES, "--host", HOST, "--port"
ORM_ON_ALL_CORES = "benchmarks.orm", HOST, CORES
WORKER = "loyalty_api", "work"


class Served:
    """One server: ``module`` with its arguments, to which the port is added. ``settings``: more of its environment. A
    context manager."""

    def __init__(
        self, database_url: str, module: tuple[str, ...] = PRODUCT, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = _free_port()
        self._name = module[0]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = _start(database_url, (*module, str(self.port)), settings or {}, self._log)

    def __enter__(self) -> Served:
        try:
            self._await_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def process_id(self) -> int:
        """The process whose tree is the product."""
        return self._process.pid

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return
            time.sleep(0.1)
        self._log.seek(0)
        raise RuntimeError(f"{self._name} did not start: {self._log.read().decode(errors='replace')[-1000:]}")

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _stop(self) -> None:
        _end(self._process)
        self._log.close()


class Working:
    """One worker (``loyalty work``). ``settings``: more of its environment. A context manager."""

    def __init__(self, database_url: str, *, settings: Mapping[str, str] | None = None) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = _start(database_url, WORKER, settings or {}, self._log)

    def __enter__(self) -> Working:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _end(self._process)
        self._log.close()

    @property
    def process_id(self) -> int:
        """The process whose tree is the worker."""
        return self._process.pid


def _start(
    database_url: str, module: tuple[str, ...], settings: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
    return subprocess.Popen(
        [sys.executable, "-m", *module],
        env=environment | {"LOYALTY_DATABASE_URL": database_url, **settings},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
