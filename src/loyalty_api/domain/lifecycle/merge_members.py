"""Merging two members who are one person: the one becomes an alias of the other, the survivor.

No row changes its member. Open lots move with their dates and remember where they were, and so does a debt. Whatever
leads to the alias leads to the survivor from then on: cards, ids, references, returns of what the alias bought. Tiers
go by what both bought; the higher one stays. A rest of a step that the alias carried, and how often they had a reward
or how much a cap gave them, stay with the alias.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.gather import window_now
from loyalty_api.domain.lifecycle.merge_events import MERGED, MemberMerged, encode_event
from loyalty_api.domain.lifecycle.merge_refusals import MergeNotPossible
from loyalty_api.domain.members.queries import Membership, memberships_ask, read_memberships
from loyalty_api.domain.members.refusals import MemberNotFound
from loyalty_api.domain.members.set_status import set_status
from loyalty_api.domain.members.status import MERGED as ALIAS
from loyalty_api.domain.members.status import check_active
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.hand_over import hand_over, record_together
from loyalty_api.domain.points.post import Book, Cause, open_book
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.redeem_reached import redeem_beside
from loyalty_api.domain.tiers.events import CHANGED, TierChanged
from loyalty_api.domain.tiers.events import encode_event as encode_tier
from loyalty_api.domain.tiers.queries import days_of
from loyalty_api.domain.tiers.review import pause_review
from loyalty_api.domain.tiers.rules import held_rank, rank_of
from loyalty_api.domain.tiers.standing import Standing, moves_changes, read_standings, standings_ask, standings_changes
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import ask, change_together

CAUSE = "merge"

_LOCK_PROFILES = "SELECT 1 FROM member_profiles WHERE member_id = ANY($1::uuid[]) ORDER BY member_id FOR UPDATE"
_CLAIMS = """
UPDATE identifier_claims c SET member_id = $3 FROM member_identifiers i
WHERE i.member_id = $2 AND c.program_id = $1 AND c.kind = i.kind AND c.value = i.value AND c.member_id = $2
"""
_ALIAS = "UPDATE members SET merged_into = $2, survivors = array_append(survivors, $2) WHERE member_id = $1"
_SURVIVOR = "UPDATE members SET aliases = array_append(aliases, $2) WHERE member_id = $1"
_KEEP = """
INSERT INTO merges (member_id, merge_id, program_id, alias_id, points, lots, debt, merged_at, merged_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Merged(msgspec.Struct, frozen=True):
    """What came over to the survivor, in so many lots."""

    merge_id: UUID
    survivor_id: UUID
    alias_id: UUID
    points: int
    lots: int


async def merge_members(
    connection: Connection, program: Program, *, member_id: UUID, into: UUID, now: datetime, actor: str
) -> Merged:
    """Makes the member an alias of ``into``. ``now``: the program's present.

    Refuses: MemberNotFound, MergeNotPossible (one of them is an alias, the member has aliases or reserved points),
    MemberSuspended, MemberClosed, MemberErased.
    """
    _check(await _memberships(connection, member_id, into), program, member_id, into)
    book = await open_book(connection, [member_id, into], {program.id: program.zone})
    await connection.execute(_LOCK_PROFILES, [member_id, into])
    _check(await _memberships(connection, member_id, into), program, member_id, into)
    alias, survivor = book.balances[member_id], book.balances[into]
    for balance in (alias, survivor):
        settle(book, balance, now=now)
    if alias.reserved:
        raise MergeNotPossible(f"{alias.reserved} points of the member are reserved: complete or cancel that before.")
    at = record_together(book, [member_id, into], now)
    cause = Cause(CAUSE, new_id(), at, at)
    parts = [(lot, lot.free) for lot in book.lots(alias) if lot.free]
    points, debt = hand_over(book, alias, survivor, parts, kind="merge", cause=cause), alias.debt
    _take_on(book, alias, survivor, debt, cause)
    told = MemberMerged(cause.id, member_id, into, points, len(parts), debt, actor)
    for balance in (alias, survivor):
        book.tell(balance, MERGED, encode_event(told), cause)
    standing = await _unite_tiers(connection, program, book, alias, survivor, cause)
    tiers = standings_changes([standing]) if standing.days else moves_changes([standing]) if standing.new_moves else ()
    beside = await redeem_beside(connection, program, book, [into], now=now)
    await change_together(connection, [*book.changes(), *tiers, *beside])
    await connection.execute(_CLAIMS, program.id, member_id, into)
    named = {"program_id": program.id, "member_id": member_id}
    await set_status(connection, **named, status=ALIAS, reason=None, now=at, actor=actor)
    await pause_review(connection, member_id)
    await connection.execute(_ALIAS, member_id, into)
    await connection.execute(_SURVIVOR, into, member_id)
    await connection.execute(_KEEP, into, cause.id, program.id, member_id, points, len(parts), debt, at, actor)
    return Merged(cause.id, into, member_id, points, len(parts))


async def _memberships(connection: Connection, *member_ids: UUID) -> dict[UUID, Membership]:
    return read_memberships(await ask(connection, memberships_ask(list(member_ids))))


def _check(found: dict[UUID, Membership], program: Program, member_id: UUID, into: UUID) -> None:
    for each in (member_id, into):
        known = found.get(each)
        if known is None or known.program_id != program.id:
            raise MemberNotFound(f"There is no member {each} in this program.")
        if known.status == ALIAS:
            raise MergeNotPossible(f"{each} was merged into {known.merged_into} already; name that one.")
        check_active(known.status, known.status_reason)
    if found[member_id].aliases:
        raise MergeNotPossible("Others were merged into this member: merge the other way round, or undo that before.")


def _take_on(book: Book, alias: Balance, survivor: Balance, debt: int, cause: Cause) -> None:
    """The survivor owes what the alias owed, and pays what can be paid."""
    if not debt:
        return
    book.post(survivor, "merge", Account.DEBT, Account.IN_TRANSIT, debt, cause)
    book.post(alias, "merge", Account.IN_TRANSIT, Account.DEBT, debt, cause)
    book.pay_debt(survivor, book.lots(survivor).spendable(survivor), cause)


async def _unite_tiers(
    connection: Connection, program: Program, book: Book, alias: Balance, survivor: Balance, cause: Cause
) -> Standing:
    """The survivor's standing with the days of both, at the highest tier that either held or both reach."""
    windows = {program.id: window_now(program, cause.recorded_at)}
    rows = await ask(connection, standings_ask([alias.member_id, survivor.member_id], windows))
    standings = read_standings(rows, windows)
    standing, other = standings[survivor.member_id], standings[alias.member_id]
    standing.absorb(await days_of(connection, member_id=alias.member_id), sign=1)
    tiers = program.version_at(cause.recorded_at).document.tiers
    if tiers is None:
        return standing
    rank = rank_of(tiers.levels, standing.tier)
    higher = max(rank, rank_of(tiers.levels, other.tier), held_rank(tiers.levels, standing.window_sum))
    if higher > rank:
        at = cause.recorded_at
        move = standing.move(tiers, higher, "merged", effective_at=at, recorded_at=at)
        first, last = standing.window
        told = TierChanged(move.from_tier, move.to_tier, "merged", tiers.measure, first, move.value, last)
        book.tell(survivor, CHANGED, encode_tier(told), cause)
    return standing
