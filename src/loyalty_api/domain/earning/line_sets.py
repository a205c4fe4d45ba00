"""Sets of a purchase's lines as bit masks: which rule sees which lines, and what they amount to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from loyalty_api.domain.earning.compile import Compiled, Rule
from loyalty_api.domain.earning.scope import WIDEST

GOODS = ("product", "gift_card")  # shipping, fees and discounts are no goods


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


class LineSets:
    """The lines of one purchase. A mask's bit n stands for line n."""

    def __init__(self, compiled: Compiled, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._amounts: list[int] = []  # the part of each line that earns, in minor units
        self._rules: list[int] = []  # the scoped rules that each line fits
        self.all = 0  # the lines that the program does not leave out
        bit = 1
        for line in lines:
            self._amounts.append(line.amount_minor - line.tax_minor if compiled.tax_excluded else line.amount_minor)
            if line.kind not in compiled.excluded_kinds:
                self.all |= bit
            if compiled.scoped:
                self._rules.append(compiled.rules_on(line.sku, line.category, line.labels))
            bit <<= 1
        self._seen: dict[int, int] = {}
        self._sums: dict[int, int] = {}
        self._units: dict[int, Decimal] = {}

    @property
    def base_minor(self) -> int:
        """The whole earning base; never below 0."""
        return max(0, self.amount(self.all))

    def seen_by(self, rule: Rule) -> int:
        """The lines in the base that the rule names, whoever claims them."""
        if rule.scope is None:
            return self.all
        seen = self._seen.get(rule.bit)
        if seen is None:
            seen, bit, own = 0, 1, rule.bit
            for fitting in self._rules:
                if fitting & own:
                    seen |= bit
                bit <<= 1
            seen = self._seen[own] = seen & self.all
        return seen

    def left_to(self, rule: Rule, claims: dict[int, tuple[int, str]]) -> int:
        """The lines that the rule sees when claims (line → width and code of the claiming rule) hold."""
        seen = self.seen_by(rule)
        for index, (width, code) in claims.items():
            if seen >> index & 1 and code != rule.code:
                line = self._lines[index]
                own = rule.scope.width(line.sku, line.category) if rule.scope else WIDEST
                if own > width or rule.claims_lines:
                    seen &= ~(1 << index)
        return seen

    def claims(self, rules: Iterable[Rule]) -> dict[int, tuple[int, str]]:
        """Which of the claiming rules gets each line: the narrowest, then the first that is walked."""
        claims: dict[int, tuple[int, str]] = {}
        for rule in rules:
            if rule.claims_lines and rule.scope:
                seen = self.seen_by(rule)
                for index, line in enumerate(self._lines):
                    if seen >> index & 1:
                        width = rule.scope.width(line.sku, line.category)
                        if index not in claims or width < claims[index][0]:
                            claims[index] = width, rule.code
        return claims

    def amount(self, mask: int) -> int:
        """The base of these lines in minor units; discounts count against it."""
        total = self._sums.get(mask)
        if total is None:
            total, rest = 0, mask
            for amount in self._amounts:
                if rest & 1:
                    total += amount
                rest >>= 1
            self._sums[mask] = total
        return total

    def units(self, mask: int) -> Decimal:
        """The quantity of goods on these lines."""
        total = self._units.get(mask)
        if total is None:
            total = Decimal(0)
            for index, line in enumerate(self._lines):
                if mask >> index & 1 and line.kind in GOODS:
                    total += line.quantity
            self._units[mask] = total
        return total
