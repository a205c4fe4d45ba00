"""Undoing a merge: the alias is a member again, with what is left of what came over, lot by lot.

What was spent or has expired since cannot be split, and neither can a debt that was taken on. What happened since
stays with the survivor. The alias holds the tier of before; the survivor's is reviewed in the next night.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.earning.gather import window_now
from loyalty_api.domain.lifecycle.merge_events import UNMERGED, MemberUnmerged, encode_event
from loyalty_api.domain.lifecycle.merge_members import CAUSE
from loyalty_api.domain.lifecycle.merge_refusals import MergeNotFound
from loyalty_api.domain.members.queries import memberships_ask, read_memberships
from loyalty_api.domain.members.set_status import set_status
from loyalty_api.domain.members.status import ACTIVE, check_not_erased
from loyalty_api.domain.points.hand_over import hand_over, record_together
from loyalty_api.domain.points.post import Cause, open_book
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.queries import days_of
from loyalty_api.domain.tiers.review import resume_review
from loyalty_api.domain.tiers.standing import read_standings, standings_ask, standings_changes
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import ask, change_together

_FIND = "SELECT * FROM merges WHERE program_id = $1 AND merge_id = $2"
# Open lots that came over, and those that returns of the alias's purchases gave back since.
_OPEN = """
SELECT l.lot_id FROM lots l JOIN transfers t ON t.member_id = l.member_id AND t.seq = l.transfer_seq
WHERE l.member_id = $1 AND l.origin_member_id = $2 AND l.remaining > 0
  AND (t.cause_id = $3 OR t.cause_kind = 'return' AND t.recorded_at >= $4)
"""
_CLAIMS = """
UPDATE identifier_claims c SET member_id = $2 FROM member_identifiers i
WHERE i.member_id = $2 AND c.program_id = $1 AND c.kind = i.kind AND c.value = i.value AND c.member_id = $3
"""
_ALIAS = "UPDATE members SET merged_into = NULL WHERE member_id = $1"
_SURVIVOR = "UPDATE members SET aliases = NULLIF(array_remove(aliases, $2), '{}') WHERE member_id = $1"
_UNDONE = """
UPDATE merges SET undone_at = $3, undone_by = $4, points_returned = $5, lots_returned = $6
WHERE member_id = $1 AND merge_id = $2
"""


class Unmerged(msgspec.Struct, frozen=True):
    """What went back to the alias, in so many lots, and how many of the points that had come over could not."""

    merge_id: UUID
    survivor_id: UUID
    alias_id: UUID
    points: int
    lots: int
    not_split: int


async def unmerge_members(
    connection: Connection, program: Program, *, merge_id: UUID, now: datetime, actor: str
) -> Unmerged:
    """Undoes a merge; one that is undone is answered as it is. ``now``: the program's present.

    Refuses: MergeNotFound, MemberErased.
    """
    found = await _find(connection, program.id, merge_id)
    if found["undone_at"] is not None:
        return _told(found, found["points_returned"], found["lots_returned"])
    survivor_id, alias_id = found["member_id"], found["alias_id"]
    book = await open_book(connection, [survivor_id, alias_id], {program.id: program.zone})
    known = read_memberships(await ask(connection, memberships_ask([survivor_id, alias_id])))
    for each in known.values():
        check_not_erased(each.status)
    found = await _find(connection, program.id, merge_id)
    if found["undone_at"] is not None:
        return _told(found, found["points_returned"], found["lots_returned"])
    survivor, alias = book.balances[survivor_id], book.balances[alias_id]
    settle(book, survivor, now=now)
    at = record_together(book, [survivor_id, alias_id], now)
    cause = Cause(CAUSE, merge_id, at, at)
    came = {row["lot_id"] for row in await connection.fetch(_OPEN, survivor_id, alias_id, merge_id, found["merged_at"])}
    parts = [(lot, lot.free) for lot in book.lots(survivor) if lot.lot_id in came and lot.free]
    points = hand_over(book, survivor, alias, parts, kind="merge", cause=cause)
    undone = _told(found, points, len(parts))
    told = MemberUnmerged(merge_id, alias_id, survivor_id, points, len(parts), undone.not_split, actor)
    for balance in (survivor, alias):
        book.tell(balance, UNMERGED, encode_event(told), cause)
    windows = {program.id: window_now(program, at)}
    standing = read_standings(await ask(connection, standings_ask([survivor_id], windows)), windows)[survivor_id]
    standing.absorb(await days_of(connection, member_id=alias_id), sign=-1)
    await change_together(connection, [*book.changes(), *standings_changes([standing])])
    await connection.execute(_CLAIMS, program.id, alias_id, survivor_id)
    named = {"program_id": program.id, "member_id": alias_id}
    await set_status(connection, **named, status=ACTIVE, reason=None, now=at, actor=actor)
    await resume_review(connection, alias_id)
    await connection.execute(_ALIAS, alias_id)
    await connection.execute(_SURVIVOR, survivor_id, alias_id)
    await connection.execute(_UNDONE, survivor_id, merge_id, at, actor, points, len(parts))
    return undone


async def _find(connection: Connection, program_id: UUID, merge_id: UUID) -> asyncpg.Record:
    row = await connection.fetchrow(_FIND, program_id, merge_id)
    if row is None:
        raise MergeNotFound(f"There is no merge {merge_id} in this program.")
    return row


def _told(found: asyncpg.Record, points: int, lots: int) -> Unmerged:
    not_split = max(0, found["points"] - points)
    return Unmerged(found["merge_id"], found["member_id"], found["alias_id"], points, lots, not_split)
