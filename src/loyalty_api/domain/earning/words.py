"""What a rule does, and why it gave its points, in words (pure).

What tills are told is English and made ready with the rule; at the till only an amount is put into its GAP.
"""

from __future__ import annotations

from decimal import Decimal

from loyalty_api.domain.earning.speech import Speech
from loyalty_api.domain.programs.document import EarningRule, LineMatch, MemberCap

PER_PURCHASE, PER_MEMBER, BUDGET = "caps.per_purchase", "caps.per_member", "budget"
EARNED = "earned"  # the limit of what can be taken away
GAP = "\0"  # no text of a program contains it


def kind_of(rule: EarningRule) -> str:
    """What the rule does, as one word: the field of the document that says it."""
    kinds = ("per_spend", "per_unit", "flat", "per_event")
    return next((kind for kind in kinds if getattr(rule, kind) is not None), "multiplier")


def say_effect(speech: Speech, rule: EarningRule) -> str:
    """``1 point per 1.00``."""
    kind = kind_of(rule)
    phrase = f"effect.{kind}"
    if rule.per_spend is not None:
        points, amount = speech.points(rule.per_spend.points), speech.money(rule.per_spend.per_minor)
        return speech.say(phrase, points=points, amount=amount)
    if rule.per_event is not None:
        return speech.say(phrase, points=speech.points(rule.per_event.points), event=rule.per_event.kind)
    if rule.multiplier is not None:
        return speech.say(phrase, factor=speech.number(rule.multiplier))
    return speech.say(phrase, points=speech.points(getattr(rule, kind)))


def say_where(speech: Speech, rule: EarningRule) -> str:
    """The goods that the rule names: `` of coffee, tea without outlet``; nothing if it names none."""
    if rule.lines is None:
        return ""
    include, exclude = _names(rule.lines), _names(rule.lines.exclude)
    words = speech.say("where.of", names=speech.names(include)) if include else ""
    return words + (speech.say("where.without", names=speech.names(exclude)) if exclude else "")


def say_because(speech: Speech, rule: EarningRule, amount: str) -> str:
    """``1 point per 1.00 on 13.90 of coffee for gold``; ``amount``: the money or the units."""
    where = say_where(speech, rule)
    return speech.say(
        f"because.{kind_of(rule)}",
        effect=say_effect(speech, rule),
        amount=amount,
        where=where,
        goods=where and speech.say("goods", where=where),
        tiers=speech.say("for_tiers", tiers=speech.any_of(rule.tiers)) if rule.tiers else "",
    )


def say_limit(speech: Speech, rule: EarningRule, limited_by: str, left: str) -> str:
    """What clipped the points, to go on after ``say_because``."""
    return speech.say(f"limited.{limited_by}", left=left, **limit_values(speech, rule))


def say_member_cap(speech: Speech, cap: MemberCap) -> str:
    """What a member may earn by a rule: ``100 per member in 30 days``."""
    phrase = {None: "cap", 1: "cap.day"}.get(cap.days, "cap.days")
    return speech.say(phrase, points=speech.number(cap.points), days=str(cap.days))


def limit_values(speech: Speech, rule: EarningRule) -> dict[str, str]:
    """The rule's limits, as the phrases about them name them: ``points``, ``cap`` and ``budget``."""
    values = {}
    if rule.caps is not None and rule.caps.per_purchase is not None:
        values["points"] = speech.number(rule.caps.per_purchase)
    if rule.caps is not None and rule.caps.per_member is not None:
        values["cap"] = say_member_cap(speech, rule.caps.per_member)
    if rule.budget is not None:
        values["budget"] = speech.number(rule.budget.points)
    return values


def make_because(speech: Speech, rule: EarningRule) -> str:
    """``say_because`` with a gap for the amount."""
    return say_because(speech, rule, GAP)


def make_limits(speech: Speech, rule: EarningRule) -> dict[str, str]:
    """``say_limit`` by limit, with a gap for what was left."""
    named = {"points": PER_PURCHASE, "cap": PER_MEMBER, "budget": BUDGET}
    limits = [named[name] for name in limit_values(speech, rule)] + ([EARNED] if rule.multiplier is not None else [])
    return {limit: say_limit(speech, rule, limit, GAP) for limit in limits}


def plain_units(units: Decimal) -> str:
    """Units as tills are told them."""
    return f"{units.normalize():f}"


def _names(match: LineMatch) -> list[str]:
    return [*match.skus, *match.categories, *match.labels]
