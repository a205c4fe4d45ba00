"""What a decided purchase leaves behind: the answer, the row and the event (pure)."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer, EarnedPoints, TierAnswer, tell_tier
from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.rules import Basket, Decision
from loyalty_api.domain.earning.tallies import evidence_of
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.purchases.answer import PurchaseAnswer, encode_answer
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.events import TYPE, PurchaseRecorded, encode_event
from loyalty_api.domain.purchases.multiply import Shown, tell_shown
from loyalty_api.domain.purchases.store import PurchaseRow
from loyalty_api.domain.tiers.events import TierMoved
from loyalty_api.domain.tiers.standing import Move, Standing
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event

NO_COUPONS = b"[]"

_encoder = msgspec.json.Encoder(decimal_format="number")


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that was decided, and the member's state right after it."""

    command: RecordPurchase
    cause: Cause
    decision: Decision
    pending: int  # how many of its points are
    transfer_seq: int | None
    value: int  # what it counts towards the tier
    version: int  # of its own time, as is the tier
    tier: str | None
    balance: Balance
    standing: Standing
    tiers: Tiers | None  # of now
    move: Move | None
    compiled: Compiled
    basket: Basket
    coupons: list[Shown]


def make_answer(decided: Decided) -> bytes:
    """What the till is told, to the byte."""
    balance, decision = decided.balance, decided.decision
    return encode_answer(
        PurchaseAnswer(
            id=decided.cause.id,
            status="recorded",
            points=EarnedPoints(decision.points, decided.pending, decision.earnings),
            balance=BalanceAnswer(balance.available, balance.pending, balance.reserved),
            tier=make_tier(decided),
            advice=[],
            coupons=tell_shown(decided.coupons, decision),
        )
    )


def make_tier(decided: Decided) -> TierAnswer | None:
    """The tier after the purchase; None: the program has none."""
    return tell_tier(decided.standing, decided.tiers, changed=decided.move is not None)


def make_row(decided: Decided) -> PurchaseRow:
    """The row that keeps the purchase and its earnings; the answer is put in last."""
    command, cause, decision = decided.command, decided.cause, decided.decision
    purchase = command.purchase
    return PurchaseRow(
        member_id=decided.balance.member_id,
        purchase_id=cause.id,
        program_id=command.program_id,
        source=purchase.source,
        reference=purchase.reference,
        occurred_at=cause.occurred_at,
        recorded_at=cause.recorded_at,
        currency=purchase.currency,
        store=command.store,
        employee=purchase.employee,
        channel=purchase.channel,
        total_minor=purchase.total_minor,
        base_minor=decision.base_minor,
        lines=_encoder.encode(purchase.lines),
        coupons=_encoder.encode(purchase.coupons) if purchase.coupons else NO_COUPONS,
        earnings=_encoder.encode(decision.earnings),
        dry_runs=_encoder.encode(decision.dry_runs) if decision.dry_runs else None,
        inputs=_encode_evidence(decided),
        points_earned=decision.points,
        points_pending=decided.pending,
        tier_value=decided.value if decided.value != decision.base_minor else None,
        version=decided.version,
        tier=decided.tier,
        transfer_seq=decided.transfer_seq,
        actor=command.actor,
        answer=b"",
    )


def _encode_evidence(decided: Decided) -> bytes | None:
    evidence = evidence_of(decided.basket.inputs, decided.decision)
    return _encoder.encode(evidence) if evidence else None


def make_event(row: PurchaseRow, decided: Decided) -> Event:
    """The one event of the purchase."""
    balance, move = decided.balance, decided.move
    data = PurchaseRecorded(
        purchase_id=row.purchase_id,
        amount_minor=row.total_minor,
        base_minor=row.base_minor,
        currency=row.currency,
        lines=msgspec.Raw(row.lines),
        earnings=msgspec.Raw(row.earnings),
        points_earned=row.points_earned,
        points_pending=row.points_pending,
        transfer_seq=row.transfer_seq,
        available_after=balance.available,
        version=row.version,
        store=row.store,
        employee=row.employee,
        channel=row.channel,
        tier_moved=TierMoved(move.from_tier, move.to_tier, move.value, move.effective_at) if move else None,
    )
    return Event(
        row.member_id,
        balance.next_event(),
        new_id(),
        row.program_id,
        TYPE,
        row.occurred_at,
        row.recorded_at,
        encode_event(data),
    )
