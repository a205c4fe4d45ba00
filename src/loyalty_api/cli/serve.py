"""``loyalty serve``: the REST API."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec

import click

from loyalty_api.cli.run import fail, plain_errors, tell_what_lacks
from loyalty_api.kernel.embedded import die_with_parent
from loyalty_api.settings import read_settings, share_metrics_dir, traces_asked


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="processes")
@click.option(
    "--demo-pages", is_flag=True, help="also a till and a phone to try it with, at /demo/till and /demo/phone"
)
@plain_errors
def command(host: str, port: int, workers: int, demo_pages: bool) -> None:
    """Serves the REST API until it is told to stop."""
    settings = read_settings()  # a missing setting is told here, not by each worker
    if traces_asked() and not _traces_installed():
        fail("OTEL_… asks for traces, which need `pip install loyalty_api[telemetry]`.")
    _check_free(host, port)
    from loyalty_api.cli.processes import serve

    processes = f"{workers} processes" if workers > 1 else "one process"
    tell_what_lacks(settings.database_url)
    click.echo(f"loyalty: serving http://{host}:{port} from {processes}; Ctrl-C ends it", err=True)
    with _shared_metrics(workers):
        started = serve(
            f"loyalty_api.cli.serve:{'create_demo_worker' if demo_pages else 'create_worker'}",
            host=host,
            port=port,
            processes=workers,
        )
    if not started:
        fail("it could not start; what stands above says why.")


def _traces_installed() -> bool:
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None


@contextmanager
def _shared_metrics(workers: int) -> Generator[None]:
    """A directory in which several processes share what they count, as long as they are served."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="loyalty-metrics-") as directory:
        share_metrics_dir(directory)
        yield


def create_worker() -> object:
    """The application of one worker, which ends when the process that watches over it is gone."""
    from loyalty_api.app import create

    if traces_asked():
        from loyalty_api.telemetry import create
    watcher = multiprocessing.parent_process()
    assert watcher is not None, "a worker is started by the process that watches over it"
    die_with_parent(signal.SIGKILL, parent=watcher.pid)()
    return create()


def create_demo_worker() -> object:
    """The same with the pages of the demo in front of it."""
    from loyalty_api.demo.pages import with_demo

    return with_demo(create_worker())


def _check_free(host: str, port: int) -> None:
    """Workers share the port, and so would a second server, silently: ask for it alone first."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}. Choose another --host or --port.")
