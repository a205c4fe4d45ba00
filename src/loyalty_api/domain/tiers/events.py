"""What events tell of a tier that moved: beside the fact that moved it, or by themselves."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

CHANGED = "tier.changed"


class TierMoved(msgspec.Struct, frozen=True):
    """The move of a tier that a fact caused. ``effective_at``: the latest instant that counted for it."""

    from_tier: str
    to_tier: str
    value: int
    effective_at: datetime | None = None


class TierChanged(msgspec.Struct, frozen=True):
    """A tier that moved by itself. ``qualifying_value``: what the window, from ``window_from`` to ``as_of`` inclusive,
    added up to in the program's measure."""

    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    measure: str
    window_from: date
    qualifying_value: int
    as_of: date


_encoder = msgspec.json.Encoder()


def encode_event(event: TierChanged) -> bytes:
    """The event's data as JSON."""
    return _encoder.encode(event)
