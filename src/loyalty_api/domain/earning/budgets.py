"""Budgets that many tills on many processes cannot overspend, and that queue none of them until the very end.

A budget stands in slices. Each process spends from the slice that its number falls on, by an update that holds only
if the slice has as much left; nothing is locked before it is decided. When a slice is too short, the batch is decided
again with every slice locked: the whole rest is then known exactly, and the slice is refilled with a sixteenth of it,
so that slices grow small as the budget runs out and the last point is given, not left over.
A used-up budget is seen without a lock, because nothing ever flows back into it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Ask, Change, columns

SLICES = 16  # number 0 is not let; the others are the writers'


class Key(NamedTuple):
    """One budget: the rule's, whatever the version."""

    program_id: UUID
    rule: str


class _Slice(NamedTuple):
    budget: int
    granted: int
    spent: int


_ROWS = """
SELECT b.program_id, b.rule, b.slice, b.budget, b.granted, b.spent
FROM unnest($1::uuid[], $2::text[]) AS k (program_id, rule) JOIN budget_slices b USING (program_id, rule)
"""
_LOCKED = f"{_ROWS} ORDER BY b.program_id, b.rule, b.slice FOR UPDATE OF b"
_MAKE = """
INSERT INTO budget_slices (program_id, rule, slice, budget, granted, spent)
SELECT k.program_id, k.rule, s, 0, 0, 0
FROM unnest($1::uuid[], $2::text[]) AS k (program_id, rule), generate_series(0, $3::int - 1) AS s
ON CONFLICT DO NOTHING
"""
_SPEND = """
UPDATE budget_slices b SET spent = b.spent + u.points
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[]) AS u
       (program_id, rule, slice, budget, points)
WHERE b.program_id = u.program_id AND b.rule = u.rule AND b.slice = u.slice AND b.budget = u.budget
  AND b.granted - b.spent >= u.points
"""
_SET = """
UPDATE budget_slices b SET budget = u.budget, granted = u.granted, spent = u.spent
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u
       (program_id, rule, slice, budget, granted, spent)
WHERE b.program_id = u.program_id AND b.rule = u.rule AND b.slice = u.slice
"""


class Budgets:
    """What one batch may spend of some budgets. ``exact``: all slices are locked, so the rooms are whole rests."""

    def __init__(
        self, budgets: dict[Key, int], slices: dict[Key, dict[int, _Slice]], *, own: int | None, exact: bool
    ) -> None:
        """``own``: the slice that is spent from; None: nothing will be spent, the rooms are whole rests."""
        self._budgets = budgets
        self._slices = slices
        self._own = own
        self._exact = exact
        self._spent: dict[Key, int] = {}

    def room(self, key: Key) -> int:
        """Points that may be spent now; never below 0."""
        rest = self._rest(key)
        if not self._whole(key):
            own = self._slices.get(key, {}).get(self._own or 0)
            if own is None or own.budget != self._budgets[key]:  # not cut yet, or from a budget that was changed
                return 0
            rest = own.granted - own.spent
        return max(0, rest - self._spent.get(key, 0))

    def is_short(self, key: Key) -> bool:
        """Whether another slice may hold what this one lacks."""
        return not self._whole(key)

    def spend(self, key: Key, points: int) -> None:
        """Notes points that the rule gave."""
        self._spent[key] = self._spent.get(key, 0) + points

    def changes(self) -> Iterator[Change]:
        """What was spent; fails when the slice was spent by another meanwhile."""
        spent = sorted((key, points) for key, points in self._spent.items() if points)
        if self._exact:
            rows = [row for key in sorted(self._budgets) for row in self._let_again(key)]
            if rows:
                yield Change(_SET, columns(rows))
        elif spent:
            rows = [(*key, self._own, self._budgets[key], points) for key, points in spent]
            yield Change(_SPEND, columns(rows), rows=len(rows))

    def _rest(self, key: Key) -> int:
        return self._budgets[key] - sum(each.spent for each in self._slices.get(key, {}).values())

    def _whole(self, key: Key) -> bool:
        """Whether the room is the whole rest: all is locked, or nothing is left, or nothing will be spent."""
        return self._exact or self._own is None or self._rest(key) <= 0

    def _let_again(self, key: Key) -> list[tuple]:
        """The slices after what was spent: this writer's refilled, the others' left to them while there is enough."""
        budget, slices, own = self._budgets[key], dict(self._slices[key]), self._own or 0
        mine = slices.pop(own)
        spent = mine.spent + self._spent.get(key, 0)
        rest = max(0, self._rest(key) - self._spent.get(key, 0))
        share = rest // SLICES
        let = {number: each.granted - each.spent for number, each in slices.items() if number}
        if rest - sum(let.values()) < share:
            let = dict.fromkeys(let, 0)
        free = rest - sum(let.values())
        rows = [
            (*key, number, budget, slices[number].spent + left, slices[number].spent) for number, left in let.items()
        ]
        rows.append((*key, own, budget, spent + min(free, share), spent))
        rows.append((*key, 0, budget, slices[0].spent + free - min(free, share), slices[0].spent))
        return rows


def budgets_ask(budgets: dict[Key, int]) -> Ask:
    """Asks for the budgets without a lock; at least one."""
    return Ask(_ROWS, columns(sorted(budgets)))


async def lock_budgets(connection: Connection, budgets: dict[Key, int]) -> list[Any]:
    """Locks the budgets for the rest of the transaction, after its members."""
    if not budgets:
        return []
    keys = columns(sorted(budgets))
    await connection.execute(_MAKE, *keys, SLICES)
    return await connection.fetch(_LOCKED, *keys)


def read_budgets(rows: Iterable[Any], budgets: dict[Key, int], *, own: int | None, exact: bool) -> Budgets:
    """The budgets (rule → all its points) whose rows were locked (``exact``) or asked for."""
    slices: dict[Key, dict[int, _Slice]] = {}
    for program_id, rule, number, *amounts in map(tuple, rows):
        slices.setdefault(Key(program_id, rule), {})[number] = _Slice(*amounts)
    return Budgets(budgets, slices, own=own, exact=exact)


def own_slice() -> int:
    """The slice that this process spends from."""
    return 1 + os.getpid() % (SLICES - 1)
