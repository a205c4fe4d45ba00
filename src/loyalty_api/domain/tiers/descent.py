"""When and how far a tier goes down, and what keeps it until when (pure).

Only a review lowers a tier. The first one that finds the window short of the tier starts the grace; when that is over
and the window is still short, the tier goes down by one, or to the one that is held. With one step at a time, the
next step has a grace of its own.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Days, falls_short_on, held_rank, value_in, window_of
from loyalty_api.kernel.clock import add_days


class Keeps(msgspec.Struct, frozen=True):
    """What keeps a tier. ``until``: the last local day on which it is held if nothing more is counted (null: it is
    never lost). ``missing``: how much of the measure, counted by then, keeps it longer."""

    until: date | None
    missing: int


class Reviewed(NamedTuple):
    """What a review found. ``rank``: the place of the tier afterwards. ``short_since``: since when the window has been
    short of that. ``due_on``: the first day on which another review could find something; None: there is none."""

    rank: int
    short_since: date | None
    due_on: date | None


def review(tiers: Tiers, rank: int, days: Days, *, today: date, short_since: date | None) -> Reviewed:
    """What the review of the night in which ``today`` begins does with a tier."""
    value = value_in(days, window_of(tiers, today))
    if rank == 0 or value >= tiers.levels[rank].from_:
        return Reviewed(rank, None, falls_short_on(tiers, rank, days, today))
    since = short_since or today
    # Whoever is short is looked at every night: a purchase may hold the tier again, and then the grace is over.
    tomorrow = add_days(today, 1)
    if today < add_days(since, tiers.downgrade.grace_days):
        return Reviewed(rank, since, tomorrow)
    held = held_rank(tiers.levels, value)
    lower = held if tiers.downgrade.steps == "full" else rank - 1
    if lower > held:
        return Reviewed(lower, today, tomorrow)
    return Reviewed(lower, None, falls_short_on(tiers, lower, days, today))


def keeps(tiers: Tiers, rank: int, days: Days, *, today: date, short_since: date | None) -> Keeps | None:
    """What keeps the tier, as of ``today``, whose night was reviewed; None: it is the first, which nobody loses."""
    if rank == 0:
        return None
    threshold = tiers.levels[rank].from_
    tomorrow = add_days(today, 1)
    if value_in(days, window_of(tiers, today)) >= threshold:
        short_on = falls_short_on(tiers, rank, days, today)
        if short_on is None:
            return Keeps(None, 0)
    else:
        short_on = short_since or tomorrow
    lost_on = max(add_days(short_on, tiers.downgrade.grace_days), tomorrow)
    missing = threshold - value_in(days, window_of(tiers, lost_on))
    return Keeps(add_days(lost_on, -1), max(0, missing))
