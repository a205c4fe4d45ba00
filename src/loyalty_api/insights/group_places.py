"""What was bought where and from whom, and by how many people (pure): the difference that a batch makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.group_buyers import bought_within
from loyalty_api.insights.grouped_people import Turn
from loyalty_api.insights.groups import ACTIVE, EMPLOYEE, STORE, Row, Sold, Sums
from loyalty_api.insights.periods import PERIODS, span_of
from loyalty_api.insights.state import Receipt


class Visit(NamedTuple):
    """A purchase, on a day, an ordinal; an empty word: nobody said where, or from whom."""

    day: int
    store: str
    employee: str


class Entry(NamedTuple):
    """A receipt that came, 1, or was voided, -1; ``bought``: the same of a purchase, 0 of a return."""

    visit: Visit
    bought: int
    amount_minor: int
    sign: int


class Stay(NamedTuple):
    """Days of which the purchases of some members are asked for, from one to before another, as ordinals."""

    first: int
    end: int


Visits = Mapping[UUID, Sequence[Visit]]  # of members
Entries = Mapping[UUID, Sequence[Entry]]  # of members

ALWAYS = Stay(1, date.max.toordinal())


def entry_of(receipt: Receipt, sign: int) -> Entry:
    """As it counts."""
    visit = Visit(receipt.day.toordinal(), receipt.store or "", receipt.employee or "")
    return Entry(visit, sign * (receipt.entry_id == receipt.purchase_id), sign * receipt.amount_minor, sign)


def sell(sold: Sold, entries: Iterable[Entry]) -> None:
    """Adds what came, and takes off what was voided."""
    for (day, store, employee), bought, amount_minor, sign in entries:
        for row in (STORE, day, store), (EMPLOYEE, day, employee):
            amounts = sold[row]
            amounts[0] += bought
            amounts[1] += amount_minor
            amounts[2] += sign


def stay_of(turn: Turn, entries: Entries) -> Stay | None:
    """Of which days it takes the purchases of all who are the person, to say where they bought; None: of none, as they
    had bought nothing in the periods of what came."""
    members = turn.now.members
    if turn.was.members != members:
        return ALWAYS
    mine = (
        entries.get(members[0], ()) if len(members) == 1 else [each for one in members for each in entries.get(one, ())]
    )
    if not mine:
        return None
    stay = _around(mine[0].visit.day)
    if len(mine) > 1:
        stay = Stay(*(of(_around(each.visit.day)[place] for each in mine) for place, of in ((0, min), (1, max))))
    return stay if bought_within(turn.was.timeline, *stay) else None


@lru_cache(maxsize=4096)
def _around(day: int) -> Stay:
    """All periods that hold a day."""
    spans = [span_of(day, period) for period in PERIODS]
    return Stay(min(span.first for span in spans), max(span.end for span in spans))


def count_visitors(sold: Sold, sums: Sums, turn: Turn, entries: Entries, visits: Visits) -> None:
    """Adds who bought at a place for the first time in a period, and takes off who never did after all. ``visits``:
    behind the batch, of all members of whom ``stay_of`` asked for days; of others what came is all."""
    members = turn.now.members
    known = any(member in visits for member in members) if visits else False
    if not known and len(members) == 1:
        mine = entries.get(members[0], ())
        if len(mine) == 1 and mine[0].bought:  # the first in all of its periods
            day, store, employee = mine[0].visit
            sold[STORE, day, store][ACTIVE] += 1
            sold[EMPLOYEE, day, employee][ACTIVE] += 1
            return
    changes = _changes(members, entries)
    if turn.was.members != members:
        before = _counted(turn.was.members, visits)
        before.subtract(_changes(turn.was.members, entries))
        after = _counted(members, visits)
        for row in before.keys() | after.keys():
            sums[row][ACTIVE] += (after[row] > 0) - (before[row] > 0)
        return
    seen = [visit for member in members for visit in visits.get(member, ())]
    for row, change in changes.items():
        count = sum(_is_of(visit, row) for visit in seen) if known else change
        sums[row][ACTIVE] += (count > 0) - (count - change > 0)


def _changes(members: Iterable[UUID], entries: Entries) -> dict[Row, int]:
    changes: dict[Row, int] = {}
    for member in members:
        for visit, bought, _, _ in entries.get(member, ()):
            for row in _rows(visit) if bought else ():
                changes[row] = changes.get(row, 0) + bought
    return changes


def _counted(members: Iterable[UUID], visits: Visits) -> Counter[Row]:
    return Counter(row for member in members for visit in visits.get(member, ()) for row in _rows(visit))


@lru_cache(maxsize=4096)
def _firsts(day: int) -> list[tuple[str, int]]:
    return [(period, span_of(day, period).first) for period in PERIODS]


def _rows(visit: Visit) -> list[Row]:
    day, store, employee = visit
    return [
        row
        for period, first in _firsts(day)
        for row in ((STORE, period, first, store), (EMPLOYEE, period, first, employee))
    ]


def _is_of(visit: Visit, row: Row) -> bool:
    grouped, period, first, label = row
    return label == (visit.store if grouped == STORE else visit.employee) and (
        first <= visit.day < span_of(first, period).end
    )
