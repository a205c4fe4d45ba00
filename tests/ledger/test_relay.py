"""The relay with true commits: nothing is skipped, nothing is told twice, and each member's events keep their order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.make.shop import Shop

from loyalty_api.domain.feed.queries import BEGINNING, read_feed
from loyalty_api.domain.feed.stamp import stamp_events
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, append_events
from loyalty_api.worker.relay import Relay

AT = datetime(2026, 3, 2, tzinfo=UTC)
EARLY, LATE = UUID(int=1), UUID(int=2**127)


@pytest.fixture
async def program_id(own_shop: Shop, own_database: Database) -> UUID:
    """A program whose own events all have their places."""
    async with own_database.reader() as connection:
        found = await connection.fetchval(
            "SELECT program_id FROM programs WHERE code = $1", own_shop.document["program"]
        )
    await Relay(own_database).round()
    return found


def make_event(program_id: UUID, member_id: UUID, seq: int) -> Event:
    """An event of a member who exists for the outbox alone."""
    return Event(member_id, seq, new_id(), program_id, "coupon.issued", AT, AT, b'{"pool":"x"}')


async def places(database: Database, program_id: UUID) -> list[tuple[int, UUID, int]]:
    """(position, member, seq) of what has a place, in the order of the feed."""
    async with database.reader() as connection:
        rows = await connection.fetch(
            "SELECT position, member_id, seq FROM outbox WHERE program_id = $1 AND position IS NOT NULL"
            " ORDER BY position",
            program_id,
        )
    return [tuple(row) for row in rows]


async def test_an_event_with_a_smaller_id_that_commits_later_is_read_by_who_has_read_on(
    own_database: Database, program_id: UUID
) -> None:
    slow, fast = make_event(program_id, EARLY, 1), make_event(program_id, LATE, 1)  # the slow one's ids are smaller
    written, go = asyncio.Event(), asyncio.Event()

    async def slowly(connection: Connection) -> None:
        await append_events(connection, [slow])
        written.set()
        await go.wait()

    async def read(place: Any) -> tuple[list[str], Any]:
        await Relay(own_database).round()
        async with own_database.reader() as connection:
            pulled = await read_feed(connection, program_id=program_id, place=place, limit=100)
        return [told.event.id for told in pulled.events], pulled.following

    till = asyncio.create_task(own_database.write(slowly))
    await written.wait()
    await own_database.write(lambda connection: append_events(connection, [fast]))
    seen, following = await read(BEGINNING)
    assert str(fast.id) in seen
    assert str(slow.id) not in seen
    go.set()
    await till
    assert await read(following) == ([str(slow.id)], following._replace(position=following.position + 1))


async def test_two_relays_at_once_give_every_event_one_place_in_its_members_order(
    own_database: Database, program_id: UUID
) -> None:
    before = await places(own_database, program_id)
    members = [uuid4() for _ in range(20)]
    relays = [Relay(own_database) for _ in range(2)]

    async def till(member_id: UUID) -> None:
        for seq in range(1, 26):
            event = make_event(program_id, member_id, seq)
            await own_database.write(lambda connection, event=event: append_events(connection, [event]))

    tills = asyncio.gather(*(till(member_id) for member_id in members))
    while not tills.done():
        await asyncio.gather(*(relay.round() for relay in relays))
    await asyncio.gather(*(relay.round() for relay in relays))
    after = (await places(own_database, program_id))[len(before) :]
    first = len(before) + 1
    assert [position for position, _, _ in after] == list(range(first, first + 500))
    for member_id in members:
        assert [seq for _, whose, seq in after if whose == member_id] == list(range(1, 26))


async def test_a_relay_that_is_cut_off_has_given_no_place_and_the_next_one_gives_them(
    own_database: Database, program_id: UUID
) -> None:
    before = await places(own_database, program_id)
    member_id = uuid4()
    events = [make_event(program_id, member_id, seq) for seq in range(1, 8)]
    await own_database.write(lambda connection: append_events(connection, events))

    async def cut_off(connection: Connection) -> None:
        assert await stamp_events(connection, program_id) == 7
        raise ConnectionAbortedError

    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it becomes on its way
        await own_database.write(cut_off)
    assert await places(own_database, program_id) == before
    for _ in range(3):
        await own_database.write(lambda connection: stamp_events(connection, program_id, limit=3))
    after = await places(own_database, program_id)
    assert [(whose, seq) for _, whose, seq in after[len(before) :]] == [(member_id, seq) for seq in range(1, 8)]
    assert all(one[0] + 1 == other[0] for one, other in pairwise(after))
