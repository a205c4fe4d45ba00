"""The pages of the demo, read once from this package, in front of the application that they talk to."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec

from loyalty_api.demo.menu import MENU, STORES

_TYPES = {"html": b"text/html; charset=utf-8", "css": b"text/css", "js": b"text/javascript", "svg": b"image/svg+xml"}
_JSON = b"application/json"
# Nothing from elsewhere, no script within a page, and nobody frames it.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Pages:
    """An ASGI application: the pages under ``/demo/``, and everything else of the application behind them."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._pages = _read_pages()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a page to a GET of one, and hands on the rest."""
        page = self._pages.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if page is None:
            await self._application(scope, receive, send)
            return
        content_type, body = page
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", _POLICY),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-cache"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _read_pages() -> dict[str, tuple[bytes, bytes]]:
    """Address → content type and bytes. ``till.html`` is at ``/demo/till``, what it loads under ``/demo/static/``."""
    menu = {"stores": STORES, "items": [item._asdict() for item in MENU]}
    pages = {"/demo/menu.json": (_JSON, msgspec.json.encode(menu))}
    for file in files("loyalty_api.demo").joinpath("static").iterdir():
        name, _, kind = file.name.rpartition(".")
        address = f"/demo/{name}" if kind == "html" else f"/demo/static/{file.name}"
        pages[address] = (_TYPES[kind], file.read_bytes())
    return pages
