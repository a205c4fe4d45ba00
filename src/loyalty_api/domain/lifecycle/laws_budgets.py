"""The laws of budgets: what was given of each is what its purchases got, and never more than there was (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from loyalty_api.domain.lifecycle.laws import Broken, Row
from loyalty_api.domain.lifecycle.laws_decisions import Decided, Key, Rulebook
from loyalty_api.domain.programs.queries import Program

SLICES = """
SELECT program_id, rule, slice, budget, granted, spent FROM budget_slices
WHERE $1::uuid IS NULL OR program_id = $1 ORDER BY program_id, rule, slice
"""


class BudgetSums:
    """What purchases got of each budget, added up page by page.

    Purchases may be recorded while that goes on. All that was spent ``before`` is among the pages, and all that the
    pages hold is spent ``after``: so the sum lies between the two, and where nobody buys meanwhile it is both.
    """

    def __init__(self, before: Iterable[Row], rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._before = _spent(before)
        self._got: dict[Key, int] = defaultdict(int)

    def add(self, program: Program, decided: Decided) -> None:
        """Adds one purchase."""
        for rule in decided.compiled.budgeted:
            self._got[program.id, rule.code] += max(0, decided.points.get(rule.code, 0))

    def check(self, after: Collection[Row], programs: Iterable[Program]) -> Iterator[Broken]:
        """Every law that a budget breaks."""
        spent, largest = _spent(after), _largest(programs, self._rulebook)
        for key in sorted(spent.keys() | self._got.keys()):
            got, least, most = self._got.get(key, 0), self._before.get(key, 0), spent.get(key, 0)
            if not least <= got <= most:
                said = str(most) if least == most else f"{least} to {most}"
                yield "budget", f"{said} points of rule {key[1]} are spent, its purchases got {got}"
            if most > largest.get(key, 0):
                yield (
                    "budget",
                    f"{most} points of rule {key[1]} are spent, its budget was {largest.get(key, 0)} at most",
                )
        yield from _slices(after)


def _slices(rows: Collection[Row]) -> Iterator[Broken]:
    granted: dict[Key, int] = defaultdict(int)
    spent: dict[Key, int] = defaultdict(int)
    budgets: dict[Key, set[int]] = defaultdict(set)
    for row in rows:
        key = row["program_id"], row["rule"]
        if row["spent"] > row["granted"]:
            yield "budget", f"slice {row['slice']} of rule {key[1]} has spent {row['spent']} of {row['granted']}"
        granted[key] += row["granted"]
        spent[key] += row["spent"]
        budgets[key].add(row["budget"])
    for key, sizes in budgets.items():
        if len(sizes) > 1:
            yield "budget", f"the slices of rule {key[1]} are cut from budgets of {', '.join(map(str, sorted(sizes)))}"
        elif granted[key] > max(*sizes, spent[key]):  # a budget that was lowered below what is spent stays spent
            yield "budget", f"the slices of rule {key[1]} grant {granted[key]} of a budget of {max(sizes)}"


def _spent(rows: Iterable[Row]) -> Mapping[Key, int]:
    spent: dict[Key, int] = defaultdict(int)
    for row in rows:
        spent[row["program_id"], row["rule"]] += row["spent"]
    return spent


def _largest(programs: Iterable[Program], rulebook: Rulebook) -> dict[Key, int]:
    """The largest budget that any version gave a rule."""
    largest: dict[Key, int] = {}
    for program in programs:
        for version in program.versions:
            compiled = rulebook.compiled(program, version)
            for rule in (*compiled.budgeted, *(each for event in compiled.events.values() for each in event.budgeted)):
                key = program.id, rule.code
                largest[key] = max(largest.get(key, 0), rule.budget or 0)
    return largest
