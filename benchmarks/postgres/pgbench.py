"""A round of ``pgbench``: prepared statement, one purchase a transaction, latencies from its own log."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.load import TICK_SECONDS, Round
from benchmarks.shop import FIRST_CARD
from loyalty_api.kernel.embedded import EmbeddedPostgres

# The numbers of clients interleave, so references grow as a till's do.
_SCRIPT = """\
\\set card random({first_card}, {last_card})
\\set number :first + :turn * {clients} + :client_id
\\set turn :turn + 1
SELECT {call};
"""


class Pgbench:
    """Used like ``Load``. A context manager."""

    def __init__(
        self,
        server: EmbeddedPostgres,
        database: str,
        *,
        call: str,
        values: dict[str, str],
        members: int,
        clients: int,
        first_number: int,
    ) -> None:
        self._server = server
        self._database = database
        self._values = values
        self._clients = clients
        self._number = first_number
        self._folder = tempfile.TemporaryDirectory()
        script = _SCRIPT.format(first_card=FIRST_CARD, last_card=FIRST_CARD + members - 1, clients=clients, call=call)
        Path(self._folder.name, "purchase.sql").write_text(script)

    def __enter__(self) -> Pgbench:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, seconds: float, tick: Callable[[], None]) -> Round:
        """Runs for ``seconds``."""
        folder = Path(self._folder.name)
        variables = self._values | {"first": str(self._number), "turn": "0"}
        command = [
            *(str(self._server.binaries / "pgbench"), "-n", "-M", "prepared", "-f", "purchase.sql"),
            *("-c", str(self._clients), "-j", "1", "-T", f"{seconds:.0f}", "--log", "--log-prefix=log"),
            *(part for name, value in variables.items() for part in ("-D", f"{name}={value}")),
            *("-h", str(self._server.folder), "-p", str(self._server.port), "-U", "postgres", self._database),
        ]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while process.poll() is None and time.perf_counter() < started + seconds:
            time.sleep(TICK_SECONDS)
            tick()
        assert process.stdout is not None, "it was asked for"
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        logs = list(folder.glob("log.*"))
        latencies = sorted(int(line.split()[2]) for log in logs for line in log.read_text().splitlines())
        for log in logs:
            log.unlink()
        if process.returncode or not latencies:
            raise RuntimeError(f"pgbench ended with {process.returncode}: {output[-2000:]}")
        count = len(latencies)
        self._number += (count + 1) * self._clients
        p50, p99 = (latencies[min(count - 1, count * percent // 100)] / 1000 for percent in (50, 99))
        seconds_run = float(next(l.split("=")[1].split()[0] for l in output.splitlines() if l.startswith("tps")))
        return Round(count / seconds_run, count, count, p50, p99, usage.ru_utime + usage.ru_stime)
