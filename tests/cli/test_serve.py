"""`loyalty serve`: what an operator meets when something is wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from loyalty_api.cli.local import LocalApi, free_port


def serve(port: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command until it ends by itself."""
    command = [sys.executable, "-m", "loyalty_api", "serve", "--port", port]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_port_that_is_taken_is_told_instead_of_shared(api: LocalApi, database_url: str) -> None:
    done = serve(api.url.rpartition(":")[2], LOYALTY_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "cannot listen on 127.0.0.1" in done.stderr
    assert "Choose another" in done.stderr


def test_a_missing_or_wrong_setting_is_named() -> None:
    assert "LOYALTY_DATABASE_URL is not set" in serve("18000").stderr
    wrong = serve("18000", LOYALTY_DATABASE_URL="postgresql:///x", LOYALTY_WRITERS="many")
    assert (wrong.returncode, "LOYALTY_WRITERS must be a whole number" in wrong.stderr) == (1, True)


def test_a_database_that_is_not_there_is_told_and_waited_for(empty_database_url: str) -> None:
    missing = re.sub(r"@/[^?]*", "@/nowhere", empty_database_url)
    assert '(database "nowhere" does not exist). Is LOYALTY_DATABASE_URL right' in said_at_start("serve", missing)
    for command in ("serve", "work"):
        assert "loyalty: The database lacks migrations; run `loyalty migrate`." in said_at_start(
            command, empty_database_url
        )


def said_at_start(command: str, url: str) -> str:
    """What the command says until it is at work."""
    with subprocess.Popen(
        [sys.executable, "-m", "loyalty_api", command, *(["--port", str(free_port())] if command == "serve" else [])],
        env={**os.environ, "LOYALTY_DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = ""
        try:
            while "Ctrl-C ends it" not in said and (line := process.stderr.readline()):
                said += line
        finally:
            process.send_signal(signal.SIGINT)
    return said


@pytest.mark.parametrize("command", ["verify", "keys list --program x", "insight rebuild", "migrate"])
def test_commands_say_in_a_sentence_what_keeps_the_database_away(command: str, empty_database_url: str) -> None:
    missing = re.sub(r"@/[^?]*", "@/nowhere", empty_database_url)
    done = run_command(command, missing)
    assert (done.returncode, 'database "nowhere" does not exist' in done.stderr) == (3, True)
    assert "Traceback" not in done.stderr
    if command != "migrate":
        done = run_command(command, empty_database_url)
        assert (done.returncode, "lacks migrations; run `loyalty migrate`" in done.stderr) == (1, True)
        assert "Traceback" not in done.stderr


def run_command(command: str, url: str) -> subprocess.CompletedProcess[str]:
    """Runs it until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "loyalty_api", *command.split()],
        env={**os.environ, "LOYALTY_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_worker_that_is_killed_takes_nobody_with_it_and_is_replaced(start_api: Callable, database_url: str) -> None:
    api = start_api(database_url, workers=2)
    workers = worker_ids(api)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    answered = 0
    for _ in range(200):
        try:
            answered += httpx.get(f"{api.url}/health/live", timeout=5).status_code == 200
        except httpx.TransportError:
            time.sleep(0.02)  # a connection that the killed worker had taken
    assert answered > 150
    assert api.process.poll() is None
    for _ in range(100):
        if len(set(worker_ids(api)) - {workers[0]}) == 2:
            return
        time.sleep(0.1)
    raise AssertionError("the killed worker was not replaced")


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.5], ids=["at once", "while one starts", "at work"])
def test_a_killed_server_leaves_no_worker_behind(start_api: Callable, database_url: str, seconds: float) -> None:
    api = start_api(database_url, workers=2)
    time.sleep(seconds)
    workers = worker_ids(api)
    api.process.kill()
    api.process.wait()
    assert workers
    for _ in range(200):
        if not any(_runs(each) for each in workers):
            return
        time.sleep(0.1)
    raise AssertionError("a worker outlived its server")


def _runs(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().split()[2] != "Z"  # nobody may be there to bury it
    except OSError:
        return False


def worker_ids(api: LocalApi) -> list[int]:
    """The processes that serve, without the one that watches over them, and Python's own helper beside it."""
    process_id = api.process.pid
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    alive = [each for each in children if Path(f"/proc/{each}/stat").read_text().split()[2] != "Z"]
    return [int(each) for each in alive if b"resource_tracker" not in Path(f"/proc/{each}/cmdline").read_bytes()]
