"""Reading the feed from a place on, and single events again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.feed.expand import Told, expand, row_types
from loyalty_api.domain.feed.refusals import EventForgotten
from loyalty_api.kernel.database import Connection

_FROM = """
SELECT position, id, member_id, program_id, type, occurred_at, recorded_at, data
FROM outbox WHERE program_id = $1 AND position >= $2
AND ($3::text[] IS NULL OR type = ANY($3::text[]))
ORDER BY position LIMIT $4
"""
_END = "SELECT position FROM feed_lanes WHERE program_id = $1"
_FORGOTTEN = "SELECT forgotten FROM feed_lanes WHERE program_id = $1"
_AT = """
SELECT position, id, member_id, program_id, type, occurred_at, recorded_at, data
FROM outbox WHERE program_id = $1 AND position = ANY($2::bigint[])
"""


class Place(NamedTuple):
    """The first event that a subscriber has still to read: its row's position, and which of the row's events it is."""

    position: int
    part: int


class Pulled(NamedTuple):
    """A page of the feed. ``following``: where to go on; ``more``: whether there may be something by now."""

    events: list[Told]
    following: Place
    more: bool


BEGINNING = Place(1, 0)


async def read_feed(
    connection: Connection, *, program_id: UUID, place: Place, limit: int, kinds: Collection[str] | None = None
) -> Pulled:
    """The program's events from ``place`` on, of some kinds (None: all), at most ``limit``.

    ``connection`` sees one instant throughout: where nothing more follows, reading goes on behind all that there is.
    """
    types = None if kinds is None else sorted(row_types(set(kinds)))
    rows = await connection.fetch(_FROM, program_id, place.position, types, limit + 1)
    events: list[Told] = []
    following = place
    for row in rows:
        for told in expand(row):
            at = Place(told.position, told.part)
            if at < place or (kinds is not None and told.kind not in kinds):
                continue
            if len(events) == limit:
                return Pulled(events, at, more=True)
            events.append(told)
        following = Place(row["position"] + 1, 0)
    if len(rows) > limit:
        return Pulled(events, following, more=True)
    return Pulled(events, max(following, await feed_end(connection, program_id)), more=False)


async def check_kept(connection: Connection, *, program_id: UUID, place: Place) -> None:
    """Refuses (EventForgotten) a place whose event was forgotten: who reads on there would miss it unawares."""
    forgotten = await connection.fetchval(_FORGOTTEN, program_id)
    if forgotten is not None and place.position <= forgotten:
        raise EventForgotten("Events behind this place are no longer kept; without `after` come the oldest that are.")


async def feed_end(connection: Connection, program_id: UUID) -> Place:
    """The place of the next event that will get one."""
    last = await connection.fetchval(_END, program_id)
    return BEGINNING if last is None else Place(last + 1, 0)


async def read_events(connection: Connection, *, program_id: UUID, places: Sequence[Place]) -> dict[Place, Told]:
    """The events at some places; those that were forgotten are left out."""
    rows = await connection.fetch(_AT, program_id, sorted({place.position for place in places}))
    found = {Place(told.position, told.part): told for row in rows for told in expand(row)}
    return {place: found[place] for place in places if place in found}
