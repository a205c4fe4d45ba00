"""Compiles a program version: sets instead of lists, integers or exact fractions instead of decimals."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.conditions import Condition, compile_condition
from loyalty_api.domain.programs.document import (
    Document,
    EarningRule,
    Hours,
    LineMatch,
    LineScope,
    Schedule,
)
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.kernel.money import format_minor

COMPILED_MAX = 1024
WIDEST = 3
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Exact = int | Fraction


class Match(msgspec.Struct, frozen=True):
    """Lines by SKU, category or label."""

    skus: frozenset[str]
    categories: frozenset[str]
    labels: frozenset[str]

    def holds(self, sku: str | None, category: str | None, labels: list[str]) -> bool:
        """Whether a line fits any name given."""
        return sku in self.skus or category in self.categories or not self.labels.isdisjoint(labels)

    def width(self, sku: str | None, category: str | None) -> int:
        """How wide the name is by which a line that fits was found: SKU 0, category 1, label 2."""
        if sku in self.skus:
            return 0
        return 1 if category in self.categories else 2


class Scope(msgspec.Struct, frozen=True):
    """The lines that a rule sees; ``words`` says them to people. None: nothing is named."""

    include: Match | None
    exclude: Match | None
    words: str

    def holds(self, sku: str | None, category: str | None, labels: list[str]) -> bool:
        """Whether the rule sees a line."""
        if self.include is not None and not self.include.holds(sku, category, labels):
            return False
        return self.exclude is None or not self.exclude.holds(sku, category, labels)

    def width(self, sku: str | None, category: str | None) -> int:
        """How widely the rule sees a line that it sees; one that names nothing sees widest."""
        return WIDEST if self.include is None else self.include.width(sku, category)


class Rule(msgspec.Struct, frozen=True):
    """One rule, ready to run. ``rate``: points per step, unit, purchase or event; ``factor``: of a multiplier."""

    code: str
    priority: int
    kind: str
    rate: Exact
    per_minor: int
    factor: Exact
    scope: Scope | None
    when: Condition | None
    tiers: frozenset[str]
    first_day: date
    last_day: date
    weekdays: frozenset[int]  # 0 is Monday; none named: all
    minutes: range  # of the local day
    min_total_minor: int | None
    points_max: int | None  # per purchase
    stacking: str
    claims_lines: bool
    words: str
    event_kind: str | None  # which engagement events it is about; None: purchases


class Compiled(msgspec.Struct, frozen=True):
    """A version's live rules in the order they are walked (priority, then code), split by what they do.

    ``dry_runs``: each rule that is one, with the version as if that rule were live. ``ended``: codes. Both are about
    purchases. ``event_rules``: the live rules about engagement events. ``names``: the variables that the conditions
    of purchase rules read, dry runs included.
    """

    version: int
    currency: str
    rounding: str
    tax_excluded: bool
    excluded_kinds: frozenset[str]
    givers: tuple[Rule, ...]
    multipliers: tuple[Rule, ...]
    dry_runs: tuple[tuple[str, Compiled], ...]
    ended: tuple[str, ...]
    event_rules: tuple[Rule, ...]
    names: frozenset[str]


_compiled: OrderedDict[tuple[UUID, int], Compiled] = OrderedDict()


def compile_version(program: Program, version: Version) -> Compiled:
    """The compiled version; versions never change, so each is compiled once and kept."""
    key = (program.id, version.number)
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = compile_document(version.document, version.number)
        if len(_compiled) > COMPILED_MAX:
            _compiled.popitem(last=False)
    return found


def compile_document(document: Document, number: int) -> Compiled:
    """A document as rules that can run."""
    base = document.earning_base
    excluded = {"shipping": base.shipping, "gift_card": base.gift_cards}
    ordered = sorted(document.earning_rules, key=lambda rule: (-rule.priority, rule.code))
    every = {rule.code: (rule.state, _rule(rule, document.currency)) for rule in ordered}
    rules = {code: (state, rule) for code, (state, rule) in every.items() if rule.event_kind is None}
    event_rules = tuple(rule for state, rule in every.values() if rule.event_kind is not None and state == "live")
    names = [rule.when.names for state, rule in rules.values() if rule.when and state != "ended"]

    def with_live(also: str | None) -> Compiled:
        live = [rule for code, (state, rule) in rules.items() if state == "live" or code == also]
        return Compiled(
            version=number,
            currency=document.currency,
            rounding=document.points.rounding,
            tax_excluded=base.tax == "excluded",
            excluded_kinds=frozenset(kind for kind, setting in excluded.items() if setting == "excluded"),
            givers=tuple(rule for rule in live if rule.kind != "multiplier"),
            multipliers=tuple(rule for rule in live if rule.kind == "multiplier"),
            dry_runs=(),
            ended=tuple(code for code, (state, _) in rules.items() if state == "ended"),
            event_rules=event_rules,
            names=frozenset().union(*names),
        )

    dry_runs = tuple((code, with_live(code)) for code, (state, _) in rules.items() if state == "dry_run")
    return msgspec.structs.replace(with_live(None), dry_runs=dry_runs)


def _rule(rule: EarningRule, currency: str) -> Rule:
    scope = _scope(rule.lines) if rule.lines else None
    kind, rate, per_minor, factor, words = _effect(rule, currency)
    schedule = rule.schedule or Schedule()
    hours = schedule.hours or Hours()
    return Rule(
        code=rule.code,
        priority=rule.priority,
        kind=kind,
        rate=rate,
        per_minor=per_minor,
        factor=factor,
        scope=scope,
        when=compile_condition(rule.when, rule.about) if rule.when else None,
        tiers=frozenset(rule.tiers),
        first_day=date.fromisoformat(schedule.from_) if schedule.from_ else date.min,
        last_day=date.fromisoformat(schedule.until) if schedule.until else date.max,
        weekdays=frozenset(map(WEEKDAYS.index, schedule.weekdays)),
        minutes=range(_minute(hours.from_), _minute(hours.until)),
        min_total_minor=rule.min_total_minor,
        points_max=rule.caps.per_purchase if rule.caps else None,
        stacking=rule.stacking,
        claims_lines=rule.claims_lines,
        words=words,
        event_kind=rule.per_event.kind if rule.per_event else None,
    )


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _effect(rule: EarningRule, currency: str) -> tuple[str, Exact, int, Exact, str]:
    """(kind, rate, per_minor, factor, words)"""
    if rule.per_spend is not None:
        rate = _exact(rule.per_spend.points)
        per = format_minor(rule.per_spend.per_minor, currency)
        words = f"{_say_points(rule.per_spend.points)} per {per}"
        return "per_spend", rate, rule.per_spend.per_minor, 1, words
    if rule.per_unit is not None:
        return "per_unit", _exact(rule.per_unit), 0, 1, f"{_say_points(rule.per_unit)} per unit"
    if rule.flat is not None:
        return "flat", rule.flat, 0, 1, f"{_say_points(Decimal(rule.flat))} per purchase"
    if rule.per_event is not None:
        points = _say_points(Decimal(rule.per_event.points))
        return "per_event", rule.per_event.points, 0, 1, f"{points} per {rule.per_event.kind}"
    assert rule.multiplier is not None, "a checked rule says what it does"
    return "multiplier", 0, 0, _exact(rule.multiplier), f"{rule.multiplier.normalize():f} times the points"


def _scope(lines: LineScope) -> Scope:
    include, exclude = _match(lines), _match(lines.exclude)
    words = f" of {_say(lines)}" if include else ""
    return Scope(include, exclude, f"{words} without {_say(lines.exclude)}" if exclude else words)


def _match(match: LineMatch) -> Match | None:
    if not (match.skus or match.categories or match.labels):
        return None
    return Match(frozenset(match.skus), frozenset(match.categories), frozenset(match.labels))


def _say(match: LineMatch) -> str:
    names = [*match.skus, *match.categories, *match.labels]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _say_points(rate: Decimal) -> str:
    return "1 point" if rate == 1 else f"{rate.normalize():f} points"


def _exact(number: Decimal) -> Exact:
    fraction = Fraction(number)
    return fraction.numerator if fraction.denominator == 1 else fraction
