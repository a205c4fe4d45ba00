"""Posting: the only writer of the ledger.

A ``Book`` is made of some members' balance rows, and of their lots where these are needed; it collects transfers in
memory, in sequence and sealed, and is written with one statement per table, however many members and transfers it
holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import UPDATE_BALANCES, Balance, lock_balances, written
from loyalty_api.domain.points.chain import Sealed, seal
from loyalty_api.domain.points.dates import LotDates
from loyalty_api.domain.points.holds import holds_ask, holds_changes, read_holds
from loyalty_api.domain.points.lots import Draw, Hold, Lot, Lots, lots_changes, open_lots_ask, pick, read_lots
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, events_change
from loyalty_api.kernel.together import Change, RowType, ask_together, change_together


class Cause(NamedTuple):
    """What a transfer happened for, and when."""

    kind: str
    id: UUID
    occurred_at: datetime
    recorded_at: datetime


class Issued(NamedTuple):
    """How many of the points are pending, and the seq of the first transfer; zero points make none."""

    pending: int
    transfer_seq: int | None


_TRANSFERS = (
    *Sealed._fields,
    *("spendable_after", "pending_after", "reserved_after", "debt_after", "hash"),
)
TRANSFER_ROW = RowType("transfer_row", _TRANSFERS)
DRAW_ROW = RowType("draw_row", ("member_id", "transfer_seq", "lot_id", "program_id", "points"))
_INSERT_TRANSFERS = TRANSFER_ROW.insert_into("transfers")
_INSERT_DRAWS = DRAW_ROW.insert_into("draws")


class Book:
    """The balances of some members and what is about to be written for them.

    ``lots``: those of the members whose lots were read, behind the lock. None: nothing is locked, and who needs lots
    finds that the race is lost.
    """

    def __init__(self, balances: dict[UUID, Balance], lots: dict[UUID, Lots] | None = None) -> None:
        self.balances = balances
        self._lots = lots
        self._touched: dict[UUID, Balance] = {}
        self._transfers: list[tuple] = []
        self._draws: list[tuple] = []
        self._made: list[Lot] = []
        self._changed: dict[UUID, Lot] = {}
        self._holds: dict[UUID, Hold] = {}
        self._events: list[Event] = []

    @property
    def is_locked(self) -> bool:
        """Whether the balances are locked."""
        return self._lots is not None

    def knows(self, balance: Balance) -> bool:
        """Whether the member's lots were read."""
        return self._lots is not None and balance.member_id in self._lots

    def made_by(self, transfer_seqs: Collection[int], balance: Balance) -> list[Lot]:
        """The lots that these transfers of the member have just made."""
        made = [lot for lot in self._made if lot.member_id == balance.member_id]
        return [lot for lot in made if lot.transfer_seq in transfer_seqs]

    def lots(self, balance: Balance) -> Lots:
        """The member's lots. Raises RaceLost when they were not read: it is to be done again, locked."""
        found = self._lots.get(balance.member_id) if self._lots is not None else None
        if found is None:
            raise RaceLost
        return found

    def touch(self, balance: Balance) -> None:
        """Notes that the row changed (an event of its own, with or without points)."""
        self._touched[balance.member_id] = balance

    def earn(self, balance: Balance, lots: Mapping[LotDates, int], *, cause: Cause) -> Issued:
        """Issues points to the member: a lot for each of the dates, a transfer for those that are available and one
        for those that are pending. Pays a debt with the available ones."""
        self.touch(balance)
        if cause.kind == "purchase":
            balance.note_purchase(cause.occurred_at)
        return self.issue(balance, lots, kind="earn", source=Account.ISSUED, cause=cause)

    def issue(
        self,
        balance: Balance,
        lots: Mapping[LotDates, int],
        *,
        kind: str,
        source: Account,
        cause: Cause,
        like: Lot | None = None,
    ) -> Issued:
        """Puts points of a program's account into new lots. ``like``: the lot that they come from."""
        seq, points_pending = None, 0
        for pending in (False, True):
            mine = [(dates, points) for dates, points in lots.items() if dates.pending is pending and points]
            points = sum([points for _, points in mine])
            if not points:
                continue
            account = Account.SPENDABLE
            if pending:
                account, points_pending = Account.PENDING, points
            made_by = self.post(balance, kind, source, account, points, cause)
            seq = seq or made_by
            made = [self._add_lot(balance, lot_points, dates, cause, like) for dates, lot_points in mine]
            if balance.debt and not pending:
                self.pay_debt(balance, made, cause)
        return Issued(points_pending, seq)

    def receive(
        self,
        balance: Balance,
        parts: Sequence[tuple[Lot, int, LotDates]],
        *,
        kind: str,
        to: Account,
        cause: Cause,
    ) -> list[Lot]:
        """One transfer of points that are in transit into new lots, each with the dates given and like its lot."""
        self.post(balance, kind, Account.IN_TRANSIT, to, sum(points for _, points, _ in parts), cause)
        return [self._add_lot(balance, points, dates, cause, lot) for lot, points, dates in parts]

    def pay_debt(self, balance: Balance, lots: Iterable[Lot], cause: Cause) -> int:
        """Pays what the member owes with points that became available; how many that took."""
        parts = pick(sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at)), balance.debt)
        if not parts:
            return 0
        self.move(balance, "debt_paid", Account.SPENDABLE, Account.DEBT, parts, cause)
        return sum(points for _, points in parts)

    def move(
        self,
        balance: Balance,
        kind: str,
        source: Account,
        target: Account,
        parts: Sequence[tuple[Lot, int]],
        cause: Cause,
    ) -> int:
        """One transfer that takes points from lots, or gives them back to lots; its seq."""
        seq = self.post(balance, kind, source, target, sum(points for _, points in parts), cause)
        for lot, points in parts:
            lot.move(source, target, points)
            self._draws.append((balance.member_id, seq, lot.lot_id, balance.program_id, points))
            self.note_lot(lot)
        return seq

    def note_lot(self, lot: Lot) -> None:
        """Notes that a lot changed."""
        self._changed[lot.lot_id] = lot

    def note_hold(self, held: Hold) -> None:
        """Notes that a hold was made or closed."""
        self._holds[held.hold_id] = held

    def post(self, balance: Balance, kind: str, source: Account, target: Account, points: int, cause: Cause) -> int:
        """One transfer, sealed; its seq. What it does to lots is its caller's matter."""
        assert points > 0, "zero points make no transfer"
        balance.move(source, target, points)
        balance.transfer_seq += 1
        transfer = Sealed(
            balance.member_id,
            balance.transfer_seq,
            balance.program_id,
            kind,
            source.value,
            target.value,
            points,
            cause.kind,
            cause.id,
            cause.occurred_at,
            cause.recorded_at,
        )
        balance.head_hash = seal(balance.head_hash, transfer)
        after = (balance.spendable, balance.pending, balance.reserved, balance.debt, balance.head_hash)
        self._transfers.append(transfer + after)
        self.touch(balance)
        return balance.transfer_seq

    def tell(self, balance: Balance, type_: str, data: bytes, cause: Cause) -> None:
        """An event that is written beside the transfers."""
        at = (cause.occurred_at, cause.recorded_at)
        event = Event(balance.member_id, balance.next_event(), new_id(), balance.program_id, type_, *at, data)
        self._events.append(event)
        self.touch(balance)

    def _add_lot(self, balance: Balance, points: int, dates: LotDates, cause: Cause, like: Lot | None) -> Lot:
        lot = Lot(
            balance.member_id,
            new_id(),
            balance.program_id,
            balance.transfer_seq,
            points,
            points,
            dates.pending,
            like.earned_at if like else cause.occurred_at,
            dates.available_at,
            dates.expires_at,
            inactivity_days=dates.inactivity_days,
            waits_for=dates.waits_for,
            expiry=msgspec.json.encode(dates.expiry) if dates.expiry else None,
            earned_for=like.earned_for if like else cause.id,
            origin_member_id=like.member_id if like else None,
            origin_lot_id=like.lot_id if like else None,
        )
        self._made.append(lot)
        if self._lots is not None and balance.member_id in self._lots:
            self._lots[balance.member_id].add(lot)
        balance.fall_due(dates.available_at if dates.pending else dates.expires_at)
        return lot

    def changes(self) -> Iterator[Change]:
        """What the members' ledgers change by; fails when one of them was changed since it was read."""
        if self._touched:  # in one order, so that two transactions never wait for each other in a ring
            rows = [written(self._touched[member_id]) for member_id in sorted(self._touched)]
            yield Change(UPDATE_BALANCES, (rows,), rows=len(rows))
        if self._transfers:
            yield Change(_INSERT_TRANSFERS, (self._transfers,))
            yield from lots_changes(self._made, self._others())
        if self._draws:
            yield Change(_INSERT_DRAWS, (self._draws,))
        yield from holds_changes(self._holds.values())
        yield from events_change(self._events)

    def _others(self) -> list[Lot]:
        if not self._changed:
            return []
        made = {lot.lot_id for lot in self._made}
        return [lot for lot_id, lot in self._changed.items() if lot_id not in made]

    async def write(self, connection: Connection) -> None:
        """Writes the changes by themselves."""
        await change_together(connection, list(self.changes()))


def make_book(
    rows: Iterable[Any],
    lots: Iterable[Any] | None = None,
    *,
    holds: Iterable[Any] = (),
    of: Collection[UUID] = (),
    zones: Mapping[UUID, ZoneInfo] | None = None,
) -> Book:
    """The book of the balance rows that were locked or asked for. ``lots``, ``holds``: the rows of the lots ``of``
    these members, and of what is held of them; ``zones``: of the programs."""
    balances = {row[0]: Balance(tuple(row)) for row in rows}
    if lots is None:
        return Book(balances)
    zones = zones or {}
    found = {member_id: Lots(zones[balances[member_id].program_id]) for member_id in of}
    for lot in read_lots(lots):
        found[lot.member_id].add(lot)
    for held in read_holds(holds):
        found[held.member_id].holds[held.hold_id] = held
    return Book(balances, found)


async def open_book(
    connection: Connection, members: Collection[UUID], zones: Mapping[UUID, ZoneInfo], *, lot_ids: Collection[UUID] = ()
) -> Book:
    """Locks the members and reads their lots: those that hold points, and the named ones. ``zones``: by program."""
    rows = await lock_balances(connection, members)
    locked = [row[0] for row in rows]
    asked = await ask_together(connection, {"lots": open_lots_ask(locked, lot_ids), "holds": holds_ask(locked)})
    return make_book(rows, asked["lots"], holds=asked["holds"], of=locked, zones=zones)


def draws_of(parts: Iterable[tuple[Lot, int]]) -> list[Draw]:
    """The parts of a transfer as they are remembered."""
    return [Draw(lot.lot_id, points) for lot, points in parts]
