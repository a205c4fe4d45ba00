"""The same load from wrk, where it is installed: a generator in C costs less of a small machine than ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.cpu import Meter
from benchmarks.load import TICK_SECONDS, Round
from benchmarks.purchases import Requests
from benchmarks.till_socket import ANSWER_SECONDS_MAX, UnexpectedAnswer

_SCRIPT = Path(__file__).with_name("wrk.lua")


def wrk_path() -> str | None:
    """Where wrk is, if it is."""
    return shutil.which("wrk")


class _Report(msgspec.Struct):
    us: int
    answered: int
    sent: int
    wrong: int
    p50_us: int
    p99_us: int


class Wrk:
    """Used like ``Load``; each round is a run of wrk with connections of its own. A context manager."""

    def __init__(self, address: tuple[str, int], requests: Requests, *, connections: int) -> None:
        self._url = f"http://{address[0]}:{address[1]}/v1/purchases"
        self._requests = requests
        self._connections = connections
        self._templates = tempfile.NamedTemporaryFile()  # noqa: SIM115 (closed by __exit__)

    def __enter__(self) -> Wrk:
        # Lua's numbers are doubles, and its %d holds 32 bits: written as whole doubles instead.
        templates = b"\0".join(self._requests.templates)
        self._templates.write(templates.replace(b"%012d", b"%012.0f").replace(b"%d", b"%.0f"))
        self._templates.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self._templates.close()

    def run(self, seconds: float, tick: Callable[[], None], meter: Meter) -> Round:
        """Sends for ``seconds``; the requests in flight at the end are sent, but not answered."""
        arguments = [self._templates.name, self._requests.number, *self._requests.cards]
        command = [wrk_path(), "-t1", f"-c{self._connections}", f"-d{seconds:.0f}s", "--latency"]
        command += ["--timeout", f"{ANSWER_SECONDS_MAX:.0f}s", "-s", _SCRIPT, self._url, "--", *arguments]
        meter.start()
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
            tick()
        assert process.stdout is not None, "it was asked for"
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        meter.settle()
        meter.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise UnexpectedAnswer(f"wrk ended with {process.returncode}: {output}")
        report = msgspec.json.decode(output.splitlines()[-1], type=_Report)
        if report.wrong:
            raise UnexpectedAnswer(f"{report.wrong} of {report.sent} requests were not answered 201:\n{output}")
        self._requests.number += report.sent
        cpu_seconds = usage.ru_utime + usage.ru_stime
        # wrk asks for one request before it begins, to see what it looks like: that one is never sent.
        return Round(
            report.us / 1e6, report.sent - 1, report.answered, report.p50_us / 1000, report.p99_us / 1000, cpu_seconds
        )
