"""Serving an ASGI application from some processes, which are watched: one that dies or hangs is replaced."""

from __future__ import annotations

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from loyalty_api.cli.http import Http

BACKLOG = 2048
IDLE_SECONDS_MAX = 75  # of a connection between two requests: longer than a till's, or a proxy's, own patience
MESSAGE_BYTES_MAX = 1024 * 1024  # of a WebSocket
PING_SECONDS = 30.0
STOP_SECONDS_MAX = 20  # a process that has not answered everything by then is ended
HUNG_SECONDS = 30  # a process that gives no sign of life for so long is


def serve(factory: str, *, host: str, port: int, processes: int) -> bool:
    """Serves what ``module:function`` makes in each process, until a signal ends it. False: it could not start."""
    config = Config(
        factory,
        factory=True,
        host=host,
        port=port,
        workers=processes,
        backlog=BACKLOG,
        loop="uvloop",
        http=Http,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,  # a compressor takes more memory than a phone's messages
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # nothing here asks who stands behind a proxy
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
        timeout_worker_healthcheck=HUNG_SECONDS,
    )
    watched = _Watched(config, sockets=[config.bind_socket()])
    watched.run()
    return not any(process.exitcode == STARTUP_FAILURE for process in watched.processes)


class _Watched(Multiprocess):
    def join_all(self) -> None:
        """Gives each the time to answer what it accepted, and then a little."""
        for each in self.processes:
            each.process.join(STOP_SECONDS_MAX + 5)
            each.process.kill()
            each.process.join()
