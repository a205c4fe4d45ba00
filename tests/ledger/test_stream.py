"""Events as a stream of a real Valkey: each once, in their order, of a limited length; gone, frozen and emptied."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from tests.make.receiver import until
from tests.make.shop import Shop
from tests.make.valkey import OwnValkey

from loyalty_api.kernel.database import Database
from loyalty_api.worker.relay import Relay
from loyalty_api.worker.streamer import Streamer


@pytest.fixture
def valkey() -> Iterator[OwnValkey]:
    """A server of this test alone."""
    with OwnValkey() as server:
        yield server


async def program_of(database: Database, shop: Shop) -> str:
    async with database.reader() as connection:
        return str(
            await connection.fetchval("SELECT program_id FROM programs WHERE code = $1", shop.document["program"])
        )


def entries(valkey: OwnValkey, program_id: str) -> list[tuple[str, dict[str, Any]]]:
    """What the stream has: ids, and events as they were written."""
    with Redis.from_url(valkey.url, decode_responses=True) as client:
        return [(each, json.loads(fields["event"])) for each, fields in client.xrange(f"loyalty:events:{program_id}")]


def feed(shop: Shop) -> list[dict[str, Any]]:
    return shop.call("GET", "/v1/events?limit=200").json()["items"]


async def stream(database: Database, valkey: OwnValkey, length: int = 1000) -> int:
    """A round of a worker that has just started."""
    await Relay(database).round()
    streamer = Streamer(database, valkey.url, length=length)
    try:
        return await streamer.round()
    finally:
        await streamer.close()


async def test_the_stream_has_the_events_of_the_feed_each_once_whoever_adds_them(
    own_shop: Shop, own_database: Database, valkey: OwnValkey
) -> None:
    program_id = await program_of(own_database, own_shop)
    own_shop.buy(own_shop.enrol(), 60_000)
    await asyncio.gather(*(stream(own_database, valkey) for _ in range(3)))
    own_shop.buy(own_shop.enrol())
    await stream(own_database, valkey)
    assert [event for _, event in entries(valkey, program_id)] == feed(own_shop)
    assert [each for each, _ in entries(valkey, program_id)] == ["1-0", "2-0", "2-1", "2-2", "3-0", "4-0", "4-1"]
    assert await stream(own_database, valkey) == 0
    await own_database.write(
        lambda connection: connection.execute("UPDATE feed_cursors SET position = 1 WHERE subscriber = 'stream'")
    )  # as if the last commits had been lost behind what was sent
    await stream(own_database, valkey)
    assert [event for _, event in entries(valkey, program_id)] == feed(own_shop)


async def test_a_stream_that_was_emptied_has_the_newest_events_again(
    own_shop: Shop, own_database: Database, valkey: OwnValkey
) -> None:
    program_id = await program_of(own_database, own_shop)
    for _ in range(5):
        own_shop.buy(own_shop.enrol())
    await stream(own_database, valkey)
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    await stream(own_database, valkey, length=4)
    assert [event for _, event in entries(valkey, program_id)] == feed(own_shop)[-6:]  # of the newest four places
    own_shop.buy(own_shop.enrol())
    await stream(own_database, valkey, length=4)
    assert [event for _, event in entries(valkey, program_id)][-3:] == feed(own_shop)[-3:]


async def test_a_stream_keeps_about_its_length(own_shop: Shop, own_database: Database, valkey: OwnValkey) -> None:
    program_id = await program_of(own_database, own_shop)
    member = own_shop.enrol()
    for _ in range(200):
        own_shop.buy(member, 50)  # earns nothing: an event each
    await stream(own_database, valkey, length=10)
    kept = [event["id"] for _, event in entries(valkey, program_id)]
    assert 10 <= len(kept) <= 110  # the server trims whole nodes, of a hundred entries
    assert kept[-1] == feed(own_shop)[-1]["id"] or len(feed(own_shop)) == 200


async def test_a_server_that_is_gone_and_comes_back_empty_is_waited_for(
    own_shop: Shop, own_database: Database, valkey: OwnValkey
) -> None:
    program_id = await program_of(own_database, own_shop)
    stop = asyncio.Event()
    streamer = Streamer(own_database, valkey.url, length=1000)
    work = asyncio.gather(streamer.work(stop, pause_seconds=0.02), Relay(own_database).work(stop, pause_seconds=0.02))
    own_shop.buy(own_shop.enrol())
    await until(lambda: len(entries(valkey, program_id)) == 3)
    valkey.kill()
    own_shop.buy(own_shop.enrol())
    await asyncio.sleep(0.1)
    valkey.start()
    await until(lambda: len(entries(valkey, program_id)) == 6)
    stop.set()
    await work
    assert [event for _, event in entries(valkey, program_id)] == feed(own_shop)
