"""How long it takes to fit what a million members are worth."""

from __future__ import annotations

from tests.make.buyers import buyers_of

from loyalty_api.insights.buying import Buying, fit_buying, grouped
from loyalty_api.kernel.clock import monotonic

MEMBERS = 1_000_000


def bgnbd_million_seconds() -> float:
    """From a row per member to the parameters of BG/NBD: buyers like those of CDNOW, watched for 18 months."""
    bought = buyers_of(MEMBERS, r=0.243, alpha=4.414, a=0.793, b=2.426)
    started = monotonic()
    found = fit_buying(grouped(bought.repeats, bought.last_days, bought.days))
    took = monotonic() - started
    assert isinstance(found, Buying), found
    return took


if __name__ == "__main__":
    print({"insight": {"bgnbd_million_seconds": round(bgnbd_million_seconds(), 3)}})
