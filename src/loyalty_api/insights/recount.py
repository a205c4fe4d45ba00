"""What the people of a batch counted for before it, and what they count for behind it (pure): the difference.

A person is a member together with everybody who was merged into them, known by the id of the survivor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.count_buying import count_away, count_buying
from loyalty_api.insights.count_standing import Move, Standing, count_standing
from loyalty_api.insights.counts import Counts
from loyalty_api.insights.state import Person
from loyalty_api.insights.timeline import NEVER, Timeline, together, unpacked


class Whole(NamedTuple):
    """A person, but for the tiers."""

    timeline: Timeline
    standing: Standing


_NOBODY = Whole(NEVER, Standing(None, None, None, None))


class Changes(NamedTuple):
    """People before and behind, and whose standing is another, so that their tiers are asked for."""

    people: list[tuple[UUID, Whole, Whole]]
    restanding: set[UUID]


def changes_of(before: Collection[Person], behind: Collection[Person], moved: set[UUID]) -> Changes:
    """The people of these members who are another behind it. ``moved``: members whose tiers moved."""
    were, are = _whole_of(before), _whole_of(behind)
    pairs = [(who, were.get(who, _NOBODY), are.get(who, _NOBODY)) for who in were.keys() | are.keys()]
    people = [each for each in pairs if each[1] != each[2] or each[0] in moved]
    return Changes(people, {who for who, was, now in people if was.standing != now.standing or who in moved})


def _whole_of(members: Collection[Person]) -> dict[UUID, Whole]:
    """By the id of the survivor."""
    families: dict[UUID, list[Person]] = {}
    for each in members:
        families.setdefault(each.merged_into or each.member_id, []).append(each)
    return {who: _whole(who, family) for who, family in families.items()}


def _whole(who: UUID, family: Sequence[Person]) -> Whole:
    enrolled = [each for each in family if each.enrolled_on is not None]
    first = min(enrolled, key=_enrolment) if enrolled else None
    survivor = next((each for each in family if each.member_id == who), None)
    standing = Standing(
        first.enrolled_on if first else None,
        first.enrolled_store if first else None,
        survivor.enrolled_tier if survivor else None,
        survivor.closed_on if survivor else None,
    )
    return Whole(together(timeline_of(each) for each in family), standing)


def _enrolment(person: Person) -> tuple[date, UUID]:
    assert person.enrolled_on is not None
    return person.enrolled_on, person.member_id


def timeline_of(person: Person) -> Timeline:
    """On which days the member bought."""
    return unpacked(person.first_on, person.bought, person.bought_twice)


def recount(changes: Changes, moves: Mapping[UUID, Sequence[Move]], behind: int) -> Counts:
    """By how much each count changes. ``moves``: all of whom that is asked, those of the batch at positions above
    ``behind``."""
    counts: Counts = defaultdict(int)
    for who, was, now in changes.people:
        count_buying(counts, was.timeline, now.timeline)
        for each, sign in (was, -1), (now, 1):
            count_away(
                counts, each.timeline, _ordinal(each.standing.enrolled_on), _ordinal(each.standing.closed_on), sign
            )
        if who in changes.restanding:
            mine = moves.get(who, ())
            earlier = [each for each in mine if each.position <= behind]
            count_standing(counts, was.standing._replace(moves=earlier), -1)
            count_standing(counts, now.standing._replace(moves=mine), 1)
    return counts


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()
