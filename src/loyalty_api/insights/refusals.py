"""What insight refuses."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Busy


class InsightRebuilding(Busy):
    """The figures are being worked out anew, so that for a while they would be too low."""

    code = "insight.rebuilding"
    title = "The figures are being worked out anew"
    retry_after_seconds = 5
