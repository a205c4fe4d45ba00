"""What the figures were measured on, and proof that nothing was switched off for them."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg

_SHOWN = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers")
_FLUSHES = 50


async def machine_facts(url: str) -> dict[str, object]:
    """Processor, system, and what PostgreSQL says of itself."""
    connection = await asyncpg.connect(url)
    try:
        settings = {name: await connection.fetchval(f"SHOW {name}") for name in _SHOWN}
    finally:
        await connection.close()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "flush_ms": _flush_ms(),
        "postgres": settings,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _flush_ms() -> float:
    """The median of writing one page to the disk and flushing it: no commit is faster than that."""
    took = []
    with tempfile.TemporaryFile(dir="/var/tmp", buffering=0) as file:
        for _ in range(_FLUSHES):
            started = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1000, 2)
