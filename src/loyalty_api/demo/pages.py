"""The pages of the demo, read once from this package, in front of the application that they talk to."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec

from loyalty_api.demo.menu import MENU, STORES
from loyalty_api.kernel.pages import Pages, held, pages_of


def with_demo(application: Any) -> Pages:
    """The application with the demo's pages in front: ``till.html`` is at ``/demo/till``, what it loads under
    ``/demo/static/``."""
    menu = {"stores": STORES, "items": [item._asdict() for item in MENU]}
    pages = pages_of(files("loyalty_api.demo").joinpath("static"), pages_at="/demo/", files_at="/demo/static/")
    pages["/demo/menu.json"] = "json", held(msgspec.json.encode(menu))
    return Pages(application, pages)
