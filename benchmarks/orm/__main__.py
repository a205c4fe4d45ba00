"""``python -m benchmarks.orm HOST PORT``."""

import sys

import uvicorn

if __name__ == "__main__":
    uvicorn.run(
        "benchmarks.orm.app:create",
        factory=True,
        host=sys.argv[1],
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        lifespan="on",
        backlog=2048,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
