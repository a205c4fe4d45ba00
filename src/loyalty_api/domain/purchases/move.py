"""Moving a purchase that was posted for the wrong member: as if it never was theirs, and decided anew for the other.

Two records: the one is voided, another is made as of the same time, by the other's tier of then. The reference stands
for the new one from then on, and is answered what it was answered first. Coupons that were used stay used.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import claim_moved
from loyalty_api.domain.members.identify import read_found
from loyalty_api.domain.members.presented import MemberRef, People, Presented, read_presented, who_asks
from loyalty_api.domain.members.queries import ever_known_as, everyone, memberships_ask, read_memberships
from loyalty_api.domain.members.status import check_not_erased
from loyalty_api.domain.points.balance import lock_balances
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.again import read_again
from loyalty_api.domain.purchases.command import Moved, Purchase, PurchaseLine, RecordPurchase
from loyalty_api.domain.purchases.desk import key_of
from loyalty_api.domain.purchases.events import MOVED, PurchaseMoved, encode_event
from loyalty_api.domain.purchases.gather import gather_locked
from loyalty_api.domain.purchases.give_back import read_paid
from loyalty_api.domain.purchases.move_answer import encode_move
from loyalty_api.domain.purchases.record import write_desk
from loyalty_api.domain.purchases.refusals import (
    PurchaseHasRedemptions,
    PurchaseHasReturns,
    PurchaseNotFound,
    PurchaseSameMember,
    PurchaseVoided,
)
from loyalty_api.domain.purchases.refusals import PurchaseMoved as MovedAlready
from loyalty_api.domain.purchases.return_command import PurchaseRef
from loyalty_api.domain.purchases.returns import VOID, find_purchase, read_as_named, returns_of
from loyalty_api.domain.purchases.void import void_purchase
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.kernel.together import Sql, ask, ask_together

_CAME = """
SELECT DISTINCT waits_for, available_at FROM lots
WHERE member_id = ANY($1::uuid[]) AND earned_for = $2 AND waits_for IS NOT NULL AND available_at IS NOT NULL
ORDER BY available_at, waits_for
"""
# What of the row is as the till sent it.
_AS_SENT = ("reference", "source", "occurred_at", "currency", "total_minor", "store", "employee", "channel")

_coupons = msgspec.json.Decoder(list[str])
_lines = msgspec.json.Decoder(list[PurchaseLine] | None)


class MovePurchase(msgspec.Struct, frozen=True, kw_only=True):
    """The command: which purchase goes to whom, who asks for it, and when that arrived (the real present)."""

    program_id: UUID
    purchase_id: UUID
    member: MemberRef
    received_at: datetime
    key_id: UUID
    actor: str


async def move_purchase(connection: Connection, catalogue: Catalogue, command: MovePurchase) -> Answered:
    """The answer; where the purchase is the member's already because it was moved, the same again. In a transaction.

    Refuses: PurchaseNotFound, PurchaseVoided, PurchaseMoved (to someone else), PurchaseSameMember, PurchaseHasReturns,
    PurchaseHasRedemptions, MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased,
    BeforeEnrolment, OutOfRange, InvalidRequest (the identifier cannot be read).
    """
    program = await catalogue.one(connection, command.program_id)
    presented = read_presented(command.member, program, program.present(command.received_at))
    if isinstance(presented, Refusal):
        raise presented
    row = await read_as_named(connection, program_id=program.id, purchase_id=command.purchase_id)
    if row is None:
        raise PurchaseNotFound(f"There is no purchase {command.purchase_id} in this program.")
    people = await _people(connection, presented)
    present = await _where_now(connection, row)
    if present["purchase_id"] != row["purchase_id"]:
        return await _again(connection, row, present, people.meant(presented, program.id))
    member_id = people.admit(presented, program.id)
    owner = await everyone(connection, program_id=program.id, member_id=row["member_id"])
    await lock_balances(connection, {owner[0], row["member_id"], member_id})
    if (await _where_now(connection, row))["purchase_id"] != row["purchase_id"]:
        raise RaceLost  # who held the lock has moved it
    await _check(connection, row, owner, member_id)
    moved = Moved(row["answer"], read_again(row, program.zone).evidence.coupons, await _came(connection, row))
    await void_purchase(
        connection,
        catalogue,
        program_id=program.id,
        purchase_id=row["purchase_id"],
        received_at=command.received_at,
        actor=command.actor,
    )
    await _record(connection, catalogue, command, row, member_id, moved)
    return Answered(await _tell(connection, row, await _where_now(connection, row)), replayed=False)


async def _people(connection: Connection, presented: Presented) -> People:
    asks = {"memberships": memberships_ask(Sql("ARRAY(SELECT member_id FROM chosen)"))}
    rows = await ask_together(connection, asks, first=who_asks([presented]))
    return People(read_found(rows["found"]), read_memberships(rows["memberships"]))


async def _where_now(connection: Connection, row: asyncpg.Record) -> asyncpg.Record:
    named = PurchaseRef(id=row["purchase_id"])
    return await find_purchase(connection, program_id=row["program_id"], named=named)


async def _again(
    connection: Connection, row: asyncpg.Record, present: asyncpg.Record, member_id: UUID | None
) -> Answered:
    """The answer once more, where the purchase was moved to the member. Refuses: PurchaseMoved."""
    owner = await everyone(connection, program_id=row["program_id"], member_id=present["member_id"])
    if member_id not in owner:
        where = f"to {present['member_id']}, as purchase {present['purchase_id']}"
        raise MovedAlready(f"This purchase was moved already, {where}; move that one.")
    return Answered(await _tell(connection, row, present), replayed=True)


async def _check(connection: Connection, row: asyncpg.Record, owner: list[UUID], member_id: UUID) -> None:
    """That the purchase can be moved, behind the locks; ``owner``: everyone who its member is."""
    named = {"member_id": row["member_id"], "purchase_id": row["purchase_id"]}
    if owner != await everyone(connection, program_id=row["program_id"], member_id=row["member_id"]):
        raise RaceLost
    of = read_memberships(await ask(connection, memberships_ask([row["member_id"]])))[row["member_id"]]
    check_not_erased(of.status)
    if member_id in owner:
        raise PurchaseSameMember("This purchase is the member's already.")
    earlier = await returns_of(connection, **named)
    if any(each["kind"] == VOID for each in earlier):
        raise PurchaseVoided("This purchase was voided; nothing of it is left to move.")
    if earlier:
        raise PurchaseHasReturns("A part of this purchase went back: return the rest, and post what is left anew.")
    if await read_paid(connection, **named):
        raise PurchaseHasRedemptions("This purchase was paid with its member's points: return or void it instead.")


async def _came(connection: Connection, row: asyncpg.Record) -> list[tuple[str, datetime]]:
    """The events that points of the purchase waited for, and when they occurred."""
    ever = await ever_known_as(connection, program_id=row["program_id"], member_id=row["member_id"])
    return [(each[0], each[1]) for each in await connection.fetch(_CAME, ever, row["purchase_id"])]


async def _record(
    connection: Connection,
    catalogue: Catalogue,
    command: MovePurchase,
    row: asyncpg.Record,
    member_id: UUID,
    moved: Moved,
) -> None:
    """Makes the new record, whose the reference is from then on."""
    purchase = Purchase(
        member=command.member,
        lines=_lines.decode(row["lines"]),
        coupons=_coupons.decode(row["coupons"]),
        **{name: row[name] for name in _AS_SENT},
    )
    record = RecordPurchase(
        program_id=command.program_id,
        purchase=purchase,
        content_hash=b"",  # the reference keeps that of its first request
        received_at=command.received_at,
        key_id=command.key_id,
        store=row["store"],
        moved=moved,
    )
    desk = await gather_locked(connection, catalogue, [record])
    decided = desk.take_moved(record, desk.presented[0])
    if decided.balance.member_id != member_id:
        raise RaceLost
    cause = decided.cause
    told = PurchaseMoved(cause.id, member_id, row["purchase_id"], row["member_id"], command.actor)
    desk.book.tell(decided.balance, MOVED, encode_event(told), cause._replace(occurred_at=cause.recorded_at))
    claim = claim_moved(key_of(record), from_record=row["purchase_id"], member_id=member_id, record_id=cause.id)
    await write_desk(connection, desk, claim)


async def _tell(connection: Connection, old: asyncpg.Record, new: asyncpg.Record) -> bytes:
    rows = await returns_of(connection, member_id=old["member_id"], purchase_id=old["purchase_id"])
    return encode_move(old, rows[-1], new)
