"""``loyalty serve``: the REST API."""

from __future__ import annotations

import click

from loyalty_api.cli.run import fail, plain_errors
from loyalty_api.settings import read_settings

STOP_SECONDS_MAX = 20  # a worker that has not answered everything by then is ended


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="processes")
@plain_errors
def command(host: str, port: int, workers: int) -> None:
    """Serves the REST API until it is told to stop."""
    read_settings()  # a missing setting is told here, not by each worker
    import granian
    from granian.constants import Interfaces, Loops

    try:
        granian.Granian(
            "loyalty_api.app:create",
            factory=True,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            workers=workers,
            backlog=2048,
            log_enabled=False,
            workers_kill_timeout=STOP_SECONDS_MAX,
        ).serve()
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror or error}. Choose another --port.")
