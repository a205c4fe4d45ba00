"""Notices of expiry: each lot that is about to expire is told once, as an event, before it is gone.

Told is what is left of the lot then. Where a purchase put the end of a lot off, the new end is told in its time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.events import NOTICE, ExpiryNotice, encode_event
from loyalty_api.domain.points.lots import Lot
from loyalty_api.domain.points.post import Book, Cause, open_book
from loyalty_api.domain.points.settle_due import PAGE, Place
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.clock import add_days, local_date, start_of_day
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import columns

_SOON = """
SELECT next_due_at, member_id FROM balances
WHERE program_id = $1 AND next_due_at < $2 AND (next_due_at, member_id) > ($3, $4)
ORDER BY next_due_at, member_id LIMIT $5
"""
_GIVEN = "SELECT member_id, lot_id, expires_at FROM expiry_notices WHERE member_id = ANY($1::uuid[])"
_GIVE = """
INSERT INTO expiry_notices (member_id, lot_id, expires_at, program_id, noticed_at)
SELECT u.*, $4, $5 FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u
"""


def notice_ends(program: Program, now: datetime) -> datetime:
    """What expires before this instant is noticed now: the start of the day behind the program's ``notice_days``."""
    days = program.version_at(now).document.points.notice_days
    return start_of_day(add_days(local_date(now, program.zone), days + 1), program.zone)


async def give_notices(
    connection: Connection, program: Program, *, now: datetime, after: Place, limit: int = PAGE
) -> tuple[int, Place | None]:
    """Gives the notices of a page of members; (how many lots were noticed, where the next page begins)."""
    until = notice_ends(program, now)
    rows = await connection.fetch(_SOON, program.id, until, *after, limit)
    if not rows:
        return 0, None
    members = [row["member_id"] for row in rows]
    book = await open_book(connection, members, {program.id: program.zone})
    given = {tuple(row) for row in await connection.fetch(_GIVEN, members)}
    noticed = [row for balance in book.balances.values() for row in _notice(book, balance, given, now=now, until=until)]
    if noticed:
        await connection.execute(_GIVE, *columns(noticed), program.id, now)
        await book.write(connection)
    return len(noticed), tuple(rows[-1]) if len(rows) == limit else None


def _notice(
    book: Book, balance: Balance, given: Collection[tuple], *, now: datetime, until: datetime
) -> list[tuple[UUID, UUID, datetime]]:
    """One event for each instant at which lots of the member expire; the lots, as they are remembered."""
    lots = book.lots(balance)
    soon: dict[datetime, list[Lot]] = defaultdict(list)
    for lot in lots.spendable(balance):
        ends_at = lot.ends(balance, lots.zone)
        if now < ends_at < until and (balance.member_id, lot.lot_id, ends_at) not in given:
            soon[ends_at].append(lot)
    for ends_at, ending in soon.items():
        told = ExpiryNotice([lot.lot_id for lot in ending], sum(lot.free for lot in ending), ends_at)
        recorded_at = balance.record_at(now)
        book.tell(balance, NOTICE, encode_event(told), Cause("notice", new_id(), recorded_at, recorded_at))
    return [(balance.member_id, lot.lot_id, ends_at) for ends_at, ending in soon.items() for lot in ending]
