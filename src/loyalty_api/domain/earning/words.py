"""Why a rule gave its points, in a sentence for the till (pure)."""

from __future__ import annotations

from decimal import Decimal

from loyalty_api.domain.earning.compile import Rule
from loyalty_api.kernel.money import format_minor

PER_PURCHASE, PER_MEMBER, BUDGET = "caps.per_purchase", "caps.per_member", "budget"


def say_because(rule: Rule, currency: str, base_minor: int | None, units: Decimal | None) -> str:
    """``1 point per 1.00 on 13.90 of coffee for gold``."""
    where = rule.scope.words if rule.scope else ""
    if units is not None:
        return f"{rule.words} on {units.normalize():f}{where}"
    if base_minor is None:
        return f"{rule.words}{where and f' with goods{where}'}"
    tiers = f" for {' or '.join(sorted(rule.tiers))}" if rule.tiers else ""
    return f"{rule.words} on {format_minor(base_minor, currency)}{where}{tiers}"


def say_limit(rule: Rule, limited_by: str, left: int) -> str:
    """What clipped the points, to go on after ``say_because``."""
    if limited_by == PER_PURCHASE:
        return f", at most {rule.points_max} per purchase"
    whole = say_member_cap(rule) if limited_by == PER_MEMBER else f"the budget of {rule.budget}"
    return f", but only {left} of {whole} were left"


def say_member_cap(rule: Rule) -> str:
    """What a member may earn by the rule: ``100 per member in 30 days``."""
    cap = rule.member_cap
    assert cap is not None, "the rule has a cap per member"
    days = {None: "", 1: " a day"}.get(cap.days, f" in {cap.days} days")
    return f"{cap.points} per member{days}"
