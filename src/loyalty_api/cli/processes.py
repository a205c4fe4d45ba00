"""Serving an ASGI application from some processes, which are watched: one that dies or hangs is replaced."""

from __future__ import annotations

import socket
from typing import Any

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
    watched = _Watched(config, sockets=[_OwnSocket(host, port)])
    watched.run()
    return not any(process.exitcode == STARTUP_FAILURE for process in watched.processes)


class _OwnSocket(socket.socket):
    """Becomes, in each process that it is handed to, a socket of that process's own on the same address: the kernel
    deals connections out evenly, where of one socket the first to wake takes all that wait."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._address = host, port

    def __reduce__(self) -> Any:
        return _listen_at, self._address


def _listen_at(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(address)
    return listening


class _Watched(Multiprocess):
    def join_all(self) -> None:
        """Gives each the time to answer what it accepted, and then a little."""
        for each in self.processes:
            each.process.join(STOP_SECONDS_MAX + 5)
            each.process.kill()
            each.process.join()
