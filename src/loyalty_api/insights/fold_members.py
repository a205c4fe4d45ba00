"""Members and their tiers (pure)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.feed import events
from loyalty_api.domain.feed.facts import Fact
from loyalty_api.domain.tiers.events import CHANGED
from loyalty_api.insights.state import State


class TierMove(NamedTuple):
    """One row of ``insight_tiers``."""

    member_id: UUID
    position: int
    program_id: UUID
    effective_on: date
    from_tier: str
    to_tier: str
    reason: str


def take_enrolled(state: State, fact: Fact) -> None:
    """A new member."""
    person, day = state.person(fact.member_id), state.day_of(fact.occurred_at)
    person.enrolled_on, person.enrolled_store, person.enrolled_tier = day, fact.data.store, fact.data.tier
    state.mark(fact, day)


def take_status(state: State, fact: Fact) -> None:
    """Suspended, resumed, closed or erased; who is erased is closed from then on."""
    person = state.person(fact.member_id)
    person.status = _STATUS[fact.kind]
    if fact.kind in (events.CLOSED, events.ERASED) and person.closed_on is None:
        person.closed_on = state.day_of(fact.occurred_at)


def take_merged(state: State, fact: Fact) -> None:
    """An alias leads to its survivor."""
    if fact.member_id == fact.data.alias_id:
        state.person(fact.member_id).merged_into = fact.data.survivor_id


def take_unmerged(state: State, fact: Fact) -> None:
    """An alias is a member again."""
    if fact.member_id == fact.data.alias_id:
        state.person(fact.member_id).merged_into = None


def take_tier(state: State, fact: Fact) -> None:
    """A tier moved, effective when the latest of what counted happened."""
    told: events.TierTold = fact.data
    effective_on = state.day_of(told.effective_at or fact.occurred_at)
    named = (fact.member_id, fact.position, state.program_id)
    state.person(fact.member_id).tier_moved = True
    state.add("insight_tiers", TierMove(*named, effective_on, told.from_, told.to, told.reason))
    state.mark(fact, effective_on)


_STATUS = {
    events.SUSPENDED: "suspended",
    events.RESUMED: "active",
    events.CLOSED: "closed",
    events.ERASED: "erased",
}

TAKEN = {
    events.ENROLLED: take_enrolled,
    **dict.fromkeys(_STATUS, take_status),
    events.MERGED: take_merged,
    events.UNMERGED: take_unmerged,
    CHANGED: take_tier,
}
