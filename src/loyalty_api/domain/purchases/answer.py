"""The answer to a purchase, encoded once and kept for ever beside the record. No personal data in it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import Advice, BalanceAnswer, EarnedPoints, TierAnswer


class PurchaseAnswer(msgspec.Struct, frozen=True):
    """What the till is told."""

    id: UUID
    status: str
    points: EarnedPoints
    balance: BalanceAnswer
    tier: TierAnswer | None
    advice: list[Advice]


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_answer(answer: PurchaseAnswer) -> bytes:
    """The answer's bytes."""
    return _encoder.encode(answer)
