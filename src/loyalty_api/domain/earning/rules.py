"""What a purchase earns (pure: no database, no clock, no floats).

- The base is what the program's switches let in, line by line. ``per_spend`` counts its whole steps, ``per_unit``
  its units, ``flat`` is per purchase, ``per_event`` per event.
- A multiplier adds (factor − 1) × the steps that the base rule would count on the multiplier's lines alone;
  several multiply each other where their lines meet: for every set S of multipliers, ∏(factor − 1) × the steps on
  the lines that all of S see. Their order does not matter.
- One rounding per base rule, after multiplying. What a multiplier adds is listed apart; base and extras always
  add up to the rounded whole, unless a cap or budget clips one of them.
- Rules are walked by priority, then code. A rule that gives no points has not fired. The first exclusive rule that
  fires earns alone (with its multipliers); behind a ``last`` rule that fires, none does. Multipliers stack among
  themselves in the same way.
- A claimed line is seen by the claiming rule and by narrower rules that do not claim; multipliers see every line.
- A carried rest is added to the lines of its rule, and counts wherever all of these lines do. What is left of the
  last step is carried on, whenever the rule took part.
- A cap or a budget gives the part that is left of it. A multiplier below 1 takes away at most what is given then.
- A dry run is decided as if the rule were live, and only told. It is told of each purchase by itself: nothing is
  remembered of it, so no carried rest counts, and no cap per member and no budget binds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Self, TypeVar

import msgspec

from loyalty_api.domain.earning.compile import FIXED, Compiled, Exact, Rule
from loyalty_api.domain.earning.coupon_rules import with_coupons
from loyalty_api.domain.earning.given import Given, limit_taking
from loyalty_api.domain.earning.line_sets import Line, LineSets
from loyalty_api.domain.earning.words import BUDGET, GAP, PER_PURCHASE, plain_units
from loyalty_api.kernel.money import format_minor

NONE_SHORT = frozenset[str]()

_HALF = Fraction(1, 2)


class Inputs(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a decision rests on beyond the receipt, by rule; kept with it, so that it can be worked out again.

    ``conditions``: whether the rule's condition holds. ``carried``: minor units of a step that wait from before.
    ``rooms``: points left, by limit; one that is not named does not bind. ``paid_minor``: what was paid with points
    and does not earn; the lines of the basket are without it. ``coupons``: factors of those that multiply, by the code
    that they have among the rules.
    """

    conditions: dict[str, bool] = {}
    carried: dict[str, int] = {}
    rooms: dict[str, dict[str, int]] = {}
    paid_minor: int = 0
    coupons: dict[str, Decimal] = {}


NO_INPUTS = Inputs()


class Basket(msgspec.Struct, frozen=True):
    """What the rules see of a purchase. ``tier``: held before it; ``day``, ``minute`` of it: in the program's zone."""

    lines: Sequence[Line]
    tier: str | None
    day: date
    minute: int
    total_minor: int
    inputs: Inputs = NO_INPUTS


class Earning(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one rule gave, on what, and why. ``base_minor`` for money, ``units`` for units.

    ``limited_by``: the cap or budget that clipped the points; ``earned``: no more could be taken away.
    """

    rule: str
    version: int
    points: int
    because: str
    base_minor: int | None = None
    units: Decimal | None = None
    limited_by: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """The earnings and their sum, the whole earning base (never below 0), and what dry runs would have given.

    ``counted``: points of rules that count towards tiers. ``rests``: what each rule that carries now has waiting.
    ``short``: rules whose budget clipped them, be it to nothing.
    """

    points: int
    base_minor: int
    earnings: list[Earning]
    dry_runs: list[Earning] = []
    counted: int = 0
    rests: dict[str, int] = {}
    short: frozenset[str] = NONE_SHORT


class Walk:
    """One walk over rules that may fire, and what each has given in it. Explanations watch its steps."""

    __slots__ = ("_basket", "_multipliers", "_rounded", "_sets", "given", "rests", "short")

    def __init__(
        self, basket: Basket, sets: LineSets, multipliers: Sequence[Rule], rounded: Callable[[Exact], int]
    ) -> None:
        self._basket, self._sets, self._multipliers, self._rounded = basket, sets, multipliers, rounded
        self.given: dict[str, Given] = {}
        self.rests: dict[str, int] = {}
        self.short: set[str] = set()

    def run(self, rules: Sequence[Rule], claiming: bool) -> Self:
        """Notes what each rule gives, and what each multiplier adds to it."""
        claims = self._sets.claims(rules) if claiming else None
        for rule in rules:
            lines = self._sets.left_to(rule, claims) if claims else self._sets.seen_by(rule)
            if rule.kind in FIXED:
                self.given[rule.code] = Given(int(rule.rate) if lines or rule.scope is None else 0, lines)
            else:
                self._multiply(rule, lines)
            self._clip(rule)
        taking = False
        for rule in self._multipliers:
            self._clip(rule)
            taking = taking or rule.takes
        if taking:
            limit_taking(self.given, rules, self._multipliers)
        return self

    def _multiply(self, rule: Rule, lines: int) -> None:
        total = self._part(rule, lines, lines, 1)
        whole = self._whole(total)
        self.given[rule.code] = Given(whole, lines)
        weights: dict[int, Exact] = {lines: 1}  # lines → their weight; grows where multipliers meet
        for multiplier in self._multipliers:
            seen = self._sets.seen_by(multiplier)
            for mask, weight in list(weights.items()):
                met = mask & seen
                if met:
                    extra = weight * multiplier.more
                    weights[met] = weights.get(met, 0) + extra
                    total += self._part(rule, met, lines, extra)
            before, whole = whole, self._whole(total)
            added = self.given.get(multiplier.code)
            if added is None:
                added = self.given[multiplier.code] = Given(0, seen)
            added.points += whole - before

    def _part(self, rule: Rule, mask: int, lines: int, weight: Exact) -> Exact:
        """Points on these lines, ``weight`` times: whole steps of money, or units as they are. Not rounded yet."""
        if rule.kind == "per_spend":
            amount = max(0, self._sets.amount(mask))
            if rule.carries and mask == lines:
                amount += self._basket.inputs.carried.get(rule.code, 0)
                steps = max(0, amount // rule.per_minor)
                self.rests[rule.code] = amount - steps * rule.per_minor
                return weight * (rule.rate * steps)
            return weight * (rule.rate * (amount // rule.per_minor))
        units = self._sets.units(mask)
        whole = int(units)  # fractions cost twenty times an integer
        return weight * (rule.rate * (whole if whole == units else Fraction(units)))

    def _whole(self, exact: Exact) -> int:
        if exact <= 0:
            return 0
        return exact if type(exact) is int else self._rounded(exact)

    def _clip(self, rule: Rule) -> None:
        """Leaves what the rule's caps and budget allow."""
        rooms = self._basket.inputs.rooms.get(rule.code)
        if rule.points_max is None and not rooms:
            return
        found = self.given.get(rule.code)
        if found is None:
            return
        if rule.points_max is not None and found.points > rule.points_max:
            found.points, found.limited_by = rule.points_max, PER_PURCHASE
        for limit, room in (rooms or {}).items():
            if found.points > room:
                found.points, found.limited_by = room, limit
        if found.limited_by == BUDGET:
            self.short.add(rule.code)


W = TypeVar("W", bound=Walk)


def decide(compiled: Compiled, basket: Basket) -> Decision:
    """What the basket earns by the version's rules."""
    compiled = with_coupons(compiled, basket.inputs.coupons)
    sets = LineSets(compiled, basket.lines)
    walk, earnings = earn(compiled, basket, sets, Walk)
    would = [
        earning
        for code, as_if_live in compiled.dry_runs
        for earning in earn(as_if_live, basket, sets, Walk)[1]
        if earning.rule == code
    ]
    points = sum([earning.points for earning in earnings])
    uncounted = sum([earning.points for earning in earnings if earning.rule in compiled.uncounted])
    counted, short = max(0, points - uncounted), frozenset(walk.short) or NONE_SHORT
    return Decision(points, sets.base_minor, earnings, would, counted, walk.rests, short)


def earn(compiled: Compiled, basket: Basket, sets: LineSets, kind: type[W]) -> tuple[W, list[Earning]]:
    """The walk (of this kind) that counts, and what each rule earns in it."""
    multipliers = stacked([rule for rule in compiled.multipliers if not hindrance(rule, basket, sets)])
    givers = [rule for rule in compiled.givers if not hindrance(rule, basket, sets)]
    rounded = _ROUNDINGS[compiled.rounding]

    def walk(rules: Sequence[Rule]) -> W:
        return kind(basket, sets, multipliers, rounded).run(rules, compiled.claiming)

    walked = _walk_stacked(givers, walk) if compiled.stacked else walk(givers)
    return walked, [
        _earning(rule, given, sets, compiled)
        for rule in compiled.told
        if (given := walked.given.get(rule.code)) is not None and given.points
    ]


def _walk_stacked(rules: list[Rule], walk: Callable[[Sequence[Rule]], W]) -> W:
    """Walks the rules that exclusive and last ones leave."""
    short: set[str] = set()
    for rule in rules:
        if rule.stacking == "exclusive":
            alone = walk([rule])
            short |= alone.short
            if alone.given[rule.code].points:
                alone.short |= short
                return alone
    walked = walk(rules)
    for position, rule in enumerate(rules, 1):
        if rule.stacking == "last" and walked.given[rule.code].points and position < len(rules):
            short |= walked.short
            walked = walk(rules[:position])
            break
    walked.short |= short
    return walked


def stacked(multipliers: list[Rule]) -> list[Rule]:
    """The multipliers that exclusive and last ones among them leave."""
    for rule in multipliers:
        if rule.stacking == "exclusive":
            return [rule]
    for position, rule in enumerate(multipliers, 1):
        if rule.stacking == "last":
            return multipliers[:position]
    return multipliers


def hindrance(rule: Rule, basket: Basket, sets: LineSets) -> str | None:
    """What keeps the rule from working on this basket, as one word; None: nothing does."""
    if rule.free:
        return None
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
    if rule.scope is not None and sets.seen_by(rule) == 0:
        return "lines"
    if rule.when is not None and not basket.inputs.conditions.get(rule.code):
        return "condition"
    return None


def _earning(rule: Rule, given: Given, sets: LineSets, compiled: Compiled) -> Earning:
    base_minor = units = None
    because = rule.because
    if rule.kind in ("per_spend", "multiplier"):
        base_minor = max(0, sets.amount(given.lines))
        because = because.replace(GAP, format_minor(base_minor, compiled.currency))
    elif rule.kind == "per_unit":
        units = sets.units(given.lines)
        because = because.replace(GAP, plain_units(units))
    if given.limited_by:
        because += rule.limits[given.limited_by].replace(GAP, str(given.points))
    return Earning(rule.code, compiled.version, given.points, because, base_minor, units, given.limited_by)


_ROUNDINGS: dict[str, Callable[[Exact], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "nearest": lambda exact: math.floor(exact + _HALF),
}
