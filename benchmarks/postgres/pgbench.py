"""A round of ``pgbench``: prepared statement, one purchase a transaction, latencies from its own log."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cpu import Meter
from benchmarks.load import TICK_SECONDS, Round
from benchmarks.postgres.function import NAME
from benchmarks.purchases import Cards
from loyalty_api.kernel.embedded import EmbeddedPostgres

_FILE, _LOG = "purchase.sql", "latencies"
EDGE_SECONDS = 0.5  # before and behind what is measured
# The clients' numbers interleave, so that references grow as a till's do.
_SCRIPT = """\
\\set card random({first}, {last})
\\set number :start + :turn * {clients} + :client_id
\\set turn :turn + 1
SELECT {name}({arguments});
"""
_DRAWN = {"p_card": "(:card)::text", "p_reference": "'P-' || lpad((:number)::text, 12, '0')"}


class PgbenchFailed(Exception):
    """pgbench ended before its time; the message is what it said."""


class Pgbench:
    """Used like ``Load``. A context manager."""

    def __init__(
        self,
        server: EmbeddedPostgres,
        database: str,
        arguments: dict[str, str],
        cards: Cards,
        *,
        clients: int,
        number: int,
    ) -> None:
        """``arguments`` as of the function; card and reference are drawn, references numbered from ``number``."""
        self._server = server
        self._database = database
        self._variables = {name: value for name, value in arguments.items() if name not in _DRAWN}
        self._clients = clients
        self._number = number
        self._folder = tempfile.TemporaryDirectory()
        script = _SCRIPT.format(
            first=cards.first,
            last=cards.first + cards.count - 1,
            clients=clients,
            name=NAME,
            arguments=", ".join(_DRAWN.get(name, f":{name}") for name in arguments),
        )
        Path(self._folder.name, _FILE).write_text(script)

    def __enter__(self) -> Pgbench:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(self, seconds: float, tick: Callable[[], None], meter: Meter) -> Round:
        """Measures ``seconds`` out of the middle of a run: a client that has just connected plans everything once,
        which a service with lasting connections does not do again and again."""
        folder = Path(self._folder.name)
        variables = self._variables | {"start": str(self._number), "turn": "0"}
        command = [
            *(str(self._server.binaries / "pgbench"), "-n", "-M", "prepared", "-f", _FILE),
            *("-c", str(self._clients), "-j", "1", "-T", f"{seconds + 2 * EDGE_SECONDS:.0f}"),
            *("--log", f"--log-prefix={_LOG}"),
            *(part for name, value in variables.items() for part in ("-D", f"{name}={value}")),
            *("-h", str(self._server.folder), "-p", str(self._server.port), "-U", "postgres", self._database),
        ]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(EDGE_SECONDS)
        began = time.time()
        meter.start()
        while (left := began + seconds - time.time()) > 0:
            time.sleep(min(left, TICK_SECONDS))
            tick()
        meter.stop()
        ended = time.time()
        assert process.stdout is not None, "it was asked for"
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise PgbenchFailed(f"pgbench ended with {process.returncode}: {output[-2000:]}")
        transactions = list(_transactions(folder))
        self._number += (len(transactions) + 1) * self._clients
        latencies_ms = sorted(latency_ms for at, latency_ms in transactions if began < at <= ended)
        count = len(latencies_ms)
        p50, p99 = (latencies_ms[min(count - 1, count * percent // 100)] for percent in (50, 99))
        cpu_seconds = (usage.ru_utime + usage.ru_stime) * count / len(transactions)
        return Round(ended - began, count, count, p50, p99, cpu_seconds)


def _transactions(folder: Path) -> Iterator[tuple[float, float]]:
    """When each ended, and how many milliseconds it took, from the log, which is then removed."""
    for log in folder.glob(f"{_LOG}.*"):
        for line in log.read_text().splitlines():
            _client, _count, latency_us, _script, second, microsecond = map(int, line.split()[:6])
            yield second + microsecond / 1e6, latency_us / 1000
        log.unlink()
