"""What the people of a batch counted for before it, and what they count for behind it (pure): the difference.

A person is a member together with everybody who was merged into them, known by the id of the survivor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.count_buying import count_away, count_buying
from loyalty_api.insights.count_standing import Move, Standing, count_standing
from loyalty_api.insights.counts import Counts
from loyalty_api.insights.state import Person
from loyalty_api.insights.timeline import Timeline, together, unpacked


class Whole(NamedTuple):
    """A person, but for the tiers."""

    timeline: Timeline
    standing: Standing


class Changes(NamedTuple):
    """People before and behind, and whose standing is another, so that their tiers are asked for."""

    people: list[tuple[UUID, Whole, Whole]]
    restanding: set[UUID]


def changes_of(before: Mapping[UUID, Person], behind: Mapping[UUID, Person], moved: set[UUID]) -> Changes:
    """The people of these members who are another behind it. ``moved``: members whose tiers moved."""
    members = [each for each in behind if behind[each] != before.get(each)]
    whose = moved | {_who(people[each]) for each in members for people in (before, behind) if each in people}
    were, are = _families(before, whose), _families(behind, whose)
    pairs = [(who, _whole(who, were.get(who, ())), _whole(who, are.get(who, ()))) for who in whose]
    return Changes(pairs, {who for who, was, now in pairs if was.standing != now.standing or who in moved})


def _who(member: Person) -> UUID:
    return member.merged_into or member.member_id


def _families(members: Mapping[UUID, Person], whose: set[UUID]) -> dict[UUID, list[Person]]:
    families: dict[UUID, list[Person]] = {}
    for each in members.values():
        if (who := _who(each)) in whose:
            families.setdefault(who, []).append(each)
    return families


def _whole(who: UUID, family: Sequence[Person]) -> Whole:
    if len(family) == 1 and family[0].member_id == who:
        (only,) = family
        standing = Standing(only.enrolled_on, only.enrolled_store, only.enrolled_tier, only.closed_on)
        return Whole(timeline_of(only), standing)
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
