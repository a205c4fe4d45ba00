"""What a basket earns, worked out from the document as a person would: in fractions, set by set, without hurry.

Shares no code with the engine, so that each is a check of the other. Rules work on a Monday at noon.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

ROUND = {"floor": math.floor, "ceil": math.ceil, "nearest": lambda exact: math.floor(exact + Fraction(1, 2))}

Rule = dict[str, Any]
Places = frozenset[int]  # of lines in the basket


class Result(NamedTuple):
    """Points by rule (only where there are any), what waits of carried rules, and the points of dry runs."""

    points: dict[str, int]
    rests: dict[str, int]
    dry_runs: dict[str, int]


def by_hand(document: dict[str, Any], lines: Sequence[Any], tier: str | None, inputs: Any) -> Result:
    """The result for a basket; ``inputs``: conditions, carried, rooms by rule."""
    ordered = sorted(document["earning_rules"], key=lambda rule: (-rule["priority"], rule["code"]))
    basket = Basket(document, lines, tier, inputs)
    points, rests = basket.earn([rule for rule in ordered if rule["state"] == "live"])
    dry_runs = {}
    for tried in (rule for rule in ordered if rule["state"] == "dry_run"):
        would = basket.earn([rule for rule in ordered if rule["state"] == "live" or rule is tried])[0]
        if tried["code"] in would:
            dry_runs[tried["code"]] = would[tried["code"]]
    return Result(points, rests, dry_runs)


class Basket:
    """One purchase under one document."""

    def __init__(self, document: dict[str, Any], lines: Sequence[Any], tier: str | None, inputs: Any) -> None:
        self.lines, self.tier, self.inputs = lines, tier, inputs
        self.round = ROUND[document["points"]["rounding"]]
        base = document["earning_base"]
        out = {
            kind
            for kind, switch in (("shipping", "shipping"), ("gift_card", "gift_cards"))
            if base[switch] == "excluded"
        }
        self.earning = frozenset(place for place, line in enumerate(lines) if line.kind not in out)
        taxed = base["tax"] == "excluded"
        self.money = [line.amount_minor - (line.tax_minor if taxed else 0) for line in lines]
        self.total = sum(line.amount_minor for line in lines)

    def earn(self, rules: list[Rule]) -> tuple[dict[str, int], dict[str, int]]:
        """Points by rule and rests, after exclusive and last rules."""
        working = [rule for rule in rules if self.works(rule)]
        multipliers = self.among_multipliers([rule for rule in working if "multiplier" in rule])
        givers = [rule for rule in working if "multiplier" not in rule]
        for rule in givers:
            if rule["stacking"] == "exclusive":
                points, rests = self.together([rule], multipliers)
                if points.get(rule["code"]):
                    return points, rests
        points, rests = self.together(givers, multipliers)
        for place, rule in enumerate(givers):
            if rule["stacking"] == "last" and points.get(rule["code"]):
                return self.together(givers[: place + 1], multipliers)
        return points, rests

    def works(self, rule: Rule) -> bool:
        """Whether the rule asks for nothing that is not so."""
        return (
            (not rule.get("tiers") or self.tier in rule["tiers"])
            and self.total >= rule.get("min_total_minor", 0)
            and ("lines" not in rule or bool(self.sees(rule)))
            and ("when" not in rule or self.inputs.conditions.get(rule["code"], False))
        )

    def among_multipliers(self, multipliers: list[Rule]) -> list[Rule]:
        """Those that exclusive and last ones leave."""
        alone = [rule for rule in multipliers if rule["stacking"] == "exclusive"]
        if alone:
            return alone[:1]
        last = next((place for place, rule in enumerate(multipliers) if rule["stacking"] == "last"), len(multipliers))
        return multipliers[: last + 1]

    def together(self, givers: list[Rule], multipliers: list[Rule]) -> tuple[dict[str, int], dict[str, int]]:
        """What these rules give beside each other."""
        points: dict[str, int] = {}
        rests: dict[str, int] = {}
        claimed = self.claims(givers)
        for rule in givers:
            lines = self.left_to(rule, claimed)
            if "flat" in rule:
                points[rule["code"]] = rule["flat"] if lines or "lines" not in rule else 0
                continue
            totals = [self.multiplied(rule, lines, multipliers[:many]) for many in range(len(multipliers) + 1)]
            wholes = [max(0, self.round(total)) for total in totals]
            points[rule["code"]] = wholes[0]
            for multiplier, before, after in zip(multipliers, wholes, wholes[1:], strict=False):
                points[multiplier["code"]] = points.get(multiplier["code"], 0) + after - before
            if rule.get("carry_over"):
                money, per = self.with_carried(rule, lines), rule["per_spend"]["per_minor"]
                rests[rule["code"]] = money - per * max(0, money // per)
        walked = [rule for rule in (*givers, *multipliers) if rule["code"] in points]
        clipped = {rule["code"]: self.clip(rule, points[rule["code"]]) for rule in walked}
        missing = -sum(clipped[rule["code"]] for rule in walked if "flat" not in rule)
        for rule in reversed(walked):
            back = max(0, min(missing, -clipped[rule["code"]]))
            clipped[rule["code"]], missing = clipped[rule["code"]] + back, missing - back
        return {code: given for code, given in clipped.items() if given}, rests

    def multiplied(self, rule: Rule, lines: Places, multipliers: Iterable[Rule]) -> Fraction:
        """The sum over every set of multipliers: their factors − 1, times the points where all of them see."""
        multipliers, total = list(multipliers), Fraction(0)
        for size in range(len(multipliers) + 1):
            for chosen in combinations(multipliers, size):
                met = lines.intersection(*map(self.sees, chosen))
                weight = math.prod((Fraction(each["multiplier"]) - 1 for each in chosen), start=Fraction(1))
                total += weight * self.plain(rule, met, lines)
        return total

    def plain(self, rule: Rule, met: Places, lines: Places) -> Fraction:
        """The points of a base rule on some of its lines, not multiplied and not rounded."""
        if "per_unit" in rule:
            units = sum(
                (Fraction(self.lines[at].quantity) for at in met if self.lines[at].kind in ("product", "gift_card")),
                Fraction(0),
            )
            return units * Fraction(rule["per_unit"])
        money = self.with_carried(rule, lines) if met == lines else max(0, sum(self.money[at] for at in met))
        return max(0, money // rule["per_spend"]["per_minor"]) * Fraction(rule["per_spend"]["points"])

    def with_carried(self, rule: Rule, lines: Places) -> int:
        """The money of all of a rule's lines, and what waited from before."""
        carried = self.inputs.carried.get(rule["code"], 0) if rule.get("carry_over") else 0
        return max(0, sum(self.money[at] for at in lines)) + carried

    def clip(self, rule: Rule, points: int) -> int:
        """What caps and budget leave."""
        limits = [rule.get("caps", {}).get("per_purchase"), *self.inputs.rooms.get(rule["code"], {}).values()]
        return min([points, *(limit for limit in limits if limit is not None)])

    def sees(self, rule: Rule) -> Places:
        """The lines that earn and that the rule names."""
        return frozenset(at for at in self.earning if self.width(rule, at) is not None)

    def width(self, rule: Rule, at: int) -> int | None:
        """By what the rule sees the line: SKU 0, category 1, label 2, everything 3; None: it does not."""
        line, scope = self.lines[at], rule.get("lines", {})
        if self.named(scope.get("exclude", {}), line) is not None:
            return None
        names_some = any(scope.get(name) for name in ("skus", "categories", "labels"))
        return self.named(scope, line) if names_some else 3

    def named(self, names: dict[str, Any], line: Any) -> int | None:
        """The narrowest of the names by which the line is found."""
        found = (line.sku in names.get("skus", []), line.category in names.get("categories", []))
        found += (any(label in names.get("labels", []) for label in line.labels),)
        return found.index(True) if True in found else None

    def claims(self, rules: list[Rule]) -> dict[int, tuple[int, str]]:
        """Which rule gets each claimed line: the narrowest, then the first."""
        claimed: dict[int, tuple[int, str]] = {}
        for at in self.earning:
            bids = [
                (self.width(rule, at), place)
                for place, rule in enumerate(rules)
                if rule["claims_lines"] and at in self.sees(rule)
            ]
            if bids:
                width, place = min((width, place) for width, place in bids if width is not None)
                claimed[at] = width, rules[place]["code"]
        return claimed

    def left_to(self, rule: Rule, claimed: dict[int, tuple[int, str]]) -> Places:
        """The lines that the rule sees and that no other has claimed from it."""
        lost = set()
        for at, (width, code) in claimed.items():
            own = self.width(rule, at)
            if code != rule["code"] and own is not None and (own > width or rule["claims_lines"]):
                lost.add(at)
        return self.sees(rule) - lost
