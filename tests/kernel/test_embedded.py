"""The embedded PostgreSQL: survives a crash, and leaves nothing running behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg

from loyalty_api.kernel.embedded import EmbeddedPostgres

HOLD = """
import sys, time
from loyalty_api.kernel.embedded import EmbeddedPostgres
with EmbeddedPostgres() as server:
    print(server.process_id, flush=True)
    time.sleep(600)
"""


async def test_what_was_committed_survives_kill_9() -> None:
    with EmbeddedPostgres() as server:
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE TABLE kept (n int)")
        await connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
        connection.terminate()
        server.restart()
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT n FROM kept") == 7
        await connection.close()


def test_a_killed_parent_leaves_no_server_behind() -> None:
    parent = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(100):
        if not _runs(server):
            return
        time.sleep(0.1)
    os.kill(server, signal.SIGKILL)
    raise AssertionError("the server outlived its parent")


def test_a_temporary_folder_is_removed() -> None:
    with EmbeddedPostgres() as server:
        temporary = Path(server.url().partition("host=")[2].partition("&")[0])
        assert temporary.exists()
    assert not temporary.exists()


def _runs(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
