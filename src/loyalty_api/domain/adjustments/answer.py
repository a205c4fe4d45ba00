"""What is answered first to an adjustment, encoded once and kept (pure). The reason stays out of it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.adjustments.store import Adjustment
from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.points.balance import Balance


class AdjustmentAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``status``: booked, or awaiting_approval by somebody else; then there is no balance after it yet."""

    id: UUID
    status: str
    member: UUID
    to: UUID | None = None
    points: int
    balance: BalanceAnswer | None = None


_encoder = msgspec.json.Encoder()


def encode_answer(adjustment: Adjustment, balance: Balance | None) -> bytes:
    """The answer's bytes; ``balance``: the member's after it, None while it waits."""
    after = BalanceAnswer(balance.available, balance.pending, balance.reserved) if balance else None
    return _encoder.encode(
        AdjustmentAnswer(
            id=adjustment.adjustment_id,
            status=adjustment.status,
            member=adjustment.member_id,
            to=adjustment.to_member_id,
            points=adjustment.points,
            balance=after,
        )
    )
