"""Purchases for tests, as a till sends them."""

from __future__ import annotations

import itertools
from typing import Any

AT = "2026-03-02T10:00:00Z"  # a Monday, 11:00 in Berlin

_numbers = itertools.count(1)


def make_line(amount_minor: int, **changes: Any) -> dict[str, Any]:
    """One line of a receipt."""
    return {"sku": "ESP-250", "category": "coffee", "quantity": 1, "amount_minor": amount_minor} | changes


def make_purchase(member: str, amount_minor: int = 1000, **changes: Any) -> dict[str, Any]:
    """A purchase of ``member`` (``card:1``) at ``AT`` with one line of ``amount_minor``, under a fresh reference.

    With ``lines`` given, the total is theirs unless ``total_minor`` says otherwise.
    """
    lines = changes.pop("lines", [make_line(amount_minor)])
    body: dict[str, Any] = {
        "reference": f"R-{next(_numbers):06}",
        "source": "store-1/till-1",
        "member": {"identifier": member},
        "occurred_at": AT,
        "currency": "EUR",
        "store": "1",
        "lines": lines,
        "total_minor": sum(line["amount_minor"] for line in lines) if lines is not None else amount_minor,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}
