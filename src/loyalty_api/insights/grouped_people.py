"""Who was what when, as people are grouped (pure): their cohort, and the tiers that they held, day by day."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from loyalty_api.insights.count_standing import Standing
from loyalty_api.insights.recount import Change
from loyalty_api.insights.timeline import Timeline, cohort_of

EVER = 1  # the first ordinal that there is
_NEVER = 10_000_000


class History(NamedTuple):
    """``tiers``: the days, as ordinals, from which on they held the tier beside it, the first of them EVER.
    ``enrolled`` and ``closed``: as ordinals; they are a member from the one on, to before the other. ``turns``: all of
    these days, in their order."""

    days: tuple[int, ...]
    tiers: tuple[str, ...]
    enrolled: int
    closed: int
    turns: tuple[int, ...]

    def tier_on(self, day: int) -> str:
        """The tier at the end of a day; an empty word: none that is known."""
        return self.tiers[bisect_right(self.days, day) - 1] if len(self.days) > 1 else self.tiers[0]

    def enrolled_on(self, day: int) -> int:
        """Whether they were a member at the end of a day."""
        return int(self.enrolled <= day < self.closed)


class Grouped(NamedTuple):
    """A person."""

    members: tuple[UUID, ...]
    timeline: Timeline
    cohort: str
    history: History


class Turn(NamedTuple):
    """A person before and behind a batch. ``since``: the first day, as an ordinal, of which they are in another group
    by now; None: of none that matters."""

    who: UUID
    was: Grouped
    now: Grouped
    since: int | None


def turn_of(change: Change) -> Turn:
    """How it changes the groups of the person."""
    who, (members, timeline, standing), now = change
    history, cohort = _history_of(standing), cohort_of(timeline)
    before = Grouped(members, timeline, cohort, history)
    if standing != now.standing:
        history = _history_of(now.standing)
    if timeline.start != now.timeline.start or not timeline.once or not now.timeline.once:
        cohort = cohort_of(now.timeline)
    behind = Grouped(now.members, now.timeline, cohort, history)
    return Turn(who, before, behind, _since(before, behind))


def _history_of(standing: Standing) -> History:
    if standing.moves:
        return history_of(*_tiers(standing), standing.enrolled_on, standing.closed_on)
    return _history_without_moves((EVER,), (standing.enrolled_tier or "",), standing.enrolled_on, standing.closed_on)


def history_of(
    days: tuple[int, ...], tiers: tuple[str, ...], enrolled_on: date | None, closed_on: date | None
) -> History:
    """Of a person with these tiers."""
    enrolled = enrolled_on.toordinal() if enrolled_on else _NEVER
    closed = closed_on.toordinal() if closed_on else _NEVER
    return History(days, tiers, enrolled, closed, tuple(sorted((*days[1:], enrolled, closed))))


# Many enrol on a day, and few are moved: the most of all are alike.
_history_without_moves = lru_cache(maxsize=8192)(history_of)


def _tiers(standing: Standing) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Of several moves by a day the last that was told counts; before all of them, what the first one led away from."""
    first = standing.enrolled_tier
    tiers = {EVER: standing.moves[0].from_tier if first is None else first}
    latest = 0
    for move in sorted(standing.moves, key=lambda each: (each.effective_on, each.position)):
        if move.position > latest:
            latest = move.position
            tiers[move.effective_on.toordinal()] = move.to_tier
    return tuple(tiers), tuple(tiers.values())


def _since(was: Grouped, now: Grouped) -> int | None:
    """Of whoever had not bought there is nothing to be moved."""
    if was.members != now.members:
        return EVER
    if not was.timeline.once:
        return None
    if was.cohort != now.cohort:
        return EVER
    one, other = was.history, now.history
    if one is other:
        return None
    for day in sorted({EVER, *one.turns, *other.turns}):
        if one.tier_on(day) != other.tier_on(day) or one.enrolled_on(day) != other.enrolled_on(day):
            return day
    return None
