"""What a purchase earns (pure: no database, no clock, no floats).

- The base is what the program's switches let in, line by line. ``per_spend`` counts its whole steps, ``per_unit``
  its units, ``flat`` is per purchase.
- A multiplier adds (factor − 1) × the steps that the base rule would count on the multiplier's lines alone;
  several multiply each other where their lines meet: for every set S of multipliers, ∏(factor − 1) × the steps on
  the lines that all of S see. Their order does not matter.
- One rounding per base rule, after multiplying. What a multiplier adds is listed apart; base and extras always
  add up to the rounded whole, unless a cap clips one of them.
- Rules are walked by priority, then code. A rule that gives no points has not fired. The first exclusive rule that
  fires earns alone (with its multipliers); behind a ``last`` rule that fires, none does. Multipliers stack among
  themselves in the same way.
- A claimed line is seen by the claiming rule and by narrower rules that do not claim; multipliers see every line.
- A dry run is decided as if the rule were live, and only told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from loyalty_api.domain.earning.compile import Compiled, Exact, Rule
from loyalty_api.domain.earning.line_sets import Line, LineSets
from loyalty_api.kernel.money import format_minor

_HALF = Fraction(1, 2)


class Basket(msgspec.Struct, frozen=True):
    """What the rules see of a purchase. ``tier``: held before it; ``day``, ``minute`` of it: in the program's zone."""

    lines: Sequence[Line]
    tier: str | None
    day: date
    minute: int
    total_minor: int


class Earning(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one rule gave, on what, and why. ``base_minor`` for money, ``units`` for units.

    ``limited_by``: the cap that clipped the points.
    """

    rule: str
    version: int
    points: int
    because: str
    base_minor: int | None = None
    units: Decimal | None = None
    limited_by: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """The earnings, their sum, the whole earning base (never below 0), and what dry runs would have given."""

    points: int
    base_minor: int
    earnings: list[Earning]
    dry_runs: list[Earning] = []


class _Given(msgspec.Struct):
    """What a rule has given so far, on which lines."""

    points: int
    lines: int
    limited_by: str | None = None


def decide(compiled: Compiled, basket: Basket) -> Decision:
    """What the basket earns by the version's rules."""
    sets = LineSets(compiled, basket.lines)
    earnings = _earnings(compiled, basket, sets)
    would = [
        earning
        for code, as_if_live in compiled.dry_runs
        for earning in _earnings(as_if_live, basket, sets)
        if earning.rule == code
    ]
    return Decision(sum(earning.points for earning in earnings), max(0, sets.amount(sets.all)), earnings, would)


def _earnings(compiled: Compiled, basket: Basket, sets: LineSets) -> list[Earning]:
    rounded = _ROUNDINGS[compiled.rounding]
    multipliers = _stacked([rule for rule in compiled.multipliers if not hindrance(rule, basket, sets)])
    givers = [rule for rule in compiled.givers if not hindrance(rule, basket, sets)]

    def walk(rules: Sequence[Rule]) -> dict[str, _Given]:
        claims = sets.claims(rules)
        given: dict[str, _Given] = {}
        for rule in rules:
            lines = sets.left_to(rule, claims) if claims else sets.seen_by(rule)
            _give(rule, lines, multipliers, sets, rounded, given)
        for rule in multipliers:
            _clip(rule, given)
        return given

    given = _walk_stacked(givers, walk)
    bases, flats = [rule for rule in givers if rule.kind != "flat"], [rule for rule in givers if rule.kind == "flat"]
    listed = bases + multipliers + flats
    return [
        _earning(rule, given[rule.code], sets, compiled)
        for rule in listed
        if rule.code in given and given[rule.code].points
    ]


def _walk_stacked(rules: list[Rule], walk: Callable[[Sequence[Rule]], dict[str, _Given]]) -> dict[str, _Given]:
    """Walks the rules that exclusive and last ones leave."""
    for rule in rules:
        if rule.stacking == "exclusive":
            alone = walk([rule])
            if alone[rule.code].points:
                return alone
    given = walk(rules)
    for position, rule in enumerate(rules, 1):
        if rule.stacking == "last" and given[rule.code].points and position < len(rules):
            return walk(rules[:position])
    return given


def _stacked(multipliers: list[Rule]) -> list[Rule]:
    """The multipliers that exclusive and last ones among them leave."""
    for rule in multipliers:
        if rule.stacking == "exclusive":
            return [rule]
    for position, rule in enumerate(multipliers, 1):
        if rule.stacking == "last":
            return multipliers[:position]
    return multipliers


def _give(
    rule: Rule,
    lines: int,
    multipliers: list[Rule],
    sets: LineSets,
    rounded: Callable[[Exact], int],
    given: dict[str, _Given],
) -> None:
    """Notes the points of one rule, and what each multiplier adds to it."""
    if rule.kind == "flat":
        given[rule.code] = _Given(int(rule.rate) if lines or rule.scope is None else 0, lines)
        _clip(rule, given)
        return
    total: Exact = rule.rate * _steps(rule, lines, sets)
    whole = max(0, _whole(total, rounded))
    given[rule.code] = _Given(whole, lines)
    weights: dict[int, Exact] = {lines: 1}  # lines → their weight; grows where multipliers meet
    for multiplier in multipliers:
        seen = sets.seen_by(multiplier)
        for mask, weight in list(weights.items()):
            met = mask & seen
            if met:
                extra = weight * (multiplier.factor - 1)
                weights[met] = weights.get(met, 0) + extra
                total += extra * rule.rate * _steps(rule, met, sets)
        before, whole = whole, max(0, _whole(total, rounded))
        added = given.setdefault(multiplier.code, _Given(0, seen))
        added.points += whole - before
    _clip(rule, given)


def _clip(rule: Rule, given: dict[str, _Given]) -> None:
    """Leaves what the rule's cap allows."""
    found = given.get(rule.code)
    if found and rule.points_max is not None and found.points > rule.points_max:
        found.points, found.limited_by = rule.points_max, "caps.per_purchase"


def _steps(rule: Rule, mask: int, sets: LineSets) -> Exact:
    """How often the rate counts on these lines: whole steps of money, or units as they are."""
    if rule.kind == "per_spend":
        return max(0, sets.amount(mask)) // rule.per_minor
    units = sets.units(mask)
    whole = int(units)
    return whole if whole == units else Fraction(units)  # fractions cost twenty times an integer


def _whole(exact: Exact, rounded: Callable[[Exact], int]) -> int:
    return exact if type(exact) is int else rounded(exact)


def hindrance(rule: Rule, basket: Basket, sets: LineSets) -> str | None:
    """What keeps the rule from working on this basket, as one word; None: nothing does."""
    if rule.tiers and basket.tier not in rule.tiers:
        return "tier"
    if not rule.first_day <= basket.day <= rule.last_day:
        return "dates"
    if rule.weekdays and basket.day.weekday() not in rule.weekdays:
        return "weekday"
    if basket.minute not in rule.minutes:
        return "hours"
    if rule.min_total_minor is not None and basket.total_minor < rule.min_total_minor:
        return "min_total"
    return "lines" if rule.scope is not None and sets.seen_by(rule) == 0 else None


def _earning(rule: Rule, given: _Given, sets: LineSets, compiled: Compiled) -> Earning:
    where = rule.scope.words if rule.scope else ""
    base_minor: int | None = None
    units: Decimal | None = None
    if rule.kind == "per_unit":
        units = sets.units(given.lines)
        because = f"{rule.words} on {units.normalize():f}{where}"
    elif rule.kind == "flat":
        because = f"{rule.words}{where and f' with goods{where}'}"
    else:
        base_minor = max(0, sets.amount(given.lines))
        because = f"{rule.words} on {format_minor(base_minor, compiled.currency)}{where}"
        if rule.tiers:
            because += f" for {' or '.join(sorted(rule.tiers))}"
    if given.limited_by:
        because += f", at most {rule.points_max} per purchase"
    return Earning(rule.code, compiled.version, given.points, because, base_minor, units, given.limited_by)


_ROUNDINGS: dict[str, Callable[[Exact], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "nearest": lambda exact: math.floor(exact + _HALF),
}
