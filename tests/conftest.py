"""One embedded server for all; a template database made by the migrations; one database and one API per worker.

Tests share a worker's database and stand apart by program: each makes its own.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import httpx
import pytest

from loyalty_api.cli.local import LocalApi
from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.embedded import EmbeddedPostgres
from loyalty_api.kernel.migrate import migrate
from tests.make.apis import starting
from tests.make.shop import Shop

TEMPLATE, NOTHING = "loyalty_template", "template1"
# Nothing here outlives the run, so nothing needs to reach the disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

_server = pytest.StashKey[EmbeddedPostgres]()


def pytest_configure(config: pytest.Config) -> None:
    """The controller (or the only process) starts the server; workers are told where it is."""
    if hasattr(config, "workerinput"):
        return
    server = EmbeddedPostgres(settings=FAST)
    server.__enter__()
    config.stash[_server] = server
    asyncio.run(_make_template(server.url()))


def pytest_configure_node(node: object) -> None:
    """Tells an xdist worker where the server is."""
    node.workerinput["server_url"] = node.config.stash[_server].url()  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the server."""
    server = config.stash.get(_server, None)
    if server is not None:
        server.stop()


async def _make_template(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    await migrate(_on(url, TEMPLATE))


def _on(url: str, database: str) -> str:
    return re.sub(r"@/[^?]*", f"@/{database}", url)


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The server's address, as its superuser."""
    if hasattr(request.config, "workerinput"):
        return request.config.workerinput["server_url"]
    return request.config.stash[_server].url()


async def make_database(server_url: str, template: str = TEMPLATE) -> str:
    """A new database, with the product's schema unless another template is asked for; its address."""
    name = f"loyalty_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return _on(server_url, name)


@pytest.fixture(scope="session")
async def database_url(server_url: str) -> str:
    """The worker's database."""
    return await make_database(server_url)


@pytest.fixture
async def fresh_database_url(server_url: str) -> str:
    """A database that nobody else uses."""
    return await make_database(server_url)


@pytest.fixture
async def empty_database_url(server_url: str) -> str:
    """A database with nothing in it."""
    return await make_database(server_url, NOTHING)


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The worker's database, opened as the product opens it."""
    opened = await Database.open(database_url, pool_size=8)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The programs, as one process remembers them."""
    return Catalogue()


@pytest.fixture(scope="module")
def start_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalApi]]:
    """Starts API processes that end with the module: each holds connections, of which the server has so many."""
    with starting(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[LocalApi]:
    """The worker's API, served over real HTTP."""
    with starting(tmp_path_factory) as start:
        yield start(database_url)


@pytest.fixture(scope="session")
def http(api: LocalApi) -> Iterator[httpx.Client]:
    """A client of the worker's API, without a key."""
    with httpx.Client(base_url=api.url, timeout=30) as client:
        yield client


@pytest.fixture
def make_shop(http: httpx.Client, operator_key: str) -> Callable[..., Shop]:
    """Makes programs, each with an admin key, to be used through the API (see tests/make/shop.py)."""

    def make(**document: object) -> Shop:
        return Shop.open(http, operator_key, document)

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """A test program with one rule (1 point per whole unit of money) and three tiers."""
    return make_shop()


@pytest.fixture(scope="session")
async def operator_key(database: Database) -> str:
    """A key that may create programs."""
    return await issue_operator_key(database)


async def issue_operator_key(database: Database) -> str:
    """A key that may create programs in this database."""
    issued = await database.write(
        lambda connection: issue_key(connection, program_id=None, name="tests", scopes=["operator"], now=now())
    )
    return issued.key
