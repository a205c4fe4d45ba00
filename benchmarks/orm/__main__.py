"""``python -m benchmarks.orm HOST PORT``."""

import sys

import granian
from granian.constants import Interfaces, Loops

if __name__ == "__main__":
    granian.Granian(
        "benchmarks.orm.app:create",
        factory=True,
        address=sys.argv[1],
        port=int(sys.argv[2]),
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=1,
        backlog=2048,
        log_enabled=False,
    ).serve()
