"""Why a rule gave nothing on a basket, in words that answer "why did I get less" (pure)."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.earning.compile import WEEKDAYS, Compiled, Rule
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket, Decision, hindrance
from loyalty_api.domain.earning.words import PER_MEMBER, say_member_cap
from loyalty_api.kernel.money import format_minor


class Unfired(msgspec.Struct, frozen=True):
    """A rule that gave no points, and why."""

    rule: str
    why: str


def unfired(compiled: Compiled, basket: Basket, decision: Decision) -> list[Unfired]:
    """Every rule of the version that is not among the decision's earnings, by code."""
    fired = {earning.rule for earning in decision.earnings}
    would = {earning.rule: earning.points for earning in decision.dry_runs}
    sets = LineSets(compiled, basket.lines)
    told = [Unfired(code, "has ended") for code in compiled.ended]
    for code, _ in compiled.dry_runs:
        told.append(Unfired(code, f"is a dry run: would have given {would.get(code, 0)}"))
    for rules in (compiled.givers, compiled.multipliers):
        stopper = next((rule for rule in rules if rule.code in fired and rule.stacking != "stackable"), None)
        for rule in rules:
            if rule.code not in fired:
                told.append(Unfired(rule.code, _why(rule, basket, sets, compiled, stopper)))
    return sorted(told, key=lambda each: each.rule)


def _why(rule: Rule, basket: Basket, sets: LineSets, compiled: Compiled, stopper: Rule | None) -> str:
    hindered = hindrance(rule, basket, sets)
    if hindered:
        return _say(hindered, rule, basket, compiled)
    if stopper and stopper.stacking == "exclusive":
        return f"{stopper.code} earns alone"
    if stopper and (-stopper.priority, stopper.code) < (-rule.priority, rule.code):
        return f"{stopper.code} stops the rules behind it"
    used_up = next((limit for limit, left in basket.inputs.rooms.get(rule.code, {}).items() if not left), None)
    if used_up == PER_MEMBER:
        return f"the member has had all of {say_member_cap(rule)}"
    if used_up:
        return f"the budget of {rule.budget} is used up"
    if rule.kind == "multiplier":
        return "no rule that it multiplies gave points on its goods"
    if sets.claims(compiled.givers) and rule.kind != "flat":
        return f"{rule.words}: what is left to it, after other rules claimed their goods, is too little"
    seen = sets.seen_by(rule)
    if rule.kind == "per_unit":
        return f"{rule.words}, and there are {sets.units(seen).normalize():f}"
    return f"{rule.words}, and there is {format_minor(max(0, sets.amount(seen)), compiled.currency)}"


def _say(hindered: str, rule: Rule, basket: Basket, compiled: Compiled) -> str:
    match hindered:
        case "tier":
            return f"only for {' or '.join(sorted(rule.tiers))}; the tier is {basket.tier or 'none'}"
        case "dates":
            return f"starts on {rule.first_day}" if basket.day < rule.first_day else f"was until {rule.last_day}"
        case "weekday":
            return f"only on {', '.join(WEEKDAYS[day] for day in sorted(rule.weekdays))}"
        case "hours":
            return f"only from {_clock(rule.minutes.start)} until {_clock(rule.minutes.stop)}"
        case "min_total":
            return f"only from a total of {format_minor(rule.min_total_minor or 0, compiled.currency)}"
        case "condition":
            return f"only when {rule.when.text if rule.when else 'its condition holds'}"
    assert rule.scope is not None, f"{hindered} has no words"
    return f"no goods{rule.scope.words} in this basket"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
