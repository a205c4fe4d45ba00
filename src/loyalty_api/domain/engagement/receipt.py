"""What a decided event leaves behind: the answer, the row and the event (pure)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer, EarnedPoints, tell_tier
from loyalty_api.domain.earning.rules import Decision, Inputs
from loyalty_api.domain.earning.tallies import evidence_of
from loyalty_api.domain.engagement.answer import EngagementAnswer, encode_answer
from loyalty_api.domain.engagement.command import RecordEngagement, encode_data
from loyalty_api.domain.engagement.events import TYPE, EngagementRecorded, encode_event
from loyalty_api.domain.engagement.store import EngagementRow
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.events import TierMoved
from loyalty_api.domain.tiers.standing import Move, Standing
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event

_encoder = msgspec.json.Encoder(decimal_format="number")


class Decided(NamedTuple):
    """An event that was decided, and the member's state right after it."""

    command: RecordEngagement
    cause: Cause
    decision: Decision
    inputs: Inputs
    matured: int  # points of a purchase that waited for it
    pending: int  # how many of its points are
    transfer_seq: int | None
    value: int  # what it counts towards the tier
    version: int  # of its own time, as is the tier
    tier: str | None
    balance: Balance
    standing: Standing
    tiers: Tiers | None  # of now
    move: Move | None


def make_answer(decided: Decided) -> bytes:
    """What the caller is told, to the byte."""
    balance, decision = decided.balance, decided.decision
    return encode_answer(
        EngagementAnswer(
            id=decided.cause.id,
            status="recorded",
            kind=decided.command.touchpoint.kind,
            points=EarnedPoints(decision.points, decided.pending, decision.earnings),
            matured=decided.matured,
            balance=BalanceAnswer(balance.available, balance.pending, balance.reserved),
            tier=tell_tier(decided.standing, decided.tiers, changed=decided.move is not None),
            advice=[],
        )
    )


def make_row(decided: Decided, answer: bytes) -> EngagementRow:
    """The row that keeps what happened, its earnings and the answer."""
    command, cause, decision = decided.command, decided.cause, decided.decision
    touchpoint = command.touchpoint
    evidence = evidence_of(decided.inputs, decision)
    return EngagementRow(
        member_id=decided.balance.member_id,
        engagement_id=cause.id,
        program_id=command.program_id,
        source=touchpoint.source,
        reference=command.reference,
        kind=touchpoint.kind,
        data=encode_data(touchpoint.data),
        occurred_at=cause.occurred_at,
        recorded_at=cause.recorded_at,
        store=command.store,
        employee=touchpoint.employee,
        channel=touchpoint.channel,
        earnings=_encoder.encode(decision.earnings),
        dry_runs=_encoder.encode(decision.dry_runs) if decision.dry_runs else None,
        inputs=_encoder.encode(evidence) if evidence else None,
        points_earned=decision.points,
        points_pending=decided.pending,
        tier_value=decided.value or None,
        version=decided.version,
        tier=decided.tier,
        transfer_seq=decided.transfer_seq,
        actor=command.actor,
        answer=answer,
    )


def make_event(row: EngagementRow, decided: Decided) -> Event:
    """The one event of it."""
    balance, move = decided.balance, decided.move
    data = EngagementRecorded(
        engagement_id=row.engagement_id,
        kind=row.kind,
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
