"""Lots in memory: points that were earned together, with their dates, and how they are read and written.

A member's lots are read only behind the lock on the balance, or for a view that is never written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.points.accounts import LOT_ACCOUNTS, Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.dates import inactive_at
from loyalty_api.kernel.clock import END_OF_TIME
from loyalty_api.kernel.together import Ask, Change, RowType, Values

NEVER = END_OF_TIME


class Lot(msgspec.Struct):
    """Points that were earned together. ``remaining`` of ``points`` are held, ``reserved`` of these for a redemption.

    ``available_at`` None: waits for the event ``waits_for``, and then lives by ``expiry`` (JSON). ``expires_at`` None:
    never by itself; with ``inactivity_days`` purchases put it off. ``earned_for``: the purchase, or other cause, that
    the points were first earned for. The origin is the lot whose points these were before they were moved to another
    member, or given back after it had expired.
    """

    member_id: UUID
    lot_id: UUID
    program_id: UUID
    transfer_seq: int
    points: int
    remaining: int
    pending: bool
    earned_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    reserved: int = 0
    inactivity_days: int | None = None
    waits_for: str | None = None
    expiry: bytes | None = None
    earned_for: UUID | None = None
    origin_member_id: UUID | None = None
    origin_lot_id: UUID | None = None

    @property
    def free(self) -> int:
        """What is spendable of it, or pending: all but what is reserved."""
        return self.remaining - self.reserved

    @property
    def is_plain(self) -> bool:
        """Whether the columns that every lot has say everything about it."""
        return not (self.reserved or self.inactivity_days or self.waits_for or self.origin_lot_id)

    def ends(self, balance: Balance, zone: ZoneInfo) -> datetime:
        """When it expires, by what is known now; NEVER: not by itself."""
        if self.expires_at is None:
            return NEVER
        if self.inactivity_days is None or balance.last_purchase_at is None:
            return self.expires_at
        return max(self.expires_at, inactive_at(self.inactivity_days, balance.last_purchase_at, zone))

    def move(self, source: Account, target: Account, points: int) -> None:
        """What a transfer of its points changes of it."""
        if source not in LOT_ACCOUNTS:
            self.remaining += points
        elif target not in LOT_ACCOUNTS:
            self.remaining -= points
        if source is Account.RESERVED:
            self.reserved -= points
        elif target is Account.RESERVED:
            self.reserved += points
        elif source is Account.PENDING and target is Account.SPENDABLE:
            self.pending = False


class Draw(NamedTuple):
    """So many points of one lot."""

    lot_id: UUID
    points: int


class Hold(msgspec.Struct):
    """Points that are reserved ``until`` an instant, and from which lots. ``closing_seq``: the transfer that spent or
    released them; None: they are held."""

    member_id: UUID
    hold_id: UUID
    program_id: UUID
    transfer_seq: int
    until: datetime
    draws: list[Draw]
    closing_seq: int | None = None


class Lots:
    """The lots of one member that are in memory: all that hold points, and others that were asked for; and the holds
    on them, by id."""

    def __init__(self, zone: ZoneInfo, lots: Iterable[Lot] = (), holds: Iterable[Hold] = ()) -> None:
        self.zone = zone
        self._lots = {lot.lot_id: lot for lot in lots}
        self.holds = {held.hold_id: held for held in holds}

    def __iter__(self) -> Iterator[Lot]:
        return iter(self._lots.values())

    def __getitem__(self, lot_id: UUID) -> Lot:
        return self._lots[lot_id]

    def add(self, lot: Lot) -> None:
        """One more, which was just made."""
        self._lots[lot.lot_id] = lot

    def spendable(self, balance: Balance) -> list[Lot]:
        """Those with points that may be spent, in the order in which they are: earliest expiry first, then oldest."""
        found = [lot for lot in self if lot.free and not lot.pending]
        return sorted(found, key=lambda lot: (lot.ends(balance, self.zone), lot.earned_at, lot.lot_id))

    def pending(self) -> list[Lot]:
        """Those that wait: soonest available first, then oldest."""
        found = [lot for lot in self if lot.free and lot.pending]
        return sorted(found, key=lambda lot: (lot.available_at or NEVER, lot.earned_at, lot.lot_id))

    def open_holds(self) -> list[Hold]:
        """Those that are neither spent nor released, in the order in which they run out."""
        found = [held for held in self.holds.values() if held.closing_seq is None]
        return sorted(found, key=lambda held: (held.until, held.hold_id))

    def next_due_at(self, balance: Balance) -> datetime | None:
        """When the next of them matures, expires or is released; None: none will by itself."""
        due = [(lot.available_at or NEVER) if lot.pending else lot.ends(balance, self.zone) for lot in self if lot.free]
        due += [held.until for held in self.open_holds()]
        first = min(due, default=NEVER)
        return None if first == NEVER else first


def pick(lots: Iterable[Lot], points: int) -> list[tuple[Lot, int]]:
    """Up to so many points out of the lots, in their order; fewer when they hold fewer."""
    picked = []
    for lot in lots:
        taken = min(lot.free, points)
        if taken:
            picked.append((lot, taken))
            points -= taken
    return picked


_PLAIN = (
    *("member_id", "lot_id", "program_id", "transfer_seq", "points", "remaining", "pending", "earned_at"),
    *("available_at", "expires_at"),
)
_CHANGED = ("member_id", "lot_id", "remaining", "reserved", "pending", "available_at", "expires_at")
LOT_ROW = RowType("lot_row", _PLAIN)
LOT_ROW_2 = RowType("lot_row_2", Lot.__struct_fields__)
LOT_CHANGE_ROW = RowType("lot_change_row", _CHANGED)
_plain, _full, _changed = attrgetter(*_PLAIN), attrgetter(*Lot.__struct_fields__), attrgetter(*_CHANGED)
_INSERT_PLAIN = LOT_ROW.insert_into("lots")
_INSERT = LOT_ROW_2.insert_into("lots")
_UPDATE = f"""
UPDATE lots l
SET remaining = u.remaining, reserved = u.reserved, pending = u.pending, available_at = u.available_at,
    expires_at = u.expires_at
FROM {LOT_CHANGE_ROW.unnested("u")}
WHERE l.member_id = u.member_id AND l.lot_id = u.lot_id
"""
# A lot in the order of its fields. What it was earned for is written with it only where its transfer does not say.
LOT_COLUMNS = f"""
{", ".join(f"l.{name}" for name in _PLAIN)}, COALESCE(l.reserved, 0) AS reserved, l.inactivity_days, l.waits_for,
l.expiry, COALESCE(l.earned_for, t.cause_id) AS earned_for, l.origin_member_id, l.origin_lot_id
"""
_LOTS = f"""
SELECT {LOT_COLUMNS}
FROM lots l JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
WHERE l.member_id = ANY($1::uuid[])
"""
_OPEN = f"{_LOTS} AND l.remaining > 0"
_OPEN_AND = f"{_LOTS} AND (l.remaining > 0 OR l.lot_id = ANY($2::uuid[]))"


def open_lots_ask(members: Values, lot_ids: Collection[UUID] = ()) -> Ask:
    """Asks for the lots of the members that hold points, and for the named ones whether they do or not."""
    return Ask(_OPEN_AND, (members, list(lot_ids))) if lot_ids else Ask(_OPEN, (members,))


def read_lots(rows: Iterable[Any]) -> list[Lot]:
    """What ``open_lots_ask`` was answered."""
    return [Lot(*tuple(row)) for row in rows]


def lots_changes(made: Collection[Lot], changed: Collection[Lot]) -> Iterator[Change]:
    """The changes that insert new lots and update others; each lot is written as it is now."""
    plain = [_plain(lot) for lot in made if lot.is_plain]
    if plain:
        yield Change(_INSERT_PLAIN, (plain,))
    if len(plain) < len(made):
        yield Change(_INSERT, ([_full(lot) for lot in made if not lot.is_plain],))
    if changed:
        yield Change(_UPDATE, ([_changed(lot) for lot in changed],), rows=len(changed))
