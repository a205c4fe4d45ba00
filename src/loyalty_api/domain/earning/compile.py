"""Compiles a program version: sets instead of lists, integers or exact fractions instead of decimals."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.scope import Scope, make_scope
from loyalty_api.domain.earning.speech import WEEKDAYS, speech_of
from loyalty_api.domain.earning.words import kind_of, make_because, make_limits
from loyalty_api.domain.programs.conditions import Condition, compile_condition
from loyalty_api.domain.programs.document import (
    Caps,
    Document,
    EarningRule,
    Hours,
    MemberCap,
    PointsSettings,
    Schedule,
)
from loyalty_api.domain.programs.queries import Program, Version

COMPILED_MAX = 1024
FITTING_MAX = 50_000  # kinds of goods whose rules a version remembers

Exact = int | Fraction
FIXED = ("flat", "per_event")  # kinds that no multiplier multiplies
_TOLD = {"multiplier": 1} | dict.fromkeys(FIXED, 2)


class Rule(msgspec.Struct, frozen=True):
    """One rule, ready to run. ``rate``: points per step, unit, purchase or event; ``factor``: of a multiplier.

    ``because`` and ``limits`` (by limit): what tills are told, with a gap for the amount.
    ``written``: the rule as it stands in the document.
    """

    code: str
    priority: int
    kind: str
    rate: Exact
    per_minor: int
    factor: Exact
    more: Exact  # the factor − 1
    takes: bool  # points away
    scope: Scope | None
    bit: int  # which of the scoped rules it is
    when: Condition | None
    tiers: frozenset[str]
    first_day: date
    last_day: date
    weekdays: frozenset[int]  # 0 is Monday; none named: all
    minutes: range  # of the local day
    min_total_minor: int | None
    points_max: int | None  # per purchase
    member_cap: MemberCap | None
    budget: int | None
    carries: bool
    counts: bool  # towards tiers
    free: bool  # nothing of a basket can keep it from working
    stacking: str
    claims_lines: bool
    because: str
    limits: Mapping[str, str]
    written: EarningRule


class Compiled(msgspec.Struct, frozen=True):
    """A version's live rules in the order they are walked (priority, then code), split by what they do.

    ``told``: the order in which their earnings are told: what is multiplied, what multiplies it, then the rest.
    ``claiming``: some rule claims lines. ``stacked``: some giver is exclusive or last. ``uncounted``: codes of rules
    whose points do not count towards tiers. ``carrying``, ``capped``, ``budgeted``: those that remember something
    between purchases. ``lives``: how the points of some rules live, where not as the program says. ``dry_runs``: each
    rule that is one, with the version as if that rule were live. ``ended``: codes. ``conditioned``: rules with a
    condition, dry runs too; ``names``: the variables that these read. ``events``: rules for other events, by kind.
    """

    version: int
    currency: str
    rounding: str
    tax_excluded: bool
    excluded_kinds: frozenset[str]
    givers: tuple[Rule, ...]
    multipliers: tuple[Rule, ...]
    told: tuple[Rule, ...]
    scoped: tuple[Rule, ...]  # every rule that names lines, dry runs too
    claiming: bool
    stacked: bool
    uncounted: frozenset[str]
    carrying: tuple[Rule, ...]
    capped: tuple[Rule, ...]
    budgeted: tuple[Rule, ...]
    lives: Mapping[str, PointsSettings]
    dry_runs: tuple[tuple[str, Compiled], ...]
    ended: tuple[str, ...]
    conditioned: tuple[Rule, ...]
    names: frozenset[str]
    events: Mapping[str, Compiled]
    fitting: dict[tuple, int]  # what ``rules_on`` remembers

    @property
    def remembers(self) -> bool:
        """Whether some rule remembers something between purchases."""
        return bool(self.carrying or self.capped or self.budgeted)

    def rules_on(self, sku: str | None, category: str | None, labels: list[str]) -> int:
        """The scoped rules that see a line of such goods, as the sum of their bits."""
        key = (sku, category, *labels)
        found = self.fitting.get(key)
        if found is None:
            found = sum(r.bit for r in self.scoped if r.scope is not None and r.scope.holds(sku, category, labels))
            if len(self.fitting) >= FITTING_MAX:
                self.fitting.clear()
            self.fitting[key] = found
        return found


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
    ordered = sorted(document.earning_rules, key=lambda rule: (-rule.priority, rule.code))
    rules = [(rule, compile_rule(rule, 1 << place, document.currency)) for place, rule in enumerate(ordered)]
    on_purchases = [pair for pair in rules if pair[0].per_event is None]
    kinds = {rule.per_event.kind for rule in ordered if rule.per_event is not None}
    events = {
        kind: _walked(
            document, number, [pair for pair in rules if pair[0].per_event and pair[0].per_event.kind == kind], {}
        )
        for kind in kinds
    }
    return _walked(document, number, on_purchases, events)


def _walked(
    document: Document,
    number: int,
    rules: Sequence[tuple[EarningRule, Rule]],
    events: Mapping[str, Compiled],
) -> Compiled:
    """The rules for purchases, or for one kind of event."""
    base = document.earning_base
    excluded = {"shipping": base.shipping, "gift_card": base.gift_cards}
    lives = {
        rule.code: msgspec.structs.replace(
            document.points,
            pending=rule.pending or document.points.pending,
            expiry=rule.expiry or document.points.expiry,
        )
        for rule, _ in rules
        if rule.pending or rule.expiry
    }
    fitting: dict[tuple, int] = {}
    conditioned = tuple(ready for rule, ready in rules if ready.when is not None and rule.state != "ended")
    names = frozenset().union(*(rule.when.names for rule in conditioned if rule.when is not None))

    def with_live(also: str | None, dry_runs: tuple[tuple[str, Compiled], ...]) -> Compiled:
        live = [ready for rule, ready in rules if rule.state == "live" or rule.code == also]
        return Compiled(
            version=number,
            currency=document.currency,
            rounding=document.points.rounding,
            tax_excluded=base.tax == "excluded",
            excluded_kinds=frozenset(kind for kind, setting in excluded.items() if setting == "excluded"),
            givers=tuple(rule for rule in live if rule.kind != "multiplier"),
            multipliers=tuple(rule for rule in live if rule.kind == "multiplier"),
            told=tuple(sorted(live, key=lambda rule: _TOLD.get(rule.kind, 0))),
            scoped=tuple(ready for _, ready in rules if ready.scope is not None),
            claiming=any(rule.claims_lines for rule in live),
            stacked=any(rule.stacking != "stackable" for rule in live if rule.kind != "multiplier"),
            uncounted=frozenset(rule.code for rule in live if not rule.counts),
            carrying=tuple(rule for rule in live if rule.carries),
            capped=tuple(rule for rule in live if rule.member_cap is not None),
            budgeted=tuple(rule for rule in live if rule.budget is not None),
            lives=lives,
            dry_runs=dry_runs,
            ended=tuple(rule.code for rule, _ in rules if rule.state == "ended"),
            conditioned=conditioned,
            names=names,
            events=events,
            fitting=fitting,
        )

    return with_live(None, tuple((rule.code, with_live(rule.code, ())) for rule, _ in rules if rule.state == "dry_run"))


def compile_rule(rule: EarningRule, bit: int, currency: str) -> Rule:
    """One rule, ready to run; ``bit``: which of the scoped rules it is."""
    kind = kind_of(rule)
    rate, per_minor, factor = _effect(rule)
    speech = speech_of("en", currency)
    schedule = rule.schedule or Schedule()
    hours = schedule.hours or Hours()
    caps = rule.caps or Caps()
    return Rule(
        code=rule.code,
        priority=rule.priority,
        kind=kind,
        rate=rate,
        per_minor=per_minor,
        factor=factor,
        more=factor - 1,
        takes=factor < 1,
        scope=make_scope(rule.lines) if rule.lines else None,
        bit=bit,
        when=compile_condition(rule.when, rule.about) if rule.when else None,
        tiers=frozenset(rule.tiers),
        first_day=date.fromisoformat(schedule.from_) if schedule.from_ else date.min,
        last_day=date.fromisoformat(schedule.until) if schedule.until else date.max,
        weekdays=frozenset(map(WEEKDAYS.index, schedule.weekdays)),
        minutes=range(_minute(hours.from_), _minute(hours.until)),
        min_total_minor=rule.min_total_minor,
        points_max=caps.per_purchase,
        member_cap=caps.per_member,
        budget=rule.budget.points if rule.budget else None,
        carries=rule.carry_over,
        counts=rule.counts_for_tier,
        free=not (rule.lines or rule.when or rule.tiers or rule.schedule or rule.min_total_minor),
        stacking=rule.stacking,
        claims_lines=rule.claims_lines,
        because=make_because(speech, rule),
        limits=make_limits(speech, rule),
        written=rule,
    )


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _effect(rule: EarningRule) -> tuple[Exact, int, Exact]:
    """(rate, per_minor, factor)"""
    if rule.per_spend is not None:
        return _exact(rule.per_spend.points), rule.per_spend.per_minor, 1
    if rule.per_unit is not None:
        return _exact(rule.per_unit), 0, 1
    if rule.flat is not None:
        return rule.flat, 0, 1
    if rule.per_event is not None:
        return rule.per_event.points, 0, 1
    assert rule.multiplier is not None, "a checked rule says what it does"
    return 0, 0, _exact(rule.multiplier)


def _exact(number: Decimal) -> Exact:
    fraction = Fraction(number)
    return fraction.numerator if fraction.denominator == 1 else fraction
