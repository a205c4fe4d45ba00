"""A member's balance row: as it was read, folded forward in memory, and how it is locked, asked for and opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.chain import NO_HASH
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Ask, RowType, Values


class Balance:
    """A member's balance row as it was read, folded forward in memory.

    Whatever changes of a member's points, tier or tallies moves ``event_seq``; who writes checks that it is still the
    one that was seen.
    """

    __slots__ = (
        "debt",
        "event_seq",
        "head_hash",
        "last_purchase_at",
        "last_recorded_at",
        "lifetime_earned",
        "member_id",
        "next_due_at",
        "pending",
        "program_id",
        "reserved",
        "seen_event_seq",
        "seen_next_due_at",
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
    seen_next_due_at: datetime | None
    last_purchase_at: datetime | None

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
            self.last_purchase_at,
        ) = row
        self.seen_event_seq = self.event_seq
        self.seen_next_due_at = self.next_due_at

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

    def note_purchase(self, occurred_at: datetime) -> None:
        """The member bought something: inactivity is counted from the latest purchase, whenever it was recorded."""
        if self.last_purchase_at is None or self.last_purchase_at < occurred_at:
            self.last_purchase_at = occurred_at

    def fall_due(self, at: datetime | None) -> None:
        """Something will be due at ``at``; None: never by itself."""
        if at is not None and (self.next_due_at is None or at < self.next_due_at):
            self.next_due_at = at

    def move(self, source: Account, target: Account, points: int) -> None:
        """Takes points from one account and puts them on another, as far as the row knows these."""
        self._add(source, -points)
        self._add(target, points)

    def _add(self, account: Account, points: int) -> None:
        match account:
            case Account.SPENDABLE:
                self.spendable += points
            case Account.ISSUED | Account.RETURNED:  # what was taken back was never earned
                self.lifetime_earned -= points
            case Account.PENDING:
                self.pending += points
            case Account.RESERVED:
                self.reserved += points
            case Account.DEBT:
                self.debt -= points


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
    "last_purchase_at",
)
_WRITTEN = (*(name for name in _COLUMNS if name != "program_id"), "seen_event_seq")
written = attrgetter(*_WRITTEN)
_LOCK = f"SELECT {', '.join(_COLUMNS)} FROM balances WHERE member_id = ANY($1::uuid[]) ORDER BY member_id FOR UPDATE"
_PEEK = f"SELECT {', '.join(_COLUMNS)} FROM balances WHERE member_id = ANY($1::uuid[])"
BALANCE_ROW = RowType("balance_row_2", _WRITTEN)
UPDATE_BALANCES = f"""
UPDATE balances b
SET spendable = u.spendable, pending = u.pending, reserved = u.reserved, debt = u.debt,
    lifetime_earned = u.lifetime_earned, transfer_seq = u.transfer_seq, event_seq = u.event_seq,
    head_hash = u.head_hash, last_recorded_at = u.last_recorded_at, next_due_at = u.next_due_at,
    last_purchase_at = u.last_purchase_at
FROM {BALANCE_ROW.unnested("u")}
WHERE b.member_id = u.member_id AND b.event_seq = u.seen_event_seq
"""


async def lock_balances(connection: Connection, member_ids: Collection[UUID]) -> list[Any]:
    """Locks the members' balance rows, in the order of their ids: the only place that locks members."""
    return await connection.fetch(_LOCK, sorted(member_ids))


def due_members(rows: Iterable[Any], now: datetime) -> list[UUID]:
    """Those of the balance rows for whom something may be due at ``now``."""
    balances = (Balance(tuple(row)) for row in rows)
    return [each.member_id for each in balances if each.next_due_at is not None and each.next_due_at <= now]


def balances_ask(members: Values) -> Ask:
    """Asks for the members' balance rows without a lock: for what is never written, or checked when it is."""
    return Ask(_PEEK, (members,))


def no_points(member_id: UUID, program_id: UUID) -> Balance:
    """The balance of a member to whom nothing has happened yet."""
    return Balance((member_id, program_id, 0, 0, 0, 0, 0, 0, 0, NO_HASH, None, None, None))


async def open_balances(connection: Connection, *, member_ids: Collection[UUID], program_id: UUID) -> list[Balance]:
    """The empty balances of members who were just enrolled, each with the enrolment as event 1."""
    balances = [no_points(member_id, program_id) for member_id in member_ids]
    for balance in balances:
        balance.next_event()
    numbers = ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 1))
    await connection.executemany(
        f"INSERT INTO balances ({', '.join(_COLUMNS)}) VALUES ({numbers})",
        [[getattr(balance, name) for name in _COLUMNS] for balance in balances],
    )
    return balances
