"""Rules, lines and decisions for tests of the pure arithmetic, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from loyalty_api.domain.earning.compile import compile_document
from loyalty_api.domain.earning.rules import NO_INPUTS, Basket, Decision, Inputs, decide
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.purchases.command import PurchaseLine
from tests.make.program import make_document

MONDAY = date(2026, 3, 2)


def per_spend(points: Any = 1, per_minor: int = 100, **changes: Any) -> dict[str, Any]:
    """``points`` per ``per_minor``; code ``base`` unless given."""
    return {"code": "base", "per_spend": {"points": points, "per_minor": per_minor}} | changes


def per_unit(points: Any = 1, **changes: Any) -> dict[str, Any]:
    """``points`` per unit; code ``units`` unless given."""
    return {"code": "units", "per_unit": points} | changes


def multiplier(factor: Any, code: str = "times", **changes: Any) -> dict[str, Any]:
    """The points of spend and unit rules times ``factor``."""
    return {"code": code, "multiplier": factor} | changes


def flat(points: int, code: str = "flat", **changes: Any) -> dict[str, Any]:
    """``points`` per purchase."""
    return {"code": code, "flat": points} | changes


def line(amount_minor: int, **changes: Any) -> PurchaseLine:
    """One line; ``quantity`` may be any number."""
    if "quantity" in changes:
        changes["quantity"] = Decimal(str(changes["quantity"]))
    return PurchaseLine(amount_minor=amount_minor, **changes)


def earn(
    *lines: PurchaseLine,
    rules: list[dict[str, Any]],
    tier: str | None = None,
    day: date = MONDAY,
    clock: str = "12:00",
    inputs: Inputs = NO_INPUTS,
    **document: Any,
) -> Decision:
    """What the lines earn by ``rules`` in a program with ``document``'s other settings."""
    compiled = compile_document(read_document(make_document(earning_rules=rules, **document)), 1)
    minute = int(clock[:2]) * 60 + int(clock[3:])
    basket = Basket(lines, tier, day, minute, sum(line.amount_minor for line in lines), inputs)
    return decide(compiled, basket)


def by_rule(decision: Decision) -> dict[str, int]:
    """Points by rule."""
    return {earning.rule: earning.points for earning in decision.earnings}
