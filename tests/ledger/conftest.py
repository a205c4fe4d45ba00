"""Ledger tests work on databases of their own, with true commits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import httpx
import pytest
from tests.conftest import issue_operator_key, make_database
from tests.make.receiver import Open
from tests.make.shop import Shop

from loyalty_api.domain.webhooks.open import open_webhook
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database


@pytest.fixture(scope="module")
async def own_database_url(server_url: str) -> str:
    """A database that only this file's tests write to."""
    return await make_database(server_url)


@pytest.fixture(scope="module")
async def own_database(own_database_url: str) -> AsyncIterator[Database]:
    """That database, opened as the product opens it."""
    opened = await Database.open(own_database_url, pool_size=4)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def own_operator(own_database: Database) -> str:
    """A key that may create programs there."""
    return await issue_operator_key(own_database)


@pytest.fixture(scope="module")
def apis(start_api: Callable, own_database_url: str) -> list[str]:
    """Two API processes on that database; their addresses."""
    return [start_api(own_database_url).url, start_api(own_database_url).url]


@pytest.fixture
def own_shop(apis: list[str], own_operator: str) -> Iterator[Shop]:
    """A shop of the first of them."""
    with httpx.Client(base_url=apis[0], timeout=30) as http:
        yield Shop.open(http, own_operator, {})


@pytest.fixture
async def open_(database: Database) -> AsyncIterator[Open]:
    """Opens webhooks that may lead to this machine; they end with the test."""
    async for each in _opening(database):
        yield each


@pytest.fixture
async def own_open(own_database: Database) -> AsyncIterator[Open]:
    """The same in the file's own database."""
    async for each in _opening(own_database):
        yield each


async def _opening(database: Database) -> AsyncIterator[Open]:
    opened: list[UUID] = []

    async def open_(shop: Shop, url: str, kinds: list[str] | None = None) -> tuple[UUID, str]:
        async with database.reader() as connection:
            program_id = await connection.fetchval(
                "SELECT program_id FROM programs WHERE code = $1", shop.document["program"]
            )
        webhook_id, secret = await database.write(
            lambda connection: open_webhook(
                connection, program_id=program_id, url=url, kinds=kinds, now=now(), actor="test"
            )
        )
        opened.append(webhook_id)
        return webhook_id, secret

    yield open_
    await database.write(
        lambda connection: connection.execute(
            "UPDATE webhooks SET state = 'off' WHERE webhook_id = ANY($1::uuid[])", opened
        )
    )
