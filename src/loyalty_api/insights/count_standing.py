"""What a person counts for as a member (pure): the enrolment, and the tiers held from then to the closing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from loyalty_api.insights.counts import ENROLLED, HERE, MOVED, MOVED_SPANS, NONE, STEP, Counts
from loyalty_api.insights.periods import start_of


class Move(NamedTuple):
    """A move of tiers, as it is kept."""

    position: int
    effective_on: date
    from_tier: str
    to_tier: str


class Standing(NamedTuple):
    """What is known of a person as a member. ``moves``: in the order of their positions."""

    enrolled_on: date | None
    enrolled_store: str | None
    enrolled_tier: str | None
    closed_on: date | None
    moves: Sequence[Move] = ()


class Step(NamedTuple):
    """From one tier to another on a day; an empty word: without a tier."""

    day: date
    before: str
    after: str


def count_standing(counts: Counts, standing: Standing, sign: int) -> None:
    """Adds it, or takes it off."""
    if standing.enrolled_on is not None:
        counts[ENROLLED, standing.enrolled_on.toordinal(), 0, standing.enrolled_store or ""] += sign
    moved: dict[tuple[date, int], tuple[str, str]] = {}
    for day, before, after in steps_of(standing):
        counts[STEP, day.toordinal(), 0, f"{before}>{after}"] += sign
        for period, span in MOVED_SPANS.items():
            key = start_of(day, period), span
            moved[key] = moved.get(key, (before,))[0], after
    for (first, span), (before, after) in moved.items():
        if before != after:
            counts[MOVED, first.toordinal(), span, f"{before}>{after}"] += sign


def count_here(counts: Counts, standing: Standing, cohort: str, sign: int) -> None:
    """Counts from when to when somebody of a cohort is a member."""
    enrolled, closed = standing.enrolled_on, standing.closed_on
    if enrolled is not None and (closed is None or enrolled < closed):
        counts[HERE, enrolled.toordinal(), 0, cohort] += sign
        if closed is not None:
            counts[HERE, closed.toordinal(), 0, cohort] -= sign


def steps_of(standing: Standing) -> list[Step]:
    """The days on which the tier that is held at their end is another than the day before; from the enrolment, before
    which it is NONE, to the closing."""
    enrolled, closed = standing.enrolled_on, standing.closed_on
    if enrolled is None or (closed is not None and closed <= enrolled):
        return []
    tiers = {enrolled: standing.enrolled_tier or (standing.moves[0].from_tier if standing.moves else "")}
    latest = 0
    for move in sorted(standing.moves, key=lambda each: (each.effective_on, each.position)):
        if move.position > latest and (closed is None or move.effective_on < closed):
            latest = move.position
            tiers[max(move.effective_on, enrolled)] = move.to_tier
    steps, held = [], NONE
    for day, tier in tiers.items():
        if tier != held:
            steps.append(Step(day, held, tier))
            held = tier
    return [*steps, Step(closed, held, NONE)] if closed is not None else steps
