"""What a person counts for by the days on which they bought (pure): see ``counts.py`` for the kinds.

Only what is next to a changed day is counted anew, unless all of the person goes to another cohort.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from loyalty_api.insights.counts import AGAIN, AWAY, COHORT, LAPSED, NOT_YET, REACTIVATED, SECOND, Counts
from loyalty_api.insights.metric import WINDOW_DAYS
from loyalty_api.insights.timeline import Timeline, after, aligned, before, cohort_of, days_of
from loyalty_api.kernel.clock import add_months


def count_buying(counts: Counts, was: Timeline, now: Timeline) -> None:
    """Takes off what the days counted for and adds what they count for now."""
    cohorts = cohort_of(was), cohort_of(now)
    was, now = aligned(was, now)
    if was == now:
        return
    if changes := was.once ^ now.once:
        if cohorts[0] == cohorts[1]:
            touched = {each for day in days_of(changes) for each in (day, after(was.once, day), after(now.once, day))}
            touched.discard(-1)
        else:
            touched = set(days_of(was.once | now.once))
        for timeline, cohort, sign in (was, cohorts[0], -1), (now, cohorts[1], 1):
            _count_again(counts, timeline, touched, cohort, sign)
        _count_cohort(counts, was, now, changes)
    for timeline, sign in (was, -1), (now, 1):
        if timeline.once:
            counts[SECOND, *_second(timeline), ""] += sign


def _count_again(counts: Counts, timeline: Timeline, days: set[int], cohort: str, sign: int) -> None:
    start, once, _ = timeline
    for day in days:
        if once >> day & 1:
            earlier = before(once, day)
            counts[AGAIN, start + day, day - earlier if earlier >= 0 else 0, ""] += sign
            if earlier >= 0 and day - earlier > WINDOW_DAYS:
                counts[REACTIVATED, start + day, WINDOW_DAYS, cohort] += sign
                counts[LAPSED, start + earlier + WINDOW_DAYS, WINDOW_DAYS, cohort] += sign
    if once:
        counts[LAPSED, start + once.bit_length() - 1 + WINDOW_DAYS, WINDOW_DAYS, cohort] += sign


def _second(timeline: Timeline) -> tuple[int, int]:
    """(first day, days to the second purchase)."""
    start, once, twice = timeline
    first = after(once, -1)
    if twice >> first & 1:
        return start + first, 0
    second = after(once, first)
    return start + first, second - first if second >= 0 else NOT_YET


def _count_cohort(counts: Counts, was: Timeline, now: Timeline, changes: int) -> None:
    """A later first month moves all months to another cohort; else only those of changed days matter."""
    cohorts = [_month(each.start + after(each.once, -1)) if each.once else None for each in (was, now)]
    stays = cohorts[0] == cohorts[1]
    for timeline, cohort, sign in (was, cohorts[0], -1), (now, cohorts[1], 1):
        if cohort is not None:
            looked_at = changes if stays else timeline.once
            for month in {_month(timeline.start + day) for day in days_of(looked_at)}:
                if _bought_in(timeline, month):
                    counts[COHORT, cohort.first, month.number - cohort.number, ""] += sign


class _Month(NamedTuple):
    """Its first day and the first of the next as ordinals, and how many months it lies behind any fixed one."""

    first: int
    end: int
    number: int


@lru_cache(maxsize=2048)
def _month(ordinal: int) -> _Month:
    first = date.fromordinal(ordinal).replace(day=1)
    return _Month(first.toordinal(), add_months(first, 1).toordinal(), 12 * first.year + first.month)


def _bought_in(timeline: Timeline, month: _Month) -> bool:
    start, once, _ = timeline
    until = once & ((1 << max(month.end - start, 0)) - 1)
    return bool(until >> max(month.first - start, 0))


def count_away(counts: Counts, timeline: Timeline, enrolled: int | None, closed: int | None, sign: int) -> None:
    """Counts when somebody who bought was no member: before they enrolled, and from the day on which they closed, both
    as ordinals. Whoever bought last on a day is away from it on until they buy again or are a member again."""
    start, once, _ = timeline
    if not once or (closed is None and enrolled is not None and enrolled <= start + after(once, -1)):
        return
    never = enrolled is None or (closed is not None and closed <= enrolled)
    for number in days_of(once):
        following = after(once, number)
        day, end = start + number, start + following if following >= 0 else None
        for first, last in [(day, end)] if never else _outside(day, end, enrolled or 0, closed):
            counts[AWAY, day, first - day, ""] += sign
            if last is not None:
                counts[AWAY, day, last - day, ""] -= sign


def _outside(day: int, end: int | None, enrolled: int, closed: int | None) -> list[tuple[int, int | None]]:
    """The parts of the days from one to before the other that lie before the enrolment and behind the closing."""
    found: list[tuple[int, int | None]] = []
    if day < enrolled:
        found.append((day, enrolled if end is None else min(end, enrolled)))
    if closed is not None and (end is None or closed < end):
        found.append((max(day, closed), end))
    return found
