"""How the feed says no."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class EventForgotten(Refusal):
    """The event is older than this deployment keeps events."""

    kind = Kind.GONE
    code = "event.forgotten"
    title = "This event is no longer kept"
