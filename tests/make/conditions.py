"""Facts and conditions for tests, without a database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_api.domain.earning.facts import EventSeen, MemberFacts, PurchaseSeen, event_facts, purchase_facts
from loyalty_api.domain.programs.conditions import VARIABLES, Facts, check_condition, compile_condition
from loyalty_api.domain.programs.document import About
from loyalty_api.domain.purchases.command import PurchaseLine

BERLIN = ZoneInfo("Europe/Berlin")
TIERS = ("bronze", "silver", "gold")


def make_member(**changes: Any) -> MemberFacts:
    """A gold member since 1 January 2026 who told nothing more."""
    return MemberFacts(**({"tier": "gold", "enrolled_at": datetime(2026, 1, 1, 12, tzinfo=UTC)} | changes))


def make_purchase_facts(names: Collection[str] = tuple(VARIABLES["purchase"]), **changes: Any) -> Facts:
    """25.00 EUR for one bag of coffee in berlin-1 on Monday, 2 March 2026 at 12:00, by ``make_member``."""
    said: dict[str, Any] = {
        "lines": [PurchaseLine(amount_minor=2500, sku="ESP-250", category="coffee", labels=["organic"])],
        "total_minor": 2500,
        "base_minor": 2400,
        "currency": "EUR",
        "store": "berlin-1",
        "employee": None,
        "channel": None,
        "coupons": [],
        "local": datetime(2026, 3, 2, 12, tzinfo=BERLIN),
        "member": make_member(),
    }
    return purchase_facts(names, PurchaseSeen(**(said | changes)))


def make_event_facts(names: Collection[str] = tuple(VARIABLES["event"]), **changes: Any) -> Facts:
    """A review of four stars, written on Monday, 2 March 2026 at 12:00, by ``make_member``."""
    said: dict[str, Any] = {
        "kind": "review.written",
        "data": {"stars": 4},
        "local": datetime(2026, 3, 2, 12, tzinfo=BERLIN),
        "member": make_member(),
    }
    return event_facts(names, EventSeen(**(said | changes)))


def holds(text: str, about: About = "purchase", **changes: Any) -> bool:
    """Whether a faultless condition holds for the purchase or event, with changes."""
    assert check_condition(text, about, TIERS) is None
    make = make_purchase_facts if about == "purchase" else make_event_facts
    condition = compile_condition(text, about)
    return condition.holds(make(condition.names, **changes))
