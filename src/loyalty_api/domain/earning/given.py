"""What rules have given in one walk, and how much of it multipliers below 1 may take away (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from loyalty_api.domain.earning.compile import FIXED, Rule
from loyalty_api.domain.earning.words import EARNED


class Given(msgspec.Struct):
    """What a rule has given so far, on which lines. A multiplier below 1 gives points below 0."""

    points: int
    lines: int
    limited_by: str | None = None


def limit_taking(given: Mapping[str, Given], rules: Sequence[Rule], multipliers: Sequence[Rule]) -> None:
    """Once caps and budgets have clipped what was given, no more of it may be taken away than there is.

    What would be too much is given back from the last multiplier first. Flat points are not multiplied, so not taken.
    """
    own = [found for rule in rules if rule.kind not in FIXED and (found := given.get(rule.code)) is not None]
    changed = [found for rule in multipliers if (found := given.get(rule.code)) is not None]
    missing = -sum(found.points for found in (*own, *changed))
    for found in reversed(changed):
        back = min(missing, -found.points)
        if back > 0:
            found.points, found.limited_by, missing = found.points + back, EARNED, missing - back
