"""Why a rule gave nothing on a basket, in words that answer "why did I get less" (pure)."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.earning.compile import Compiled, Rule
from loyalty_api.domain.earning.coupon_rules import with_coupons
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket, Decision, earn, hindrance, stacked
from loyalty_api.domain.earning.speech import Speech, speech_of
from loyalty_api.domain.earning.trace import Trace
from loyalty_api.domain.earning.words import limit_values, say_effect, say_where


class Unfired(msgspec.Struct, frozen=True):
    """A rule that gave no points, and why."""

    rule: str
    why: str


def unfired(compiled: Compiled, basket: Basket, decision: Decision, speech: Speech | None = None) -> list[Unfired]:
    """Every rule of the version that is not among the decision's earnings, by code; in English unless said."""
    speech = speech or speech_of("en", compiled.currency)
    compiled = with_coupons(compiled, basket.inputs.coupons)
    fired = {earning.rule for earning in decision.earnings}
    would = {earning.rule: earning.points for earning in decision.dry_runs}
    sets = LineSets(compiled, basket.lines)
    told = [Unfired(code, speech.say("unfired.ended")) for code in compiled.ended]
    for code, _ in compiled.dry_runs:
        told.append(Unfired(code, speech.say("unfired.dry_run", points=speech.number(would.get(code, 0)))))
    why = _Why(compiled, basket, sets, speech)
    gave = [rule for rule in compiled.givers if rule.code in fired]
    multiplied = stacked([rule for rule in compiled.multipliers if not hindrance(rule, basket, sets)])
    for rules, worked in ((compiled.givers, gave), (compiled.multipliers, multiplied)):
        stopper = next((rule for rule in worked if rule.stacking != "stackable"), None)
        told += [Unfired(rule.code, why.say(rule, stopper)) for rule in rules if rule.code not in fired]
    return sorted(told, key=lambda each: each.rule)


class _Why:
    """Says why rules gave nothing on one basket."""

    def __init__(self, compiled: Compiled, basket: Basket, sets: LineSets, speech: Speech) -> None:
        self._basket, self._sets, self._speech = basket, sets, speech
        self._trace = earn(compiled, basket, sets, Trace)[0]

    def say(self, rule: Rule, stopper: Rule | None) -> str:
        """Why this one did; ``stopper``: the exclusive or last rule that worked beside it."""
        say, sets = self._speech.say, self._sets
        hindered = hindrance(rule, self._basket, sets)
        if hindered:
            return self._hindered(hindered, rule)
        if stopper is not None and stopper is not rule and _stops(stopper, rule):
            return say(f"unfired.{stopper.stacking}", rule=stopper.code)
        given = self._trace.given.get(rule.code)
        if given is not None and given.limited_by is not None:
            return say(f"unfired.{given.limited_by}", **limit_values(self._speech, rule.written))
        effect, seen = say_effect(self._speech, rule.written), sets.seen_by(rule)
        if rule.kind == "multiplier":
            return say("unfired.rounded" if self._multiplied(rule) else "unfired.multiplied", effect=effect)
        if given is not None and given.lines != seen:
            return say("unfired.claimed", effect=effect)
        if rule.kind == "per_unit":
            return say("unfired.per_unit", effect=effect, amount=self._speech.number(sets.units(seen)))
        carried = self._basket.inputs.carried.get(rule.code, 0)
        amount = self._speech.money(max(0, sets.amount(seen)) + carried)
        return say("unfired.carried" if carried else "unfired.per_spend", effect=effect, amount=amount)

    def _multiplied(self, rule: Rule) -> bool:
        """Whether the multiplier met points of some rule."""
        place = [multiplier.code for multiplier in self._trace.multipliers].index(rule.code) + 1
        return any(part.points for stages in self._trace.stages.values() for part in stages[place].parts)

    def _hindered(self, hindered: str, rule: Rule) -> str:
        speech, day = self._speech, self._basket.day
        phrase = f"unfired.{hindered}"
        match hindered:
            case "tier":
                tier = self._basket.tier or speech.say("no_tier")
                return speech.say(phrase, tiers=speech.any_of(rule.tiers), tier=tier)
            case "dates":
                if day < rule.first_day:
                    return speech.say("unfired.dates.from", day=speech.day(rule.first_day))
                return speech.say("unfired.dates.until", day=speech.day(rule.last_day))
            case "weekday":
                return speech.say(phrase, weekdays=speech.weekdays(rule.weekdays))
            case "hours":
                start, stop = speech.clock(rule.minutes.start), speech.clock(rule.minutes.stop)
                return speech.say(phrase, start=start, stop=stop)
            case "min_total":
                return speech.say(phrase, amount=speech.money(rule.min_total_minor or 0))
            case "condition":
                return speech.say(phrase, condition=rule.when.text if rule.when else "")
        return speech.say(phrase, where=say_where(speech, rule.written))


def _stops(stopper: Rule, rule: Rule) -> bool:
    """Whether the rule gives nothing once the other works."""
    return stopper.stacking == "exclusive" or (-stopper.priority, stopper.code) < (-rule.priority, rule.code)
