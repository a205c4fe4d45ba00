"""What insight refuses."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Busy, Kind, Refusal


class InsightRebuilding(Busy):
    """The figures are being worked out anew, so that for a while they would be too low."""

    code = "insight.rebuilding"
    title = "The figures are being worked out anew"
    retry_after_seconds = 5


class EventsGone(Refusal):
    """Figures cannot be worked out anew from events of which the first are gone."""

    kind = Kind.GONE
    code = "insight.events_gone"
    title = "The first events are not kept any more"
