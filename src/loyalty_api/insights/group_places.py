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


class Stay(NamedTuple):
    """Days of which the purchases of some members are asked for, from one to before another, as ordinals."""

    first: int
    end: int


Visits = Mapping[UUID, Sequence[Visit]]  # of members
Entries = Mapping[UUID, Sequence[tuple[Receipt, int]]]  # of members: that came, 1, or were voided, -1

ALWAYS = Stay(1, date.max.toordinal())


def visit_of(receipt: Receipt) -> Visit:
    """When and where it was bought."""
    return Visit(receipt.day.toordinal(), receipt.store or "", receipt.employee or "")


def _is_purchase(receipt: Receipt) -> bool:
    return receipt.entry_id == receipt.purchase_id


def sell(sold: Sold, entries: Iterable[tuple[Receipt, int]]) -> None:
    """Adds what came, and takes off what was voided."""
    for receipt, sign in entries:
        day, store, employee = visit_of(receipt)
        bought = sign if _is_purchase(receipt) else 0
        for row in (STORE, day, store), (EMPLOYEE, day, employee):
            amounts = sold[row]
            amounts[0] += bought
            amounts[1] += sign * receipt.amount_minor
            amounts[2] += sign


def stay_of(turn: Turn, entries: Entries) -> Stay | None:
    """Of which days it takes the purchases of all who are the person, to say where they bought; None: of none, as they
    had bought nothing in the periods of what came."""
    if turn.was.members != turn.now.members:
        return ALWAYS
    days = [each.day.toordinal() for member in turn.now.members for each, _ in entries.get(member, ())]
    if not days:
        return None
    stay = Stay(_around(min(days)).first, _around(max(days)).end)
    return stay if bought_within(turn.was.timeline, *stay) else None


@lru_cache(maxsize=4096)
def _around(day: int) -> Stay:
    """All periods that hold a day."""
    spans = [span_of(day, period) for period in PERIODS]
    return Stay(min(span.first for span in spans), max(span.end for span in spans))


def count_visitors(sold: Sold, sums: Sums, turn: Turn, entries: Entries, visits: Visits) -> None:
    """Adds who bought at a place for the first time in a period, and takes off who never did after all. ``visits``:
    behind the batch, of all members of whom ``stay_of`` asked for days; of others what came is all."""
    known = any(member in visits for member in turn.now.members)
    if not known and len(turn.now.members) == 1:
        mine = entries.get(turn.now.members[0], ())
        if len(mine) == 1 and _is_purchase(mine[0][0]):  # the first in all of its periods
            day, store, employee = visit_of(mine[0][0])
            sold[STORE, day, store][ACTIVE] += 1
            sold[EMPLOYEE, day, employee][ACTIVE] += 1
            return
    changes = _changes(turn.now.members, entries)
    if turn.was.members != turn.now.members:
        before = _counted(turn.was.members, visits)
        before.subtract(_changes(turn.was.members, entries))
        after = _counted(turn.now.members, visits)
        for row in before.keys() | after.keys():
            sums[row][ACTIVE] += (after[row] > 0) - (before[row] > 0)
        return
    seen = [visit for member in turn.now.members for visit in visits.get(member, ())]
    for row, change in changes.items():
        count = sum(_is_of(visit, row) for visit in seen) if known else change
        sums[row][ACTIVE] += (count > 0) - (count - change > 0)


def _changes(members: Iterable[UUID], entries: Entries) -> Counter[Row]:
    changes: Counter[Row] = Counter()
    for member in members:
        for receipt, sign in entries.get(member, ()):
            if _is_purchase(receipt):
                for row in _rows(visit_of(receipt)):
                    changes[row] += sign
    return changes


def _counted(members: Iterable[UUID], visits: Visits) -> Counter[Row]:
    return Counter(row for member in members for visit in visits.get(member, ()) for row in _rows(visit))


def _rows(visit: Visit) -> Iterable[Row]:
    for period in PERIODS:
        first = span_of(visit.day, period).first
        yield STORE, period, first, visit.store
        yield EMPLOYEE, period, first, visit.employee


def _is_of(visit: Visit, row: Row) -> bool:
    grouped, period, first, label = row
    return label == (visit.store if grouped == STORE else visit.employee) and (
        first <= visit.day < span_of(first, period).end
    )
