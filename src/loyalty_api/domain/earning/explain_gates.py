"""What a rule asks of a purchase before it works, one by one, and whether it held (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from loyalty_api.domain.earning.compile import Rule
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket, hindrance
from loyalty_api.domain.earning.speech import Speech
from loyalty_api.domain.earning.words import say_where

# Each word of ``hindrance``, and the fields of the rule that may lead to it.
GATES = {
    "tier": ("tiers",),
    "dates": ("first_day", "last_day"),
    "weekday": ("weekdays",),
    "hours": ("minutes",),
    "min_total": ("min_total_minor",),
    "lines": ("scope",),
    "condition": ("when",),
}
_OPEN = {
    "tiers": frozenset[str](),
    "first_day": date.min,
    "last_day": date.max,
    "weekdays": frozenset[int](),
    "minutes": range(24 * 60),
    "min_total_minor": None,
    "scope": None,
    "when": None,
}


def gates_of(rule: Rule, basket: Basket, sets: LineSets) -> Iterator[tuple[str, bool]]:
    """Every gate that the rule has, and whether it let this basket pass."""
    for gate, fields in GATES.items():
        own = {field: getattr(rule, field) for field in fields if getattr(rule, field) != _OPEN[field]}
        if own:
            alone = msgspec.structs.replace(rule, **(_OPEN | own))
            yield gate, hindrance(alone, basket, sets) is None


def say_gate(speech: Speech, rule: Rule, basket: Basket, gate: str) -> str:
    """What the gate asks for, and what there was."""
    first, last, day = speech.day(rule.first_day), speech.day(rule.last_day), speech.day(basket.day)
    match gate:
        case "tier":
            tier = basket.tier or speech.say("no_tier")
            return speech.say("gate.tier", tiers=speech.any_of(rule.tiers), tier=tier)
        case "dates" if rule.last_day == date.max:
            return speech.say("gate.dates.from", first=first, day=day)
        case "dates" if rule.first_day == date.min:
            return speech.say("gate.dates.until", last=last, day=day)
        case "dates":
            return speech.say("gate.dates", first=first, last=last, day=day)
        case "weekday":
            weekday = speech.weekdays([basket.day.weekday()])
            return speech.say("gate.weekday", weekdays=speech.weekdays(rule.weekdays), weekday=weekday)
        case "hours":
            start, stop = speech.clock(rule.minutes.start), speech.clock(rule.minutes.stop)
            return speech.say("gate.hours", start=start, stop=stop, time=speech.clock(basket.minute))
        case "min_total":
            least, total = speech.money(rule.min_total_minor or 0), speech.money(basket.total_minor)
            return speech.say("gate.min_total", amount=least, total=total)
        case "condition":
            return speech.say("gate.condition", condition=rule.when.text if rule.when else "")
    return speech.say("gate.lines", where=say_where(speech, rule.written))
