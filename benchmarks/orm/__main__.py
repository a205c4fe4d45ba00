"""``python -m benchmarks.orm HOST PROCESSES PORT``."""

import sys

import granian
from granian.constants import Interfaces, Loops

if __name__ == "__main__":
    granian.Granian(
        "benchmarks.orm.app:create",
        factory=True,
        address=sys.argv[1],
        workers=int(sys.argv[2]),
        port=int(sys.argv[3]),
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        backlog=2048,
        log_enabled=False,
    ).serve()
