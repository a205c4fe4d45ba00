"""Who takes which event (pure): the one registry. An event may be taken by several families."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from loyalty_api.domain.feed.facts import Fact
from loyalty_api.insights import fold_members, fold_points, fold_purchases
from loyalty_api.insights.state import State

Take = Callable[[State, Fact], None]

_FAMILIES: tuple[Mapping[str, Take], ...] = (fold_purchases.TAKEN, fold_members.TAKEN, fold_points.TAKEN)
TAKEN: dict[str, list[Take]] = {}
for _family in _FAMILIES:
    for _kind, _take in _family.items():
        TAKEN.setdefault(_kind, []).append(_take)


def fold(state: State, facts: Iterable[Fact]) -> None:
    """Takes the events, in their order."""
    for fact in facts:
        for take in TAKEN.get(fact.kind, ()):
            take(state, fact)
