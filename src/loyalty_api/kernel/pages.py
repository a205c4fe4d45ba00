"""Pages for a browser: files of a package, answered with a policy by which they load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css",
    "js": b"text/javascript",
    "json": b"application/json",
    "svg": b"image/svg+xml",
}
# Nothing from elsewhere, no script within a page, and nobody frames it.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Read = Callable[[], bytes]


class Pages:
    """An ASGI application: pages by their addresses, and everything else of the application behind them."""

    def __init__(self, application: Any, pages: Mapping[str, tuple[str, Read]]) -> None:
        """``pages``: address → kind (``html``) and how its bytes are read."""
        self._application = application
        self._pages = pages

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a page to a GET of one, and hands on the rest."""
        page = self._pages.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if page is None:
            await self._application(scope, receive, send)
            return
        kind, read = page
        body = read()
        headers = [
            (b"content-type", _TYPES[kind]),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", _POLICY),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-cache"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def held(body: bytes) -> Read:
    """Reads what is held in memory."""
    return lambda: body


def pages_of(folder: Traversable, *, pages_at: str, files_at: str) -> dict[str, tuple[str, Read]]:
    """The files of a folder, held in memory: ``till.html`` at ``pages_at`` + ``till``, others under ``files_at``."""
    found: dict[str, tuple[str, Read]] = {}
    for file in folder.iterdir():
        name, _, kind = file.name.rpartition(".")
        address = f"{pages_at}{name}" if kind == "html" else f"{files_at}{file.name}"
        found[address] = kind, held(file.read_bytes())
    return found


def file_at(path: Path) -> tuple[str, Read]:
    """One file that is large and seldom asked for: read each time."""
    return path.suffix.removeprefix("."), path.read_bytes
