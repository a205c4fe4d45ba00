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
from loyalty_api.insights.count_standing import Move, Standing, count_here, count_standing
from loyalty_api.insights.counts import Counts
from loyalty_api.insights.state import Person
from loyalty_api.insights.timeline import Timeline, cohort_of, together, unpacked


class Whole(NamedTuple):
    """A person, and who is that."""

    members: tuple[UUID, ...]
    timeline: Timeline
    standing: Standing


class Change(NamedTuple):
    """A person before and behind."""

    who: UUID
    was: Whole
    now: Whole


def changes_of(before: Mapping[UUID, Person], behind: Mapping[UUID, Person], touched: set[UUID]) -> list[Change]:
    """The people of these members who are another behind it, but for the moves of their tiers. ``touched``: members of
    whom something else may be: tiers that moved, or days."""
    members = touched | {each for each in behind if behind[each] != before.get(each)}
    whose = {_who(people[each]) for each in members for people in (before, behind) if each in people}
    were, are = _families(before, whose), _families(behind, whose)
    return [
        Change(who, _whole(who, were[who]) if who in were else _nobody(before, are[who]), _whole(who, are.get(who, ())))
        for who in whose
    ]


def _nobody(before: Mapping[UUID, Person], family: Sequence[Person]) -> Whole:
    """Who was no person before: new members were nothing at all, and others of somebody else."""
    new = all(each.member_id not in before for each in family)
    return _whole(family[0].member_id, ())._replace(members=tuple(each.member_id for each in family) if new else ())


def with_moves(changes: Sequence[Change], moves: Mapping[UUID, Sequence[Move]], behind: int) -> list[Change]:
    """With the moves of each person, in their order: those of the batch are at positions above ``behind``."""
    return [_with_moves(each, moves[each.who], behind) if each.who in moves else each for each in changes]


def _with_moves(change: Change, moves: Sequence[Move], behind: int) -> Change:
    who, was, now = change
    earlier = tuple(each for each in moves if each.position <= behind)
    before, after = was.standing._replace(moves=earlier), now.standing._replace(moves=tuple(moves))
    return Change(who, was._replace(standing=before), now._replace(standing=after))


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
        return Whole((who,), timeline_of(only), standing)
    enrolled = [each for each in family if each.enrolled_on is not None]
    first = min(enrolled, key=_enrolment) if enrolled else None
    survivor = next((each for each in family if each.member_id == who), None)
    standing = Standing(
        first.enrolled_on if first else None,
        first.enrolled_store if first else None,
        survivor.enrolled_tier if survivor else None,
        survivor.closed_on if survivor else None,
    )
    members = tuple(each.member_id for each in family)
    return Whole(members, together(timeline_of(each) for each in family), standing)


def _enrolment(person: Person) -> tuple[date, UUID]:
    assert person.enrolled_on is not None
    return person.enrolled_on, person.member_id


def timeline_of(person: Person) -> Timeline:
    """On which days the member bought."""
    return unpacked(person.first_on, person.bought, person.bought_twice)


def recount(changes: Sequence[Change]) -> Counts:
    """By how much each count changes."""
    counts: Counts = defaultdict(int)
    for _, was, now in changes:
        count_buying(counts, was.timeline, now.timeline)
        for each, sign in (was, -1), (now, 1):
            count_away(
                counts, each.timeline, _ordinal(each.standing.enrolled_on), _ordinal(each.standing.closed_on), sign
            )
        cohort, other = cohort_of(was.timeline), cohort_of(now.timeline)
        if cohort != other or was.standing != now.standing:
            count_here(counts, was.standing, cohort, -1)
            count_here(counts, now.standing, other, 1)
        if was.standing != now.standing:
            count_standing(counts, was.standing, -1)
            count_standing(counts, now.standing, 1)
    return counts


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()
