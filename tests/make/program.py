"""Program documents for tests."""

from __future__ import annotations

import uuid
from typing import Any

BASE_RULE = {"code": "base", "per_spend": {"points": 1, "per_minor": 100}}
TIERS = {
    "levels": [
        {"code": "bronze", "from": 0},
        {"code": "silver", "from": 50_000},
        {"code": "gold", "from": 150_000},
    ]
}


def make_document(**changes: Any) -> dict[str, Any]:
    """A test program in EUR and Berlin: 1 point per 1.00, three tiers by 12-month spend. Changes replace parts."""
    document = {
        "program": f"club-{uuid.uuid4().hex[:12]}",
        "mode": "test",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "region": "DE",
        "tiers": TIERS,
        "earning_rules": [BASE_RULE],
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not None}
