"""Serves the real application, but kills its own process once a purchase is committed and nobody is answered yet."""

from __future__ import annotations

import os
import signal
import sys

import granian
from granian.constants import Interfaces
from granian.server.embed import Server

from loyalty_api.kernel.group_commit import GroupCommit

_run = GroupCommit._run_halving


async def _die_after_commit(self: GroupCommit, commands: list) -> list:
    await _run(self, commands)
    os.kill(os.getpid(), signal.SIGKILL)
    return []


if __name__ == "__main__":
    import asyncio

    GroupCommit._run_halving = _die_after_commit  # type: ignore[method-assign]
    from loyalty_api.app import create

    assert granian.__version__
    server = Server(create(), address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.ASGI)
    asyncio.run(server.serve())
