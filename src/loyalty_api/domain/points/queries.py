"""Reads of the ledger: balances, what expires when, and the history of a member.

What is due and not booked yet is subtracted: a read settles in memory, by the same verb as the next write will.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from sqlalchemy import select, tuple_

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance, balances_ask, due_members
from loyalty_api.domain.points.holds import holds_ask
from loyalty_api.domain.points.lots import Draw, Lot, open_lots_ask
from loyalty_api.domain.points.model import transfers
from loyalty_api.domain.points.post import Book, make_book
from loyalty_api.domain.points.settle import settle
from loyalty_api.kernel.clock import EPOCH, microseconds
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key
from loyalty_api.kernel.together import ask, ask_together


class Points(msgspec.Struct, frozen=True):
    """A member's points by state. ``available`` is what may be spent; a debt is taken off."""

    available: int
    pending: int
    reserved: int
    lifetime_earned: int


class Expiring(msgspec.Struct, frozen=True):
    """Points that expire at one instant; ``lot_id``: the newest of their lots."""

    points: int
    at: datetime
    lot_id: UUID


async def points_of(
    connection: Connection, member_ids: Collection[UUID], *, zone: ZoneInfo, now: datetime
) -> dict[UUID, Points]:
    """The points of members of one program at ``now``, its present, in one statement; two when something is due."""
    rows = await ask(connection, balances_ask(list(member_ids)))
    due = due_members(rows, now)
    book = await _book(connection, rows, due, zone)
    for member_id in due:
        settle(book, book.balances[member_id], now=now)
    return {member_id: _points(balance) for member_id, balance in book.balances.items()}


async def points_and_expiring(
    connection: Connection, *, member_id: UUID, zone: ZoneInfo, now: datetime, until: datetime
) -> tuple[Points, list[Expiring]]:
    """A member's points at ``now``, the program's present, and what expires after it and up to ``until``, earliest
    first."""
    rows = await ask(connection, balances_ask([member_id]))
    book = await _book(connection, rows, [member_id], zone)
    return settled_points(book, book.balances[member_id], now=now, until=until)


def settled_points(book: Book, balance: Balance, *, now: datetime, until: datetime) -> tuple[Points, list[Expiring]]:
    """The same of a book in memory (pure), whose member's lots are known."""
    settle(book, balance, now=now)
    lots = book.lots(balance)
    by_instant: dict[datetime, list[Lot]] = {}
    for lot in lots.spendable(balance):
        at = lot.ends(balance, lots.zone)
        if at <= until:
            by_instant.setdefault(at, []).append(lot)
    return _points(balance), [
        Expiring(sum(lot.free for lot in ending), at, max(lot.lot_id for lot in ending))
        for at, ending in by_instant.items()
    ]


async def _book(connection: Connection, rows: list, members: list[UUID], zone: ZoneInfo) -> Book:
    asks = {"lots": open_lots_ask(members), "holds": holds_ask(members)}
    asked = await ask_together(connection, asks) if members else {"lots": [], "holds": []}
    return make_book(rows, **asked, of=members, zones={row["program_id"]: zone for row in rows})


def _points(balance: Balance) -> Points:
    return Points(balance.available, balance.pending, balance.reserved, balance.lifetime_earned)


_DRAWS = """
SELECT transfer_seq, lot_id, points FROM draws WHERE member_id = $1 AND transfer_seq = ANY($2::bigint[])
UNION ALL
SELECT transfer_seq, origin_lot_id, points FROM lots
WHERE member_id = $1 AND origin_member_id = $1 AND transfer_seq = ANY($2::bigint[])
ORDER BY transfer_seq, lot_id
"""


async def read_draws(
    connection: Connection, *, member_id: UUID, transfer_seqs: Collection[int]
) -> dict[int, list[Draw]]:
    """Which lots the member's transfers took points from or gave them back to, by transfer, in the order of the lots.

    What was given back after its lot had expired is told of that lot.
    """
    found: dict[int, list[Draw]] = {seq: [] for seq in transfer_seqs}
    for row in await connection.fetch(_DRAWS, member_id, list(transfer_seqs)):
        found[row["transfer_seq"]].append(Draw(row["lot_id"], row["points"]))
    return found


_EXPIRED = """
SELECT COALESCE(sum(d.points), 0)::bigint
FROM lots l
JOIN transfers made ON made.member_id = l.member_id AND made.seq = l.transfer_seq
JOIN draws d ON d.member_id = l.member_id AND d.lot_id = l.lot_id
JOIN transfers t ON t.member_id = d.member_id AND t.seq = d.transfer_seq AND t.kind = 'expire'
WHERE l.member_id = ANY($1::uuid[]) AND COALESCE(l.earned_for, made.cause_id) = $2
"""


async def expired_of(connection: Connection, *, member_ids: Collection[UUID], earned_for: UUID) -> int:
    """How many of the points that were earned for a purchase have expired with these members, as far as that is
    booked."""
    return await connection.fetchval(_EXPIRED, list(member_ids), earned_for)


class Place(NamedTuple):
    """Where a page of a history ended."""

    recorded_at: datetime
    member_id: UUID
    seq: int

    def __str__(self) -> str:
        return f"{microseconds(self.recorded_at)} {self.member_id} {self.seq}"


def read_place(text: str) -> Place:
    """The place as it was written. Raises ValueError."""
    instant, member_id, seq = text.split(" ")
    return Place(
        EPOCH + timedelta(microseconds=max(0, min(int(instant), 2**57))), UUID(member_id), max(0, min(int(seq), 2**62))
    )


async def history(connection: Connection, *, member_ids: Collection[UUID], page: Page) -> list[asyncpg.Record]:
    """The transfers of a member and of whoever is an alias of theirs, newest first; one more than the page when there
    are more."""
    newest = (transfers.c.recorded_at.desc(), transfers.c.member_id.desc(), transfers.c.seq.desc())
    statement = select(transfers).where(transfers.c.member_id.in_(member_ids)).limit(page.limit + 1)
    before = page_key(page, read_place)
    if len(member_ids) == 1:  # its own order, by the key
        statement = statement.order_by(transfers.c.seq.desc())
        return await fetch(connection, statement.where(transfers.c.seq < before.seq) if before else statement)
    if before is not None:
        statement = statement.where(tuple_(*(each.element for each in newest)) < tuple_(*before))
    return await fetch(connection, statement.order_by(*newest))


def place_of(row: asyncpg.Record) -> Place:
    """Where a page that ends with this transfer ended."""
    return Place(row["recorded_at"], row["member_id"], row["seq"])


def account_name(number: int) -> str:
    """The account as people read it: ``spendable``, ``issued``."""
    return Account(number).name.lower()
