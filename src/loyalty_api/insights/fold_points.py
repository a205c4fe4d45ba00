"""What the ledger did (pure): see ``measures.py`` for which day each counts on."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.adjustments import events as adjustments
from loyalty_api.domain.feed import events
from loyalty_api.domain.feed.facts import Fact
from loyalty_api.domain.points import events as points
from loyalty_api.domain.rewards import events as rewards
from loyalty_api.insights.measures import ADJUSTED, EARNED, EXPIRED, ISSUED, OPENED, REDEEMED
from loyalty_api.insights.state import State


class Notice(NamedTuple):
    """One row of ``insight_notices``."""

    member_id: UUID
    lot_id: UUID
    expires_at: datetime
    program_id: UUID
    noticed_at: datetime


class Expiry(NamedTuple):
    """One row of ``insight_expiries``."""

    member_id: UUID
    position: int
    program_id: UUID
    lot_id: UUID
    points: int
    earned_on: date | None
    expired_on: date
    expires_at: datetime


def take_earned(state: State, fact: Fact) -> None:
    """Points that a purchase or an engagement earned."""
    told: events.PointsEarned = fact.data
    state.count_late(fact, state.day_of(fact.occurred_at), (ISSUED, told.points))
    _move(state, fact, EARNED, told.points)
    if told.purchase_id is not None:  # told right behind its purchase
        key = (fact.member_id, told.purchase_id)
        state.receipts[key][0].points_issued += told.points
        state.changed.add(key)


def take_opened(state: State, fact: Fact) -> None:
    """Points that were brought along from elsewhere."""
    _move(state, fact, OPENED, fact.data.points)


def take_redeemed(state: State, fact: Fact) -> None:
    """Points that were spent; those that are only reserved are the member's still."""
    _move(state, fact, REDEEMED, fact.data.points)


def take_expired(state: State, fact: Fact) -> None:
    """Points that expired."""
    told: points.PointsExpired = fact.data
    _move(state, fact, EXPIRED, told.points)
    earned_on = None if told.earned_at is None else state.day_of(told.earned_at)
    named = (fact.member_id, fact.position, state.program_id, told.lot_id)
    row = Expiry(*named, told.points, earned_on, state.day_of(fact.recorded_at), told.expires_at)
    state.add("insight_expiries", row)


def take_notice(state: State, fact: Fact) -> None:
    """Members were told that lots will expire."""
    told: points.ExpiryNotice = fact.data
    for lot_id in told.lot_ids:
        row = Notice(fact.member_id, lot_id, told.expires_at, state.program_id, fact.recorded_at)
        state.add("insight_notices", row)


def take_adjusted(state: State, fact: Fact) -> None:
    """Points that staff gave or took."""
    _move(state, fact, ADJUSTED, fact.data.points)


def take_reversed(state: State, fact: Fact) -> None:
    """An adjustment that was undone."""
    _move(state, fact, ADJUSTED, fact.data.change)


def take_moved(state: State, fact: Fact) -> None:
    """Points that went from one member to another: told to both."""
    told: adjustments.PointsMoved = fact.data
    _move(state, fact, ADJUSTED, -told.points if fact.member_id == told.from_member_id else told.points)


def take_merged(state: State, fact: Fact) -> None:
    """Points, and a debt, that came over from the alias: told to both."""
    told = fact.data
    came = told.points - told.debt
    _move(state, fact, ADJUSTED, -came if fact.member_id == told.alias_id else came)


def take_unmerged(state: State, fact: Fact) -> None:
    """Points that went back to the alias: told to both."""
    told = fact.data
    _move(state, fact, ADJUSTED, told.points if fact.member_id == told.alias_id else -told.points)


def _move(state: State, fact: Fact, measure: int, amount: int) -> None:
    state.count(fact, state.day_of(fact.recorded_at), (measure, amount))


TAKEN = {
    events.EARNED: take_earned,
    events.OPENED: take_opened,
    rewards.REDEEMED: take_redeemed,
    points.EXPIRED: take_expired,
    points.NOTICE: take_notice,
    adjustments.ADJUSTED: take_adjusted,
    adjustments.REVERSED: take_reversed,
    adjustments.MOVED: take_moved,
    events.MERGED: take_merged,
    events.UNMERGED: take_unmerged,
}
