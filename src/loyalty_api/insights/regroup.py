"""By how much a batch changes the sums of groups (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from loyalty_api.insights.group_buyers import count_buyers
from loyalty_api.insights.group_places import Entries, Entry, Visits, count_visitors, entry_of, sell
from loyalty_api.insights.group_sales import Amount, Days, count_sales
from loyalty_api.insights.grouped_people import Turn
from loyalty_api.insights.groups import Buyers, Row, changed_rows, no_sold, no_sums, spread
from loyalty_api.insights.measures import PURCHASES, SALES
from loyalty_api.insights.state import State


def added_of(state: State) -> Days:
    """What the batch adds to the days of members."""
    added: dict[UUID, dict[int, Amount]] = {}
    for (member_id, day), counts in state.days.items():
        if counts[PURCHASES] or counts[SALES]:
            added.setdefault(member_id, {})[day.toordinal()] = counts[PURCHASES], counts[SALES]
    return added


def entries_of(state: State) -> Entries:
    """Which receipts of members came, and which were voided."""
    entries: dict[UUID, list[Entry]] = {}
    for receipt, sign in state.entries:
        entries.setdefault(receipt.member_id, []).append(entry_of(receipt, sign))
    return entries


def regroup(
    turns: Sequence[Turn], *, added: Days, rows: Days, entries: Entries, visits: Visits
) -> list[tuple[Row, list[int]]]:
    """By how much each sum does. ``rows`` and ``visits``: what was asked for of members, behind the batch."""
    sums, sold = no_sums(), no_sold()
    buyers: Buyers = defaultdict(int)
    for mine in entries.values():
        sell(sold, mine)
    for turn in turns:
        count_sales(sold, sums, turn, added, rows)
        count_buyers(buyers, turn)
        count_visitors(sold, sums, turn, entries, visits)
    spread(sums, sold, buyers)
    return changed_rows(sums)
