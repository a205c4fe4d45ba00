"""What a batch of events changes, in memory: members and receipts as they stand behind it, days by how much they
change (pure)."""

from __future__ import annotations

from copy import copy
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.feed.facts import Fact
from loyalty_api.insights.measures import MEASURES
from loyalty_api.kernel.clock import local_date

_NONE = (0,) * len(MEASURES)


class Person(msgspec.Struct):
    """One row of ``insight_members``, in the order of its columns."""

    member_id: UUID
    program_id: UUID
    status: str = "active"
    merged_into: UUID | None = None
    enrolled_on: date | None = None
    enrolled_store: str | None = None
    enrolled_tier: str | None = None
    closed_on: date | None = None
    first_on: date | None = None
    last_on: date | None = None
    purchases: int = 0
    sales_minor: int = 0
    bought: bytes = b""
    bought_twice: bytes = b""
    tier_moved: bool = False


class Receipt(msgspec.Struct):
    """One row of ``insight_receipts``, in the order of its columns."""

    member_id: UUID
    purchase_id: UUID
    entry_id: UUID
    program_id: UUID
    day: date
    amount_minor: int
    points_issued: int
    store: str | None
    employee: str | None
    voided: bool = False


Key = tuple[UUID, UUID]  # member, purchase


class State:
    """The batch so far. ``people``, with everybody whom they are one person with, and ``receipts``: all that its events
    speak of, as they stood before; ``before``: the same people, to be left as they are. ``entries``: receipts that
    came, 1, and that were voided, -1."""

    def __init__(
        self, program_id: UUID, zone: ZoneInfo, people: dict[UUID, Person], receipts: dict[Key, list[Receipt]]
    ) -> None:
        self.program_id = program_id
        self._zone = zone
        self.people = people
        self.before = {member_id: copy(person) for member_id, person in people.items()}
        self.receipts = receipts
        self.touched: set[UUID] = set()
        self.changed: set[Key] = set()
        self.entries: list[tuple[Receipt, int]] = []
        self.days: dict[tuple[UUID, date], list[int]] = {}
        self.restated: dict[date, datetime] = {}
        self.rows: dict[str, list[NamedTuple]] = {}

    def person(self, member_id: UUID) -> Person:
        """The member, to be changed."""
        self.touched.add(member_id)
        found = self.people.get(member_id)
        if found is None:
            found = self.people[member_id] = Person(member_id, self.program_id)
        return found

    def day_of(self, instant: datetime) -> date:
        """The local day."""
        return local_date(instant, self._zone)

    def count(self, fact: Fact, day: date, *measured: tuple[int, int]) -> None:
        """Adds to the member's day: (measure, how much)."""
        key = (fact.member_id, day)
        counts = self.days.get(key)
        if counts is None:
            counts = self.days[key] = [*_NONE]
        for measure, amount in measured:
            counts[measure] += amount

    def count_late(self, fact: Fact, day: date, *measured: tuple[int, int]) -> None:
        """The same, of what happened on that day: recorded behind its end, it restates it."""
        self.count(fact, day, *measured)
        self.mark(fact, day)

    def mark(self, fact: Fact, day: date) -> None:
        """Marks the day as restated where the event was recorded behind its end."""
        at = fact.recorded_at
        if self.day_of(at) > day and at > self.restated.get(day, at.min.replace(tzinfo=at.tzinfo)):
            self.restated[day] = at

    def add(self, table: str, row: NamedTuple) -> None:
        """A row that is written as it is."""
        self.rows.setdefault(table, []).append(row)

    def changed_people(self) -> list[tuple[Any, ...]]:
        """The rows of members that changed."""
        return [msgspec.structs.astuple(self.people[member_id]) for member_id in self.touched]

    def changed_receipts(self) -> list[tuple[Any, ...]]:
        """The rows of receipts that are new or changed."""
        return [msgspec.structs.astuple(each) for key in self.changed for each in self.receipts[key]]
