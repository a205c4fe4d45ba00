"""How many people bought in which period, by tier and by cohort (pure): the difference that a batch makes."""

from __future__ import annotations

from loyalty_api.insights.grouped_people import EVER, Grouped, Turn
from loyalty_api.insights.groups import Buyers
from loyalty_api.insights.periods import PERIODS, Span, span_of
from loyalty_api.insights.timeline import Timeline, aligned, days_of

_Place = tuple[str, Span]


def count_buyers(buyers: Buyers, turn: Turn) -> None:
    """Takes off what the person counted for in every period that is another for them by now, and adds what they do."""
    was, now = turn.was.timeline, turn.now.timeline
    places: set[_Place] = set()
    if turn.since is not None:
        places |= _of_days(was, turn.since) | _of_days(now, turn.since)
        if turn.since != EVER:
            _touch_changed(places, was, now)
    elif (day := _one_more(was, now)) is not None:
        _count_day(buyers, places, turn, day)
    else:
        _touch_changed(places, was, now)
    for place in places:
        _count(buyers, turn.was, *place, -1)
        _count(buyers, turn.now, *place, 1)


def _one_more(was: Timeline, now: Timeline) -> int | None:
    """The only day on which they bought by now and had not before, where their first day stays what it was."""
    if was.once and was.start != now.start:
        return None
    changes = was.once ^ now.once
    return now.start + changes.bit_length() - 1 if changes & now.once and not changes & (changes - 1) else None


def _touch_changed(places: set[_Place], was: Timeline, now: Timeline) -> None:
    one, other = aligned(was, now)
    for number in days_of(one.once ^ other.once):
        for period in PERIODS:
            _touch(places, was, now, period, span_of(one.start + number, period))
    if was.once and now.once and was.start != now.start:  # where they are new is another
        places |= {(period, span_of(each.start, period)) for each in (was, now) for period in PERIODS}


def _count_day(buyers: Buyers, places: set[_Place], turn: Turn, day: int) -> None:
    """Of one day more, as most changes are, without a look at what was where nothing was."""
    _, timeline, cohort, history = turn.now
    for period in PERIODS:
        span = before, first, end, following = span_of(day, period)
        bits = _bits(timeline, before, following)
        if bits == 1 << (day - before) and not any(day < each < end for each in history.turns):
            new = int(day == timeline.start)
            buyer = history.enrolled_on(day), new, 1 - new, 0
            buyers[period, day, history.tier_on(day), cohort, buyer] += 1
        elif not bits & ((1 << (day - before)) - (1 << (first - before))):
            _touch(places, turn.was.timeline, timeline, period, span)


def _of_days(timeline: Timeline, since: int) -> set[_Place]:
    """All periods, in which was bought, that end behind a day."""
    start, once, _ = timeline
    low = max(min(span_of(since, period).first for period in PERIODS) - start, 0) if since != EVER else 0
    spans = ((period, span_of(start + low + day, period)) for day in days_of(once >> low) for period in PERIODS)
    return {(period, span) for period, span in spans if span.end > since}


def _touch(places: set[_Place], was: Timeline, now: Timeline, period: str, span: Span) -> None:
    """Whether anything was bought in a period says something of its neighbours; on which day, of itself alone."""
    bits, other = _bits(was, span.before, span.following), _bits(now, span.before, span.following)
    before, own = span.first - span.before, (1 << (span.end - span.first)) - 1
    mine, its = bits >> before & own, other >> before & own
    if mine & -mine == its & -its:
        return
    places.add((period, span))
    if not mine or not its:
        if (bits | other) & ((1 << before) - 1):
            places.add((period, span_of(span.before, period)))
        if (bits | other) >> (span.end - span.before):
            places.add((period, span_of(span.end, period)))


def _count(buyers: Buyers, person: Grouped, period: str, span: Span, sign: int) -> None:
    bits = _bits(person.timeline, span.before, span.following)
    before = span.first - span.before
    rest = bits >> before
    day = span.first + (rest & -rest).bit_length() - 1
    if not rest or day >= span.end:
        return
    new = day == person.timeline.start
    returned = not new and not bits & ((1 << before) - 1)
    stays = int(new), int(returned), int(bool(bits >> (span.end - span.before)))
    cohort, history = person.cohort, person.history
    tier, buyer = history.tier_on(day), (history.enrolled_on(day), *stays)
    buyers[period, day, tier, cohort, buyer] += sign
    for turn in history.turns:
        if day < turn < span.end:
            buyers[period, turn, tier, cohort, buyer] -= sign
            tier, buyer = history.tier_on(turn), (history.enrolled_on(turn), *stays)
            buyers[period, turn, tier, cohort, buyer] += sign


def _bits(timeline: Timeline, first: int, end: int) -> int:
    """Whether something was bought on the days from one to before another, as bits."""
    start, once, _ = timeline
    low = first - start
    return (once >> low if low >= 0 else once << -low) & ((1 << (end - first)) - 1)


def bought_within(timeline: Timeline, first: int, end: int) -> bool:
    """Whether something was, on any of them."""
    return end > timeline.start and _bits(timeline, max(first, timeline.start), end) > 0
