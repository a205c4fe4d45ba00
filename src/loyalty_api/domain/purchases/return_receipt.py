"""What a decided return leaves behind: the answer, the row and the event (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg
import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer, tell_tier
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.take_back import TakenBack
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.purchases.decide_return import Before, Due
from loyalty_api.domain.purchases.events import PurchaseReturned, encode_event
from loyalty_api.domain.purchases.give_back import Given, Paid
from loyalty_api.domain.purchases.return_answer import LotBack, PointsBack, ReturnAnswer, RuleBack
from loyalty_api.domain.purchases.return_command import RecordReturn
from loyalty_api.domain.purchases.returned_lines import Part
from loyalty_api.domain.purchases.returns import VOID, ReturnRow, encode
from loyalty_api.domain.tiers.standing import Standing


class Case(NamedTuple):
    """All that a return is decided and booked with. ``owner``: whose purchase it was, an alias of who has the points
    (``balance``) since a merge; ``standings``: of the latter, and of the owner if that is another."""

    command: RecordReturn
    program: Program
    row: asyncpg.Record
    earlier: Sequence[asyncpg.Record]
    before: Before
    parts: list[Part]
    due: Due
    paid: Sequence[Paid]
    book: Book
    balance: Balance
    owner: Balance
    standings: Sequence[Standing]
    cause: Cause


def taken_of(taken: TakenBack) -> int:
    """Points that are the member's no more: from lots, as a debt, or because they had expired."""
    return taken.own + taken.expired + taken.others + taken.debt


def points_of(given: Sequence[Given]) -> int:
    """Points that were given back."""
    return sum(each.points for each in given)


def make_answer(case: Case, taken: TakenBack, given: Sequence[Given]) -> bytes:
    """What the till is told, to the byte."""
    balance, tiers = case.balance, case.program.version_at(case.cause.recorded_at).document.tiers
    points = PointsBack(
        taken_back=taken_of(taken),
        given_back=points_of(given),
        forgiven=taken.forgiven,
        expired=taken.expired,
        by_rule=[RuleBack(rule, points) for rule, points in sorted(case.due.by_rule.items())],
        lots=[LotBack(draw.lot_id, draw.points) for draw in taken.draws],
    )
    return encode(
        ReturnAnswer(
            id=case.cause.id,
            status="voided" if case.command.kind == VOID else "recorded",
            purchase=case.row["purchase_id"],
            amount_minor=sum(part.amount_minor for part in case.parts),
            points=points,
            balance=BalanceAnswer(balance.available, balance.pending, balance.reserved),
            tier=tell_tier(case.standings[0], tiers, changed=False),
        )
    )


def make_event(case: Case, taken: TakenBack, given: Sequence[Given]) -> bytes:
    """The one event of the return."""
    return encode_event(
        PurchaseReturned(
            return_id=case.cause.id,
            purchase_id=case.row["purchase_id"],
            amount_minor=sum(part.amount_minor for part in case.parts),
            currency=case.row["currency"],
            lines=msgspec.Raw(encode(case.parts)),
            points_taken=taken_of(taken),
            points_given=points_of(given),
            transfer_seqs=taken.transfer_seqs,
            available_after=case.balance.available,
            points_expired=taken.expired,
        )
    )


def make_row(case: Case, taken: TakenBack, given: Sequence[Given], answer: bytes) -> ReturnRow:
    """The row that keeps the return, what it did and the answer."""
    command, due = case.command, case.due
    return ReturnRow(
        member_id=case.owner.member_id,
        return_id=case.cause.id,
        program_id=case.program.id,
        purchase_id=case.row["purchase_id"],
        kind=command.kind,
        source=command.asked.source,
        reference=command.asked.reference,
        occurred_at=case.cause.occurred_at,
        recorded_at=case.cause.recorded_at,
        amount_minor=sum(part.amount_minor for part in case.parts),
        lines=encode(case.parts),
        points_due=due.points,
        points_taken=taken_of(taken),
        points_expired=taken.expired,
        points_given=points_of(given),
        given=encode(given),
        by_rule=encode(due.by_rule),
        rests=encode(due.rests),
        carry_change=encode(due.carry_change),
        tier_value=due.tier_value,
        actor=command.actor,
        answer=answer,
    )
