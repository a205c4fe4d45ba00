"""Erasing a member: what is personal goes, wherever it is; what the books rest on stays and names nobody.

- Profile, attributes, identifiers, consents, reasons given by staff, data sent with events, and what was kept under
  Idempotency-Keys are emptied or removed, in one transaction (see ``personal_data.py``).
- Identifiers are freed, not kept as hashes: a hash of a phone number is that number to whoever holds the key. So an
  erased card, blocked or not, is refused as one that nobody is known by, and a phone number that was given to somebody
  else may be enrolled by them. Nothing of the erased member is theirs: points, history and receipts stay under an id
  that no identifier leads to, and a receipt from before the new enrolment is not theirs either.
- A receipt of the erased member, sent once more with its card, finds its reference taken and is refused; nothing is
  booked twice. Sent with the member's id, it is answered as it was first.
- The retry of an enrolment by its Idempotency-Key is a new enrolment, as it is after 30 days.
- Points that are left mature and expire as ever. Purchases, returns, transfers and events of the outbox stay: they
  hold ids, codes, amounts and instants.
- Old versions of rows leave the database's files with its next vacuum, and backups with their own retention.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.lifecycle.change_status import StatusChanged
from loyalty_api.domain.lifecycle.personal_data import CLAIMED, EMPTIED, EMPTIED_ELSEWHERE, REMOVED
from loyalty_api.domain.members.queries import everyone, memberships_ask, read_memberships
from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.members.set_status import set_status
from loyalty_api.domain.members.status import ERASED
from loyalty_api.domain.points.post import Book, Cause, open_book
from loyalty_api.domain.programs.queries import Program
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import ask

TYPE = "member.erased"

_LOCK_PROFILE = "SELECT 1 FROM member_profiles WHERE member_id = $1 FOR UPDATE"
_VALUES = "SELECT kind, value FROM member_identifiers WHERE member_id = $1"
_FREE = f"""
DELETE FROM {CLAIMED} c USING unnest($2::text[], $3::text[]) AS u (kind, value)
WHERE c.program_id = $1 AND c.kind = u.kind AND c.value = u.value AND c.member_id = ANY($4::uuid[])
"""


async def erase_member(connection: Connection, program: Program, *, member_id: UUID, now: datetime, actor: str) -> None:
    """Erases the member, and whoever is an alias of theirs; doing it again changes nothing. ``now``: the program's
    present. Refuses: MemberNotFound."""
    everybody = await everyone(connection, program_id=program.id, member_id=member_id)
    if not everybody:
        raise MemberNotFound(f"There is no member {member_id} in this program.")
    book = await open_book(connection, everybody, {program.id: program.zone})
    for each in everybody:
        await _erase(connection, program, book, each, everybody, now, actor)
    if everybody != await everyone(connection, program_id=program.id, member_id=member_id):
        raise RaceLost  # somebody was merged, or was not any more, while this waited for the locks
    await book.write(connection)


async def _erase(
    connection: Connection,
    program: Program,
    book: Book,
    member_id: UUID,
    everybody: list[UUID],
    now: datetime,
    actor: str,
) -> None:
    await connection.execute(_LOCK_PROFILE, member_id)
    found = read_memberships(await ask(connection, memberships_ask([member_id])))[member_id]
    if found.status == ERASED:
        return
    balance = book.balances[member_id]
    at = balance.record_at(now)
    named = {"program_id": program.id, "member_id": member_id}
    await set_status(connection, **named, status=ERASED, reason=None, now=at, actor=actor)
    identifiers = await connection.fetch(_VALUES, member_id)
    kinds, values = [row["kind"] for row in identifiers], [row["value"] for row in identifiers]
    await connection.execute(_FREE, program.id, kinds, values, everybody)
    for table, emptied in EMPTIED.items():
        to = ", ".join(f"{column} = {value}" for column, value in emptied.items())
        for whose in filter(None, ("member_id", EMPTIED_ELSEWHERE.get(table))):
            await connection.execute(f"UPDATE {table} SET {to} WHERE {whose} = $1", member_id)
    for table, whose in REMOVED.items():
        await connection.execute(f"DELETE FROM {table} WHERE {whose} = $1", member_id)
    book.tell(balance, TYPE, msgspec.json.encode(StatusChanged(actor)), Cause("status", new_id(), at, at))
