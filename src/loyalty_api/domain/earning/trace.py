"""Watches a decision being made: the same walk, noting what it counted on the way (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from loyalty_api.domain.earning.compile import Exact, Rule
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket, Walk


class Part(NamedTuple):
    """Points of a rule on the lines of a mask, which count ``weight`` times."""

    mask: int
    weight: Exact
    points: Exact


class Stage(NamedTuple):
    """What was added to a base rule's points: by itself, or by one multiplier.

    ``total``: the points so far, exact; ``whole``: rounded. For a multiplier, ``parts`` are weighted by its factor − 1.
    """

    parts: list[Part]
    total: Exact
    whole: int


class Trace(Walk):
    """``stages``: by base rule, itself first, then each of ``multipliers``. ``unclipped``: points before the limits."""

    __slots__ = ("_rule", "_stage", "multipliers", "rules", "stages", "unclipped")

    def __init__(
        self, basket: Basket, sets: LineSets, multipliers: Sequence[Rule], rounded: Callable[[Exact], int]
    ) -> None:
        super().__init__(basket, sets, multipliers, rounded)
        self.multipliers = multipliers
        self.rules: Sequence[Rule] = ()
        self.stages: dict[str, list[Stage]] = {}
        self.unclipped: dict[str, int] = {}
        self._stage: list[Part] = []

    def run(self, rules: Sequence[Rule], claiming: bool) -> Self:
        """Notes which rules walked."""
        self.rules = rules
        return super().run(rules, claiming)

    def _multiply(self, rule: Rule, lines: int) -> None:
        self._stage, self.stages[rule.code] = [], []
        self._rule = rule
        super()._multiply(rule, lines)

    def _part(self, rule: Rule, mask: int, lines: int, weight: Exact) -> Exact:
        once = super()._part(rule, mask, lines, 1)
        self._stage.append(Part(mask, weight, once))
        return weight * once

    def _whole(self, exact: Exact) -> int:
        whole = super()._whole(exact)
        self.stages[self._rule.code].append(Stage(self._stage, exact, max(0, whole)))
        self._stage = []
        return whole

    def _clip(self, rule: Rule) -> None:
        if rule.code in self.given:
            self.unclipped[rule.code] = self.given[rule.code].points
        super()._clip(rule)
