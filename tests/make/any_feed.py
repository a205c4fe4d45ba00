"""Random feeds: whatever may be told of some members, in any order, late, moved, merged and parted again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from loyalty_api.domain.feed import events
from loyalty_api.domain.purchases.events import RETURNED, TYPE, VOIDED
from loyalty_api.domain.tiers.events import CHANGED
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id

FIRST = date(2028, 1, 24)  # a Monday; a leap day lies ahead
DAYS = 130
MEMBERS = 5
TIERS, STORES, EMPLOYEES = ("a", "b", "c"), ("1", "2", None), ("e-1", "e-2", None)
# The edges of weeks and months, and days between them.
_EDGES = (0, 1, 6, 7, 8, 13, 14, 34, 35, 36, 37, 38, 66, 67, 68, 69, 70, 97, 98, 99)
DAY = st.one_of(st.sampled_from(_EDGES), st.integers(0, DAYS))

Row = tuple[int, str, date, dict[str, Any]]  # whose, what, on which day


@st.composite
def feeds(draw: st.DrawFn) -> list[Row]:
    """What is told, in the order in which it is."""
    told = _Told()
    for _ in range(draw(st.integers(1, 40))):
        told.add(draw)
    return told.rows


class _Told:
    """So far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._bought: list[tuple[int, str, int]] = []  # whose, id, amount; those that stand
        self._merged: dict[int, int] = {}
        self._numbers = 0

    def add(self, draw: st.DrawFn) -> None:
        """One event more."""
        member, day = draw(st.integers(0, MEMBERS - 1)), FIRST + timedelta(days=draw(DAY))
        kinds: list[Callable[[st.DrawFn, int, date], None]] = [self._buy] * 6 + [self._rise] * 2
        kinds += [self._enrol, self._close, self._merge, *([self._return, self._void] if self._bought else [])]
        kinds += [self._unmerge] if self._merged else []
        draw(st.sampled_from(kinds))(draw, member, day)

    def _tell(self, member: int, kind: str, day: date, data: dict[str, Any]) -> None:
        self.rows.append((member, kind, day, data))

    def _id(self) -> str:
        self._numbers += 1
        return str(UUID(int=self._numbers))

    def _buy(self, draw: st.DrawFn, member: int, day: date) -> None:
        purchase_id, amount = self._id(), draw(st.sampled_from((0, 7, 100)))
        data = {"purchase_id": purchase_id, "amount_minor": amount, "base_minor": amount, "currency": "EUR"}
        data |= {"lines": [], "earnings": [], "points_earned": 0, "points_pending": 0, "transfer_seq": None}
        data |= {"available_after": 0, "version": 1}
        data |= {"store": draw(st.sampled_from(STORES)), "employee": draw(st.sampled_from(EMPLOYEES))}
        self._bought.append((member, purchase_id, amount))
        self._tell(member, TYPE, day, data)

    def _back(self, purchase_id: str, amount: int) -> dict[str, Any]:
        data = {"return_id": self._id(), "purchase_id": purchase_id, "amount_minor": amount, "currency": "EUR"}
        nothing = {"points_taken": 0, "points_given": 0, "transfer_seqs": [], "available_after": 0}
        return data | {"lines": []} | nothing

    def _return(self, draw: st.DrawFn, _: int, day: date) -> None:
        whose, purchase_id, amount = draw(st.sampled_from(self._bought))
        self._tell(whose, RETURNED, day, self._back(purchase_id, draw(st.sampled_from((0, amount // 2, amount)))))

    def _void(self, draw: st.DrawFn, _: int, day: date) -> None:
        gone = draw(st.sampled_from(self._bought))
        self._bought.remove(gone)
        whose, purchase_id, amount = gone
        self._tell(whose, VOIDED, day, self._back(purchase_id, amount))

    def _rise(self, draw: st.DrawFn, member: int, day: date) -> None:
        before, after = draw(st.sampled_from(TIERS)), draw(st.sampled_from(TIERS))
        told = {"from": before, "to": after, "reason": "reviewed", "qualifying_value": 0}
        self._tell(member, CHANGED, day, told)

    def _enrol(self, draw: st.DrawFn, member: int, day: date) -> None:
        data = {"store": draw(st.sampled_from(STORES)), "actor": "x", "tier": draw(st.sampled_from(("a", None)))}
        self._tell(member, events.ENROLLED, day, data)

    def _close(self, draw: st.DrawFn, member: int, day: date) -> None:
        self._tell(member, draw(st.sampled_from((events.CLOSED, events.ERASED))), day, {"actor": "x"})

    def _merge(self, draw: st.DrawFn, alias: int, day: date) -> None:
        survivor = draw(st.integers(0, MEMBERS - 1))
        if alias == survivor or {alias, survivor} & self._merged.keys() or alias in self._merged.values():
            return
        self._merged[alias] = survivor
        self._tell_both(events.MERGED, alias, survivor, day, {"debt": 0})

    def _unmerge(self, draw: st.DrawFn, _: int, day: date) -> None:
        alias = draw(st.sampled_from(sorted(self._merged)))
        self._tell_both(events.UNMERGED, alias, self._merged.pop(alias), day, {"not_split": 0})

    def _tell_both(self, kind: str, alias: int, survivor: int, day: date, more: dict[str, Any]) -> None:
        ids = {"alias_id": alias, "survivor_id": survivor, "merge_id": self._id()}
        for member in alias, survivor:
            self._tell(member, kind, day, {**ids, "points": 0, "lots": 0, "actor": "x", **more})


async def tell(connection: Connection, program_id: UUID, feed: list[Row]) -> None:
    """Writes the events down for members that nobody knows, at noon, with their places in the feed."""
    members = [new_id() for _ in range(MEMBERS)]
    rows = []
    for position, (member, kind, day, data) in enumerate(feed, 1):
        at = datetime.combine(day, time(12), UTC)
        data |= {name: str(members[data[name]]) for name in ("alias_id", "survivor_id") if name in data}
        text = msgspec.json.encode(data)
        rows.append((members[member], position, new_id(), program_id, kind, at, at, text, position))
    await connection.executemany(
        "INSERT INTO outbox (member_id, seq, id, program_id, type, occurred_at, recorded_at, data, position)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        rows,
    )
    await connection.execute("INSERT INTO feed_lanes (program_id, position) VALUES ($1, $2)", program_id, len(feed))
