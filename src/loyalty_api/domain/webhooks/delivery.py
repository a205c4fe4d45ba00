"""One delivery on its way, and what an attempt at it came to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from loyalty_api.domain.feed.expand import Told
from loyalty_api.domain.feed.queries import Place

_encode = msgspec.json.Encoder().encode


class State(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver answered, or ``error``: why there is no answer. ``response``: how the answer begins."""

    status: int | None = None
    error: str | None = None
    response: str | None = None
    duration_ms: int = 0
    retry_after_seconds: float | None = None

    @property
    def good(self) -> bool:
        """Whether the event has arrived: a whole answer with a status of success."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Delivery(msgspec.Struct, kw_only=True, eq=False):
    """``body`` None: the event is no longer kept. ``delivery_id`` None: not written down yet."""

    place: Place
    event_id: str
    type: str
    subject: UUID
    body: bytes | None
    read_at: datetime
    state: State = State.WAITING
    attempts: int = 0
    attempted_at: datetime | None = None
    next_attempt_at: datetime | None = None
    give_up_at: datetime | None = None
    status: int | None = None
    duration_ms: int | None = None
    error: str | None = None
    response: str | None = None
    delivery_id: UUID | None = None
    replay_of: UUID | None = None

    @property
    def lane(self) -> UUID:
        """What is sent one after the other: the events of a member; a replay waits for nothing."""
        return self.subject if self.replay_of is None or self.delivery_id is None else self.delivery_id


def delivery_of(told: Told, now: datetime) -> Delivery:
    """An event that was just read, to be sent."""
    event = told.event
    place = Place(told.position, told.part)
    return Delivery(
        place=place, event_id=event.id, type=event.type, subject=event.subject, body=body_of(told), read_at=now
    )


def body_of(told: Told) -> bytes:
    """The event as it is sent: the same bytes at every attempt."""
    return _encode(told.event)
