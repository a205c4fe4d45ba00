"""A decision told rule by rule, in words and with every number that it takes to work the points out by hand (pure).

It is made again by the same walk as the decision itself, watched; so it says what counted, not what might have.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.coupon_rules import coupon_rules, with_coupons
from loyalty_api.domain.earning.explain_steps import ExplainedStep, Steps
from loyalty_api.domain.earning.line_sets import Line, LineSets
from loyalty_api.domain.earning.rules import Basket, Decision, Earning, decide, earn
from loyalty_api.domain.earning.speech import Speech
from loyalty_api.domain.earning.trace import Trace
from loyalty_api.domain.earning.unfired import unfired
from loyalty_api.domain.earning.words import say_because, say_limit
from loyalty_api.domain.programs.document import Document, EarningRule


class LeftOut(msgspec.Struct, frozen=True):
    """Money of one line that does not earn; ``why``: shipping, gift_card or tax. ``number`` counts lines from 1."""

    number: int
    line: str | None
    amount_minor: int
    why: str
    text: str


class ExplainedBase(msgspec.Struct, frozen=True):
    """The money that earns, and what the program leaves out of it."""

    base_minor: int
    text: str
    left_out: list[LeftOut]


class ExplainedRule(msgspec.Struct, frozen=True):
    """One rule of the version: whether it gave points, how many and why; ``steps`` lead to them.

    ``would_give``: of a dry run. ``limited_by``: the cap or budget that clipped the points.
    """

    rule: str
    state: str
    fired: bool
    points: int
    would_give: int | None
    limited_by: str | None
    text: str
    steps: list[ExplainedStep]


class CarriedRest(msgspec.Struct, frozen=True):
    """What waited of a rule's last step before the purchase, and what waits after it, in minor units."""

    rule: str
    before_minor: int
    after_minor: int
    text: str


class Explained(msgspec.Struct, frozen=True):
    """A whole decision. ``rules`` stand in the order in which they are walked: by priority, then code."""

    points: int
    base: ExplainedBase
    rules: list[ExplainedRule]
    carried: list[CarriedRest]
    text: str


def explain(
    compiled: Compiled, document: Document, basket: Basket, speech: Speech, names: Sequence[str | None]
) -> Explained:
    """The decision on the basket by the version that ``compiled`` was made of. ``names``: what its lines are called."""
    decision = decide(compiled, basket)
    compiled = with_coupons(compiled, basket.inputs.coupons)
    labels = [
        _label(speech, number, name, line)
        for number, (name, line) in enumerate(zip(names, basket.lines, strict=True), 1)
    ]
    return Explained(
        decision.points,
        _base(compiled, basket, speech, names, labels),
        _rules(compiled, document, basket, decision, speech, labels),
        _carried(compiled, basket, decision, speech),
        _summary(compiled, basket, decision, speech),
    )


def _rules(
    compiled: Compiled, document: Document, basket: Basket, decision: Decision, speech: Speech, labels: Sequence[str]
) -> list[ExplainedRule]:
    sets = LineSets(compiled, basket.lines)
    live = Steps(compiled, basket, sets, earn(compiled, basket, sets, Trace)[0], speech, labels)
    steps: dict[str, list[ExplainedStep]] = {
        rule.code: live.of(rule) for rule in (*compiled.givers, *compiled.multipliers)
    }
    for code, as_if in compiled.dry_runs:
        told = Steps(as_if, basket, sets, earn(as_if, basket, sets, Trace)[0], speech, labels, remembers=False)
        steps |= {rule.code: told.of(rule) for rule in (*as_if.givers, *as_if.multipliers) if rule.code == code}
    why = {each.rule: each.why for each in unfired(compiled, basket, decision, speech)}
    fired = {earning.rule: earning for earning in decision.earnings}
    would = {earning.rule: earning.points for earning in decision.dry_runs}
    told_rules = []
    coupons = coupon_rules(basket.inputs.coupons)
    for rule in (*sorted(document.earning_rules, key=lambda each: (-each.priority, each.code)), *coupons):
        earning = fired.get(rule.code)
        told_rules.append(
            ExplainedRule(
                rule=rule.code,
                state=rule.state,
                fired=earning is not None,
                points=earning.points if earning else 0,
                would_give=would.get(rule.code, 0) if rule.code in dict(compiled.dry_runs) else None,
                limited_by=earning.limited_by if earning else None,
                text=_because(speech, rule, earning) if earning else why.get(rule.code) or _of_events(speech, rule),
                steps=steps.get(rule.code, []),
            )
        )
    return told_rules


def _because(speech: Speech, rule: EarningRule, earning: Earning) -> str:
    amount = speech.number(earning.units) if earning.units is not None else speech.money(earning.base_minor or 0)
    because = say_because(speech, rule, amount)
    if earning.limited_by is None:
        return because
    return because + say_limit(speech, rule, earning.limited_by, speech.number(earning.points))


def _of_events(speech: Speech, rule: EarningRule) -> str:
    assert rule.per_event is not None, "every rule for purchases has fired, or it is told why not"
    return speech.say("unfired.event", event=rule.per_event.kind)


def _base(
    compiled: Compiled, basket: Basket, speech: Speech, names: Sequence[str | None], labels: Sequence[str]
) -> ExplainedBase:
    left_out = []
    for number, line in enumerate(basket.lines, 1):
        whole = line.kind in compiled.excluded_kinds
        amount = line.amount_minor if whole else line.tax_minor if compiled.tax_excluded else 0
        if amount:
            why = line.kind if whole else "tax"
            text = speech.say(f"left_out.{why}", line=labels[number - 1], amount=speech.money(amount))
            left_out.append(LeftOut(number, names[number - 1], amount, why, text))
    away = sum(each.amount_minor for each in left_out)
    amount = basket.total_minor - away
    phrase = "base.below_zero" if amount < 0 else "base.parts" if left_out else "base.whole"
    total = {"total": speech.money(basket.total_minor), "left_out": speech.money(away)}
    return ExplainedBase(max(0, amount), speech.say(phrase, amount=speech.money(amount), **total), left_out)


def _carried(compiled: Compiled, basket: Basket, decision: Decision, speech: Speech) -> list[CarriedRest]:
    told = []
    for rule in compiled.carrying:
        before = basket.inputs.carried.get(rule.code, 0)
        after = decision.rests.get(rule.code, before)
        text = speech.say("carried", rule=rule.code, before=speech.money(before), after=speech.money(after))
        told.append(CarriedRest(rule.code, before, after, text))
    return told


def _summary(compiled: Compiled, basket: Basket, decision: Decision, speech: Speech) -> str:
    gave = [
        speech.say("summary.rule", rule=earning.rule, points=speech.number(earning.points))
        for earning in decision.earnings
    ]
    return speech.say(
        "summary.tier" if basket.tier is not None else "summary",
        points=speech.points(decision.points),
        version=str(compiled.version),
        tier=basket.tier or "",
        rules=speech.names(gave) if gave else speech.say("summary.nothing"),
    )


def _label(speech: Speech, number: int, name: str | None, line: Line) -> str:
    goods = line.sku or line.category
    if goods is None:
        return speech.say("line", name=name or str(number))
    return speech.say("line.goods", name=name or str(number), goods=goods)
