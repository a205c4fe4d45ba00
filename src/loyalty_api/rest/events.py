"""The pull feed over REST: a program's events as CloudEvents, from any place on, in an order that never changes."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Sequence

import msgspec

from loyalty_api.domain.feed.events import PUBLIC_TYPES
from loyalty_api.domain.feed.expand import CloudEvent
from loyalty_api.domain.feed.queries import BEGINNING, Place, check_kept, read_feed
from loyalty_api.domain.feed.refusals import EventForgotten
from loyalty_api.kernel.paging import read_page
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json

_PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,3})")


class EventPage(msgspec.Struct, frozen=True):
    """Events in their order. ``next_cursor`` null: no more for now; ``after``: where to go on then."""

    items: list[CloudEvent]
    next_cursor: str | None
    after: str


async def read(door: Door, call: Call) -> Answer:
    """The program's events behind ``after``: at least once, those of one member in their order."""
    page = read_page(call.query.get("limit"), None)
    place, kinds = _place(call.query.get("after")), _kinds(call.query.get("types"))
    async with door.database.reader() as connection:
        if "after" in call.query:
            await check_kept(connection, program_id=call.program_id, place=place)
        pulled = await read_feed(connection, program_id=call.program_id, place=place, limit=page.limit, kinds=kinds)
    after = _cursor(pulled.following)
    items = [told.event for told in pulled.events]
    return answer_json(EventPage(items, after if pulled.more else None, after))


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.position}.{place.part}".encode("ascii")).decode("ascii")


def _place(text: str | None) -> Place:
    """The place of a cursor. Refuses (InvalidRequest) what is none."""
    if text is None:
        return BEGINNING
    with contextlib.suppress(binascii.Error, UnicodeError):
        found = _PLACE.fullmatch(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode("ascii"))
        if found:
            return Place(int(found[1]), int(found[2]))
    raise InvalidRequest.of(FieldError("after", "is not a cursor that this service gave out"))


def _kinds(types: str | None) -> set[str] | None:
    return None if types is None else read_types(types.split(","))


def read_types(named: Sequence[str]) -> set[str]:
    """Kinds of events by their public types. Refuses (InvalidRequest) types that there are not."""
    if unknown := [each for each in named if each not in PUBLIC_TYPES]:
        raise InvalidRequest.of(FieldError("types", f"there is no type {unknown[0][:80]!r}"))
    return {PUBLIC_TYPES[each] for each in named}


ROUTES = [
    Route(
        method="GET",
        path="/v1/events",
        handler=read,
        summary="The program's events, as CloudEvents, behind a place",
        query={
            "after": "next_cursor or after of an earlier page; from the oldest event that is kept unless given",
            "limit": "events per page, at most 200",
            "types": "some types only, as loyalty.purchase.recorded.v1,loyalty.points.earned.v1",
        },
        answer=EventPage,
        refusals=(EventForgotten,),
    ),
]
