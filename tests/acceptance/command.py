"""The product's own command line, and the header that carries a key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from loyalty_api.kernel.embedded import EmbeddedPostgres


def loyalty(server: EmbeddedPostgres, *arguments: str) -> Any:
    """The JSON answer of a ``loyalty`` command; its progress goes to this terminal."""
    told = _run(server, *arguments)
    assert told, f"loyalty {arguments[0]} said nothing"
    return json.loads(told)


def work_once(server: EmbeddedPostgres) -> None:
    """Everything that is due happens, and events become figures."""
    _run(server, "work", "--once")


def _run(server: EmbeddedPostgres, *arguments: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_api", *arguments, "--json"],
        env={**os.environ, "LOYALTY_DATABASE_URL": server.url()},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode in (0, 1), f"loyalty {arguments[0]} ended with {done.returncode}"
    return done.stdout


def bearer(key: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {key}"}
