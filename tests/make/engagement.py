"""Engagement events for tests, as a back end sends them, and rules for them."""

from __future__ import annotations

import itertools
from typing import Any

from tests.make.purchase import AT

_numbers = itertools.count(1)


def make_engagement(member: str, kind: str = "review.written", **changes: Any) -> dict[str, Any]:
    """An event of ``member`` (``card:1``) at ``AT`` under a fresh reference."""
    body: dict[str, Any] = {
        "reference": f"E-{next(_numbers):06}",
        "source": "reviews",
        "member": {"identifier": member},
        "kind": kind,
        "occurred_at": AT,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def per_event(points: int, kind: str = "review.written", **changes: Any) -> dict[str, Any]:
    """``points`` for each event of the kind; code ``review`` unless given."""
    return {"code": "review", "per_event": {"kind": kind, "points": points}} | changes
