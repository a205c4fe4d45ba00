"""A phone that is told live: a WebSocket that speaks graphql-transport-ws, and nothing of the product's own code."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.make.phone import Phone

PROTOCOL = "graphql-transport-ws"
WAIT_SECONDS_MAX = 20.0
POINTS = "subscription { pointsChanged { available pending reserved } }"
TIER = "subscription { tierChanged { code } }"
REDEMPTION = "subscription { redemptionChanged { redemptionId status reward points coupon } }"

_names = itertools.count(1)


class LivePhone:
    """One connection; a context manager. ``init``: the payload of connection_init; None: it is not sent."""

    def __init__(self, url: str, init: dict[str, Any] | None, *, protocols: tuple[str, ...] = (PROTOCOL,), **more: Any):
        address = url.replace("http://", "ws://", 1) + "/graphql"
        self._opened = ExitStack()
        self.socket = self._opened.enter_context(connect(address, subprotocols=protocols or None, **more))  # type: ignore
        if init is not None:
            self.send({"type": "connection_init", "payload": init})

    @classmethod
    def of(cls, phone: Phone, url: str | None = None) -> LivePhone:
        """The member's phone, connected and let in."""
        made = cls(url or str(phone.http.base_url), {"Authorization": f"Bearer {phone.token}"})
        assert made.hear() == {"type": "connection_ack"}
        return made

    def __enter__(self) -> LivePhone:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def send(self, message: Any) -> None:
        """A message as it is given."""
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hear(self, seconds: float = WAIT_SECONDS_MAX) -> dict[str, Any]:
        """The next message."""
        return json.loads(self.socket.recv(timeout=seconds))

    def subscribe(self, query: str, **more: Any) -> str:
        """Begins an operation; its name."""
        name = str(next(_names))
        self.send({"type": "subscribe", "id": name, "payload": {"query": query, **more}})
        return name

    def told(self, name: str | None = None) -> Any:
        """The data of the next message, which must be of this operation, as far as one is named."""
        message = self.hear()
        assert message["type"] == "next", message
        assert name is None or message["id"] == name, message
        assert "errors" not in message["payload"], message
        return next(iter(message["payload"]["data"].values()))

    def refused(self, query: str, **more: Any) -> str:
        """The code of the error that an operation must meet."""
        name = self.subscribe(query, **more)
        message = self.hear()
        assert (message["type"], message["id"]) == ("error", name), message
        return message["payload"][0]["extensions"]["code"]

    def is_silent(self) -> bool:
        """Whether nothing was sent before a ping is answered that was sent now."""
        self.send({"type": "ping"})
        return self.hear() == {"type": "pong"}

    def closed(self) -> tuple[int, str]:
        """With which code and reason the connection ends, whatever is said before."""
        while True:
            try:
                self.socket.recv(timeout=WAIT_SECONDS_MAX)
            except ConnectionClosed as end:
                if end.rcvd is None:
                    raise
                return end.rcvd.code, end.rcvd.reason
