"""Posting: the only writer of the ledger.

A ``Book`` is made of some members' balance rows, collects transfers in memory, in sequence and sealed, and is written
with one statement per table, however many members and transfers it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.chain import NO_HASH, Sealed, seal
from loyalty_api.domain.points.dates import LotDates
from loyalty_api.domain.points.model import lots, transfers
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import Ask, Change, Values, change_together, columns, insert_into


class Balance:
    """A member's balance row as it was read, folded forward in memory.

    Whatever changes of a member's points, tier or tallies moves ``event_seq``; who writes checks that it is still the
    one that was seen.
    """

    __slots__ = (
        "debt",
        "event_seq",
        "head_hash",
        "last_recorded_at",
        "lifetime_earned",
        "member_id",
        "next_due_at",
        "pending",
        "program_id",
        "reserved",
        "seen_event_seq",
        "spendable",
        "transfer_seq",
    )

    member_id: UUID
    program_id: UUID
    spendable: int
    pending: int
    reserved: int
    debt: int
    lifetime_earned: int
    transfer_seq: int
    event_seq: int
    seen_event_seq: int
    head_hash: bytes
    last_recorded_at: datetime | None
    next_due_at: datetime | None

    def __init__(self, row: tuple) -> None:
        (
            self.member_id,
            self.program_id,
            self.spendable,
            self.pending,
            self.reserved,
            self.debt,
            self.lifetime_earned,
            self.transfer_seq,
            self.event_seq,
            self.head_hash,
            self.last_recorded_at,
            self.next_due_at,
        ) = row
        self.seen_event_seq = self.event_seq

    @property
    def available(self) -> int:
        """What the member may spend now: never below zero in practice, negative while there is a debt."""
        return self.spendable - self.debt

    def record_at(self, now: datetime) -> datetime:
        """The instant of the next record: never before the member's last, also when the clock steps back."""
        if self.last_recorded_at is None or self.last_recorded_at < now:
            self.last_recorded_at = now
        return self.last_recorded_at

    def next_event(self) -> int:
        """The seq of the member's next event."""
        self.event_seq += 1
        return self.event_seq


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


_COLUMNS = (
    "member_id",
    "program_id",
    "spendable",
    "pending",
    "reserved",
    "debt",
    "lifetime_earned",
    "transfer_seq",
    "event_seq",
    "head_hash",
    "last_recorded_at",
    "next_due_at",
)
_written = attrgetter(*(name for name in _COLUMNS if name != "program_id"), "seen_event_seq")
_LOCK = f"SELECT {', '.join(_COLUMNS)} FROM balances WHERE member_id = ANY($1::uuid[]) ORDER BY member_id FOR UPDATE"
_PEEK = f"SELECT {', '.join(_COLUMNS)} FROM balances WHERE member_id = ANY($1::uuid[])"
_TRANSFERS = (
    *Sealed._fields,
    *("spendable_after", "pending_after", "reserved_after", "debt_after", "hash"),
)
_LOTS = (
    *("member_id", "lot_id", "program_id", "transfer_seq", "points", "remaining", "pending", "earned_at"),
    *("available_at", "expires_at"),
)
_INSERT_TRANSFERS = insert_into(transfers, _TRANSFERS)
_INSERT_LOTS = insert_into(lots, _LOTS)
_BALANCES = """
UPDATE balances b
SET spendable = u.spendable, pending = u.pending, reserved = u.reserved, debt = u.debt,
    lifetime_earned = u.lifetime_earned, transfer_seq = u.transfer_seq, event_seq = u.event_seq,
    head_hash = u.head_hash, last_recorded_at = u.last_recorded_at, next_due_at = u.next_due_at
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bytea[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
  AS u (member_id, spendable, pending, reserved, debt, lifetime_earned, transfer_seq, event_seq, head_hash,
        last_recorded_at, next_due_at, seen_event_seq)
WHERE b.member_id = u.member_id AND b.event_seq = u.seen_event_seq
"""


class Book:
    """The locked balances of some members and what is about to be written for them."""

    def __init__(self, balances: dict[UUID, Balance]) -> None:
        self.balances = balances
        self._touched: dict[UUID, Balance] = {}
        self._transfers: list[tuple] = []
        self._lots: list[tuple] = []

    def touch(self, balance: Balance) -> None:
        """Notes that the row changed (an event of its own, with or without points)."""
        self._touched[balance.member_id] = balance

    def earn(self, balance: Balance, lots: Mapping[LotDates, int], *, cause: Cause) -> Issued:
        """Issues points to the member: a lot for each of the dates, a transfer for those that are available and one
        for those that are pending."""
        self.touch(balance)
        seq, points_pending = None, 0
        for pending in (False, True):
            mine = [(dates, points) for dates, points in lots.items() if dates.pending is pending and points]
            points = sum([points for _, points in mine])
            if not points:
                continue
            if pending:
                balance.pending += points
                points_pending = points
            else:
                balance.spendable += points
            balance.lifetime_earned += points
            account = Account.PENDING if pending else Account.SPENDABLE
            self._append(balance, "earn", Account.ISSUED, account, points, cause)
            seq = seq or balance.transfer_seq
            for dates, lot_points in mine:
                self._add_lot(balance, lot_points, dates, cause)
        return Issued(points_pending, seq)

    def _add_lot(self, balance: Balance, points: int, dates: LotDates, cause: Cause) -> None:
        self._lots.append(
            (
                balance.member_id,
                new_id(),
                balance.program_id,
                balance.transfer_seq,
                points,
                points,
                dates.pending,
                cause.occurred_at,
                dates.available_at,
                dates.expires_at,
            )
        )
        due = dates.available_at if dates.pending else dates.expires_at
        if due is not None and (balance.next_due_at is None or due < balance.next_due_at):
            balance.next_due_at = due

    def changes(self) -> Iterator[Change]:
        """What the members' ledgers change by; fails when one of them was changed since it was read."""
        if self._touched:  # in one order, so that two transactions never wait for each other in a ring
            rows = [_written(self._touched[member_id]) for member_id in sorted(self._touched)]
            yield Change(_BALANCES, columns(rows), rows=len(rows))
        if self._transfers:
            yield Change(_INSERT_TRANSFERS, columns(self._transfers))
            yield Change(_INSERT_LOTS, columns(self._lots))

    async def write(self, connection: Connection) -> None:
        """Writes the changes by themselves."""
        await change_together(connection, list(self.changes()))

    def _append(self, balance: Balance, kind: str, source: Account, target: Account, points: int, cause: Cause) -> None:
        assert points > 0, "zero points make no transfer"
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


async def lock_balances(connection: Connection, member_ids: Collection[UUID]) -> list[Any]:
    """Locks the members' balance rows, in the order of their ids: the only place that locks members."""
    return await connection.fetch(_LOCK, sorted(member_ids))


def balances_ask(members: Values) -> Ask:
    """Asks for the members' balance rows without a lock: for what is never written, or checked when it is."""
    return Ask(_PEEK, (members,))


def make_book(rows: Iterable[Any]) -> Book:
    """The book of the balance rows that were locked or asked for."""
    return Book({row[0]: Balance(tuple(row)) for row in rows})


async def open_balance(connection: Connection, *, member_id: UUID, program_id: UUID) -> Balance:
    """The empty balance of a member who was just enrolled, with the enrolment as event 1."""
    balance = Balance((member_id, program_id, 0, 0, 0, 0, 0, 0, 1, NO_HASH, None, None))
    await connection.execute(
        f"INSERT INTO balances ({', '.join(_COLUMNS)}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        *(getattr(balance, name) for name in _COLUMNS),
    )
    return balance
