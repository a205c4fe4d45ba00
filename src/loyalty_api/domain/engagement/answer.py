"""The answer to an engagement event, encoded once and kept for ever beside the record. No personal data in it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import Advice, BalanceAnswer, EarnedPoints, TierAnswer


class EngagementAnswer(msgspec.Struct, frozen=True):
    """What the caller is told. ``matured``: points of the named purchase that waited for this event and became
    available with it."""

    id: UUID
    status: str
    kind: str
    points: EarnedPoints
    matured: int
    balance: BalanceAnswer
    tier: TierAnswer | None
    advice: list[Advice]


_encoder = msgspec.json.Encoder()


def encode_answer(answer: EngagementAnswer) -> bytes:
    """The answer's bytes."""
    return _encoder.encode(answer)
