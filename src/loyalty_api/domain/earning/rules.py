"""What a purchase earns (pure: no database, no clock, no floats).

- The base is what the program's switches let in, line by line. ``per_spend`` counts its whole steps, ``per_unit``
  its units, ``flat`` is per purchase.
- A multiplier adds (factor − 1) × the steps that the base rule would count on the multiplier's lines alone;
  several multiply each other where their lines meet: for every set S of multipliers, ∏(factor − 1) × the steps on
  the lines that all of S see. Their order does not matter.
- One rounding per base rule, after multiplying. What a multiplier adds is listed apart; base and extras always
  add up to the rounded whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

import msgspec

from loyalty_api.domain.earning.compile import Compiled, Exact, Rule
from loyalty_api.kernel.money import format_minor

_HALF = Fraction(1, 2)


class Line(Protocol):
    """What the rules see of a purchase line; amounts in minor units, as paid."""

    @property
    def sku(self) -> str | None: ...
    @property
    def category(self) -> str | None: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def kind(self) -> str: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def amount_minor(self) -> int: ...
    @property
    def tax_minor(self) -> int: ...


class Basket(msgspec.Struct, frozen=True):
    """What the rules see of a purchase. ``tier``: held before it; ``day``: in the program's zone."""

    lines: Sequence[Line]
    tier: str | None
    day: date


class Earning(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one rule gave, on what, and why. ``base_minor`` for money, ``units`` for units."""

    rule: str
    version: int
    points: int
    because: str
    base_minor: int | None = None
    units: Decimal | None = None


class Decision(msgspec.Struct, frozen=True):
    """The earnings, their sum, and the whole earning base of the purchase (never below 0)."""

    points: int
    base_minor: int
    earnings: list[Earning]


def decide(compiled: Compiled, basket: Basket) -> Decision:
    """What the basket earns by the version's rules."""
    sets = _LineSets(compiled, basket.lines)
    multipliers = [rule for rule in compiled.multipliers if _fires(rule, basket)]
    points: dict[str, int] = {}
    for rule in compiled.bases:
        if _fires(rule, basket):
            _earn_base(rule, multipliers, sets, _ROUNDINGS[compiled.rounding], points)
    for rule in compiled.flats:
        if _fires(rule, basket) and (rule.scope is None or sets.seen_by(rule)):
            points[rule.code] = int(rule.rate)
    earnings = [
        _earning(rule, points[rule.code], sets, compiled)
        for rules in (compiled.bases, compiled.multipliers, compiled.flats)
        for rule in rules
        if points.get(rule.code)
    ]
    return Decision(sum(earning.points for earning in earnings), max(0, sets.amount(sets.all)), earnings)


def _earn_base(
    rule: Rule,
    multipliers: list[Rule],
    sets: _LineSets,
    rounded: Callable[[Exact], int],
    points: dict[str, int],
) -> None:
    """Adds the points of one base rule, and what each multiplier adds to it, to ``points`` by rule."""
    seen = sets.seen_by(rule)
    total: Exact = rule.rate * _steps(rule, seen, sets)
    given = max(0, _whole(total, rounded))
    points[rule.code] = given
    weights: dict[int, Exact] = {seen: 1}  # lines → their weight; grows where multipliers meet
    for multiplier in multipliers:
        lines = sets.seen_by(multiplier)
        for mask, weight in list(weights.items()):
            met = mask & lines
            if met:
                extra = weight * (multiplier.factor - 1)
                weights[met] = weights.get(met, 0) + extra
                total += extra * rule.rate * _steps(rule, met, sets)
        whole = max(0, _whole(total, rounded))
        points[multiplier.code] = points.get(multiplier.code, 0) + whole - given
        given = whole


def _steps(rule: Rule, mask: int, sets: _LineSets) -> Exact:
    """How often the rate counts on these lines: whole steps of money, or units as they are."""
    if rule.kind == "per_spend":
        return max(0, sets.amount(mask)) // rule.per_minor
    units = sets.units(mask)
    whole = int(units)
    return whole if whole == units else Fraction(units)  # fractions cost twenty times an integer


def _whole(exact: Exact, rounded: Callable[[Exact], int]) -> int:
    return exact if type(exact) is int else rounded(exact)


def _fires(rule: Rule, basket: Basket) -> bool:
    if rule.tiers and basket.tier not in rule.tiers:
        return False
    return rule.first_day <= basket.day <= rule.last_day


class _LineSets:
    """Sets of lines as bit masks, their amounts and units worked out once each."""

    def __init__(self, compiled: Compiled, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._amounts: list[int] = []  # the part of each line that earns, in minor units
        self.all = 0  # the lines that the program does not leave out
        bit = 1
        for line in lines:
            self._amounts.append(line.amount_minor - line.tax_minor if compiled.tax_excluded else line.amount_minor)
            if line.kind not in compiled.excluded_kinds:
                self.all |= bit
            bit <<= 1
        self._seen: dict[str, int] = {}
        self._sums: dict[int, int] = {}
        self._units: dict[int, Decimal] = {}

    def seen_by(self, rule: Rule) -> int:
        """The lines in the base that the rule sees."""
        if rule.scope is None:
            return self.all
        seen = self._seen.get(rule.code)
        if seen is None:
            seen, bit, holds = 0, 1, rule.scope.holds
            for line in self._lines:
                if self.all & bit and holds(line.sku, line.category, line.labels):
                    seen |= bit
                bit <<= 1
            self._seen[rule.code] = seen
        return seen

    def amount(self, mask: int) -> int:
        """The base of these lines in minor units; discounts count against it."""
        total = self._sums.get(mask)
        if total is None:
            total = self._sums[mask] = sum([each for index, each in enumerate(self._amounts) if mask >> index & 1])
        return total

    def units(self, mask: int) -> Decimal:
        """The quantity of goods on these lines (shipping, fees and discounts are no goods)."""
        total = self._units.get(mask)
        if total is None:
            total = Decimal(0)
            for index, line in enumerate(self._lines):
                if mask >> index & 1 and line.kind in ("product", "gift_card"):
                    total += line.quantity
            self._units[mask] = total
        return total


def _earning(rule: Rule, points: int, sets: _LineSets, compiled: Compiled) -> Earning:
    where = rule.scope.words if rule.scope else ""
    mask = sets.seen_by(rule)
    if rule.kind == "per_unit":
        units = sets.units(mask)
        because = f"{rule.words} on {units.normalize():f}{where}"
        return Earning(rule.code, compiled.version, points, because, units=units)
    if rule.kind == "flat":
        return Earning(rule.code, compiled.version, points, f"{rule.words}{where and f' with goods{where}'}")
    base = max(0, sets.amount(mask))
    because = f"{rule.words} on {format_minor(base, compiled.currency)}{where}"
    if rule.tiers:
        because += f" for {' or '.join(sorted(rule.tiers))}"
    return Earning(rule.code, compiled.version, points, because, base_minor=base)


_ROUNDINGS: dict[str, Callable[[Exact], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "nearest": lambda exact: math.floor(exact + _HALF),
}
