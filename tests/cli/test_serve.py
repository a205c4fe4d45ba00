"""`loyalty serve`: what an operator meets when something is wrong."""

from __future__ import annotations

import subprocess
import sys

from loyalty_api.cli.local import LocalApi


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
