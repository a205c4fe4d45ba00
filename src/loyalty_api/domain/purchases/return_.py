"""Taking a return: what its part of the purchase earned is taken back, exactly once, behind the member's lock."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import Claim, Key, claims_ask, claims_change, read_claims
from loyalty_api.domain.earning.carry import carries_ask, read_carries
from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.gather import window_now
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, ever_known_as, everyone
from loyalty_api.domain.points.hand_over import record_together
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.queries import expired_of
from loyalty_api.domain.points.settle import open_settled, plan
from loyalty_api.domain.points.take_back import TakenBack, take_back
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.again import read_again
from loyalty_api.domain.purchases.decide_return import Before, decide_return, sum_up
from loyalty_api.domain.purchases.events import RETURNED, VOIDED
from loyalty_api.domain.purchases.give_back import Given, Paid, give_paid_back, lots_of, read_paid
from loyalty_api.domain.purchases.queries import last_other_purchase_at
from loyalty_api.domain.purchases.refusals import (
    PurchaseVoided,
    ReturnBeyondPurchase,
    ReturnOutOfTime,
    ReturnReferenceReused,
)
from loyalty_api.domain.purchases.return_command import RecordReturn
from loyalty_api.domain.purchases.return_receipt import Case, make_answer, make_event, make_row
from loyalty_api.domain.purchases.returned_lines import Part, add_up, parts_of_amount, parts_of_lines, rest_of
from loyalty_api.domain.purchases.returns import (
    VOID,
    find_purchase,
    read_return,
    return_change,
    returns_of,
)
from loyalty_api.domain.rewards.redeem_reached import redeem_beside
from loyalty_api.domain.tiers.standing import read_standings, standings_ask, standings_changes
from loyalty_api.kernel.clock import local_date, rfc3339
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.kernel.together import ask, change_together


async def record_return(connection: Connection, catalogue: Catalogue, command: RecordReturn) -> Answered:
    """The answer, fresh or the first one told again. In a transaction.

    Refuses: PurchaseNotFound, ReturnReferenceReused, ReturnBeyondPurchase, ReturnOutOfTime, PurchaseVoided.
    """
    program = await catalogue.one(connection, command.program_id)
    key = key_of(command)
    first = await _first_answer(connection, key, command)
    if first is not None:
        return first
    row = await find_purchase(connection, program_id=program.id, named=command.asked.purchase)
    _check_place(row, command)
    paid = await read_paid(connection, member_id=row["member_id"], purchase_id=row["purchase_id"])
    now = program.present(command.received_at)
    known = await everyone(connection, program_id=program.id, member_id=row["member_id"])
    members = {known[0], row["member_id"]}  # who has the points, and whose purchase it was: two since a merge
    book = await open_settled(connection, program, members, now=now, lot_ids=lots_of(paid))
    if known != await everyone(connection, program_id=program.id, member_id=row["member_id"]):
        raise RaceLost
    first = await _first_answer(connection, key, command)  # who held the lock may have been this very return
    if first is not None:
        return first
    case = await _decide(connection, program, row, command, book, known, paid)
    given = _give_back(case)
    taken = await _take_back(connection, case)
    beside = await redeem_beside(connection, program, book, [case.balance.member_id], now=now)
    answer = make_answer(case, taken, given)
    event = make_event(case, taken, given)
    case.book.tell(case.owner, VOIDED if command.kind == VOID else RETURNED, event, case.cause)
    owner_id = case.owner.member_id
    await _look_back(connection, case)
    carries = read_carries(await ask(connection, carries_ask([owner_id])))
    changed = {rule: carries.rest(owner_id, rule) + change for rule, change in case.due.carry_change.items()}
    carries.keep(program.id, owner_id, changed)
    record = Claim(owner_id, case.cause.id, command.content_hash)
    await change_together(
        connection,
        [
            *claims_change({key: record}),
            *case.book.changes(),
            return_change(make_row(case, taken, given, answer)),
            *standings_changes(case.standings),
            *carries.changes(),
            *beside,
        ],
    )
    return Answered(answer, replayed=False)


def key_of(command: RecordReturn) -> Key:
    """What makes the return's reference unique; a purchase is voided once."""
    asked = command.asked
    if command.kind == VOID:
        return Key(command.program_id, VOID, "", asked.reference)
    return Key(command.program_id, "return", asked.source, asked.reference)


async def _first_answer(connection: Connection, key: Key, command: RecordReturn) -> Answered | None:
    """What was answered to this reference first; None: it is new. Refuses: ReturnReferenceReused."""
    claim = read_claims(await ask(connection, claims_ask([key]))).get(key)
    if claim is None:
        return None
    if claim.content_hash != command.content_hash:
        raise ReturnReferenceReused("This reference was used for another return; use a fresh one.")
    if command.kind == VOID:
        found = await find_purchase(connection, program_id=command.program_id, named=command.asked.purchase)
        _check_place(found, command)
    first = await read_return(connection, program_id=command.program_id, return_id=claim.record_id)
    return Answered(first["answer"], replayed=True)


def _check_place(row: asyncpg.Record, command: RecordReturn) -> None:
    """Raises RaceLost when the purchase that is to be voided has just been moved: it is voided where it is then."""
    if command.kind == VOID and row["purchase_id"] != command.asked.purchase.id:
        raise RaceLost


def _occurred_at(row: asyncpg.Record, command: RecordReturn, now: datetime) -> datetime:
    """When the goods went back. Refuses: ReturnOutOfTime; a void has no time of its own."""
    asked = command.asked
    if command.kind == VOID:
        return max(asked.occurred_at, row["occurred_at"])
    if asked.occurred_at > now + CLOCKS_APART_MAX:
        ahead = f"is more than five minutes ahead of the program's present, {rfc3339(now)}"
        raise ReturnOutOfTime.of(FieldError("occurred_at", ahead))
    if asked.occurred_at < row["occurred_at"]:
        raise ReturnOutOfTime.of(FieldError("occurred_at", f"is before the purchase, {rfc3339(row['occurred_at'])}"))
    return asked.occurred_at


async def _decide(
    connection: Connection,
    program: Program,
    row: asyncpg.Record,
    command: RecordReturn,
    book: Book,
    known: list[UUID],
    paid: list[Paid],
) -> Case:
    asked, now = command.asked, program.present(command.received_at)
    occurred_at = _occurred_at(row, command, now)
    member_id: UUID = row["member_id"]
    owner, balance = book.balances[member_id], book.balances[known[0]]
    earlier = await returns_of(connection, member_id=member_id, purchase_id=row["purchase_id"])
    if any(each["kind"] == VOID for each in earlier):
        found = await find_purchase(connection, program_id=program.id, named=asked.purchase)
        if found["purchase_id"] != row["purchase_id"]:
            raise RaceLost  # who held the lock has moved it
        raise PurchaseVoided("This purchase was voided; nothing of it is left to return.")
    again = read_again(row, program.zone)
    before = sum_up(earlier, dict(again.evidence.rests))
    back = add_up(again.lines, before.parts)
    if asked.lines is not None:
        parts = parts_of_lines(again.lines, back, asked.lines)
    elif asked.amount_minor is not None:
        parts = parts_of_amount(again.lines, back, asked.amount_minor)
    else:
        parts = rest_of(again.lines, back)
    _check_whole(row, before, parts, command)
    if row["total_minor"] and sum(part.amount_minor for part in (*before.parts, *parts)) == row["total_minor"]:
        parts = rest_of(again.lines, back)  # all the money is back: so are lines that cancel each other out
    windows = {program.id: window_now(program, now)}
    standings = read_standings(await ask(connection, standings_ask([*book.balances], windows)), windows)
    due = decide_return(
        row,
        again,
        compile_version(program, program.version(row["version"])),
        before,
        parts,
        zone=program.zone,
        tiers=program.version_at(row["recorded_at"]).document.tiers,
    )
    cause = Cause("return", new_id(), occurred_at, record_together(book, [*book.balances], now))
    told = [standings[each] for each in dict.fromkeys((known[0], member_id))]
    return Case(
        *(command, program, row, earlier, before, parts, due, paid, book, balance),
        owner=owner,
        standings=told,
        cause=cause,
    )


async def _look_back(connection: Connection, case: Case) -> None:
    """A purchase of which nothing stands puts the end of points off no more: the one before it does."""
    amount = sum(part.amount_minor for part in (*case.before.parts, *case.parts))
    if case.command.kind != VOID and (amount < case.row["total_minor"] or not amount):
        return
    if case.owner.last_purchase_at == case.row["occurred_at"]:
        last = await last_other_purchase_at(
            connection, member_id=case.owner.member_id, purchase_id=case.row["purchase_id"]
        )
        case.owner.last_purchase_at = last
        plan(case.book, case.owner)


def _check_whole(row: asyncpg.Record, before: Before, parts: list[Part], command: RecordReturn) -> None:
    """No more goes back than was paid, also where lines of discounts stay; and something does."""
    left = row["total_minor"] - sum(part.amount_minor for part in before.parts)
    amount = sum(part.amount_minor for part in parts)
    field = "lines" if command.asked.lines is not None else "all"
    if not parts and command.kind != VOID:
        raise ReturnBeyondPurchase.of(FieldError(field, "nothing of the purchase is left to return"))
    if not 0 <= amount <= left:
        raise ReturnBeyondPurchase.of(FieldError(field, f"come to {amount}, of {left} that can still be returned"))


def _give_back(case: Case) -> list[Given]:
    """Books what had paid for the part."""
    settings = case.program.version_at(case.cause.recorded_at).document.points
    return give_paid_back(
        case.book,
        case.balance,
        case.paid,
        case.earlier,
        amount_minor=sum(part.amount_minor for part in (*case.before.parts, *case.parts)),
        total_minor=case.row["total_minor"],
        grace_days=settings.return_grace_days,
        cause=case.cause,
        of=case.owner,
    )


async def _take_back(connection: Connection, case: Case) -> TakenBack:
    """Books what is due, as the program's policy has it, and takes the purchase's part out of the tier's day."""
    book, balance, due = case.book, case.balance, case.due
    purchase_id = case.row["purchase_id"]
    ever = await ever_known_as(connection, program_id=case.program.id, member_id=case.owner.member_id)
    expired = await expired_of(connection, member_ids=ever, earned_for=purchase_id)
    policy = case.program.version_at(case.cause.recorded_at).document.points.on_return
    taken = take_back(
        book,
        balance,
        due.points,
        earned_for=purchase_id,
        expired=max(0, expired - case.before.points_expired),
        policy=policy,
        cause=case.cause,
    )
    plan(book, balance)
    for standing in case.standings if due.tier_value else ():
        standing.count(
            None,
            value=-due.tier_value,
            day=local_date(case.row["occurred_at"], case.program.zone),
            occurred_at=case.row["occurred_at"],
            recorded_at=case.cause.recorded_at,
        )
    return taken
