"""Purchases, returns and voids (pure).

A purchase counts for its own day, whenever it was recorded. A return takes from the sales of its day, and from no
count: who has returned all that they ever bought has bought. A purchase that was voided never was, and nor were its
returns. One that was moved is told as voided for the one member and recorded for the other.
"""

from __future__ import annotations

from loyalty_api.domain.feed.events import PurchaseTold, ReturnTold
from loyalty_api.domain.feed.facts import Fact
from loyalty_api.domain.purchases.events import RETURNED as RETURNED_EVENT
from loyalty_api.domain.purchases.events import TYPE, VOIDED
from loyalty_api.insights.measures import GIVEN_BACK, ISSUED, PURCHASES, RETURNED, SALES, TAKEN_BACK
from loyalty_api.insights.state import Receipt, State


def take_purchase(state: State, fact: Fact) -> None:
    """A purchase."""
    told: PurchaseTold = fact.data
    day, key = state.day_of(fact.occurred_at), (fact.member_id, told.purchase_id)
    receipt = Receipt(*(*key, told.purchase_id, state.program_id, day, told.amount_minor, 0, told.store, told.employee))
    state.receipts[key] = [receipt]
    state.entries.append((receipt, 1))
    state.changed.add(key)
    state.count_late(fact, day, (PURCHASES, 1), (SALES, told.amount_minor))
    person = state.person(fact.member_id)
    person.purchases += 1
    person.sales_minor += told.amount_minor


def take_return(state: State, fact: Fact) -> None:
    """A part of a purchase that went back."""
    told: ReturnTold = fact.data
    _move_points(state, fact)
    day, key = state.day_of(fact.occurred_at), (fact.member_id, told.purchase_id)
    entries = state.receipts.get(key)
    if not entries:  # from before the feed
        return
    of = entries[0]
    named = (*key, told.return_id, state.program_id)
    entries.append(Receipt(*named, day, -told.amount_minor, 0, of.store, of.employee))
    state.entries.append((entries[-1], 1))
    state.changed.add(key)
    state.count_late(fact, day, (SALES, -told.amount_minor), (RETURNED, told.amount_minor))
    state.person(fact.member_id).sales_minor -= told.amount_minor


def take_void(state: State, fact: Fact) -> None:
    """A purchase that never was. Its points moved all the same, on the days when they did."""
    told: ReturnTold = fact.data
    _move_points(state, fact)
    key = (fact.member_id, told.purchase_id)
    person = state.person(fact.member_id)
    for entry in state.receipts.get(key, []):
        entry.voided = True
        state.entries.append((entry, -1))
        person.sales_minor -= entry.amount_minor
        if entry.entry_id != entry.purchase_id:
            state.count_late(fact, entry.day, (SALES, -entry.amount_minor), (RETURNED, entry.amount_minor))
            continue
        person.purchases -= 1
        undone = (PURCHASES, -1), (SALES, -entry.amount_minor), (ISSUED, -entry.points_issued)
        state.count_late(fact, entry.day, *undone)
    state.changed.add(key)


def _move_points(state: State, fact: Fact) -> None:
    """Points that had expired have left already, by that."""
    told: ReturnTold = fact.data
    moved = (TAKEN_BACK, told.points_taken - told.points_expired), (GIVEN_BACK, told.points_given)
    state.count(fact, state.day_of(fact.recorded_at), *moved)


TAKEN = {TYPE: take_purchase, RETURNED_EVENT: take_return, VOIDED: take_void}
