"""API processes of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from loyalty_api.cli.local import LocalApi, start_api


@contextmanager
def starting(paths: pytest.TempPathFactory) -> Iterator[Callable[..., LocalApi]]:
    """Starts any number of them, over a database each; all of them are stopped at the end."""
    with ExitStack() as ends:

        def start(database_url: str, **options: object) -> LocalApi:
            api = start_api(database_url, log=paths.mktemp("api") / "log", **options)  # type: ignore[arg-type]
            ends.callback(api.stop)
            return api

        yield start
