"""How fast a webhook is served, and how much at a time."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.webhooks.schedule import FIRST_SECONDS
from loyalty_api.worker.sender import TIMEOUT_SECONDS


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds, and in events.

    ``timeout``: of an attempt. ``first``: until a first failure is tried again; ``step``: between two writes;
    ``spill``: what takes longer is written down as waiting; ``hold``: how long a cursor is held when its worker is
    gone; ``recovered``: a receiver that failed for longer is sent all that waits when it is back; ``tick``: between
    two looks for what is new. ``at_once``: requests under way; ``window``: events that are read and not through;
    ``page``: events read at a time.
    """

    timeout: float = TIMEOUT_SECONDS
    first: float = FIRST_SECONDS
    step: float = 0.1
    spill: float = 1.0
    hold: float = 30.0
    recovered: float = 30.0
    tick: float = 0.2
    at_once: int = 64
    window: int = 1000
    page: int = 200
