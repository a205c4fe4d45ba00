"""How likely a member is gone (pure), in three steps for whoever has to choose whom to write to."""

from __future__ import annotations

import msgspec

from loyalty_api.insights.metric import WINDOW_DAYS
from loyalty_api.insights.worth import Value

GONE_BELOW, DOUBTFUL_BELOW = 1 / 3, 2 / 3


class Risk(msgspec.Struct, frozen=True):
    """``level``: low, medium or high; None: never bought. ``lapsed``: nothing bought for ``window_days``."""

    level: str | None
    lapsed: bool | None
    days_since_purchase: int | None
    window_days: int = WINDOW_DAYS


def risk_of(days_since_purchase: int | None, value: Value | None) -> Risk:
    """By the probability that they still buy: below a third high, below two thirds medium. Where the model has none to
    tell, as of whoever bought once, by the window alone."""
    if days_since_purchase is None:
        return Risk(None, None, None)
    lapsed = days_since_purchase >= WINDOW_DAYS
    if value is None or value.bought_once:
        level = "high" if lapsed else "low"
    elif value.p_alive < GONE_BELOW:
        level = "high"
    else:
        level = "medium" if value.p_alive < DOUBTFUL_BELOW else "low"
    return Risk(level, lapsed, days_since_purchase)
