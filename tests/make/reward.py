"""Rewards of documents, redemptions and coupon pools for tests."""

from __future__ import annotations

import itertools
from typing import Any

_references = itertools.count(1)


def make_reward(code: str = "five-off", **changes: Any) -> dict[str, Any]:
    """5.00 off for 500 points. Changes replace parts; None leaves one out."""
    reward = {"code": code, "points": 500, "money_off": {"amount_minor": 500}} | changes
    return {name: value for name, value in reward.items() if value is not None}


def make_redemption(card: str, reward: str | None = "five-off", **changes: Any) -> dict[str, Any]:
    """A redemption under a reference of its own, completed at once."""
    body = {
        "reference": f"redemption-{next(_references)}",
        "member": {"identifier": card},
        "reward": reward,
        "complete": True,
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def make_pool(code: str = "spring", **changes: Any) -> dict[str, Any]:
    """A pool of three single-use codes worth 5.00."""
    pool = {"code": code, "codes": ["AAA", "BBB", "CCC"], "effect": {"money_off": {"amount_minor": 500}}} | changes
    return {name: value for name, value in pool.items() if value is not None}
