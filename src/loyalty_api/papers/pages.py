"""The contract of REST at ``/docs``, by Swagger UI as its package ships it, and an explorer of GraphQL at
``/explorer``."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from loyalty_api.kernel.pages import Pages, file_at, pages_of

_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


def with_papers(application: Any) -> Pages:
    """The application with the papers in front."""
    pages = pages_of(files("loyalty_api.papers").joinpath("static"), pages_at="/", files_at="/papers/")
    spec = find_spec("swagger_ui")  # the package itself, which is for web frameworks, is not run
    assert spec is not None, "swagger-ui-py is a dependency"
    assert spec.submodule_search_locations, "it is a package"
    shipped = Path(spec.submodule_search_locations[0]) / "static"
    return Pages(application, pages | {f"/papers/{name}": file_at(shipped / name) for name in _SWAGGER_FILES})
