"""The answer to a purchase, encoded once and kept for ever beside the record. No personal data in it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.earning.rules import Earning
from loyalty_api.domain.tiers.rules import Next


class EarnedPoints(msgspec.Struct, frozen=True):
    """Points earned in all, how many of them are pending, and which rule gave what."""

    earned: int
    pending: int
    earnings: list[Earning]


class BalanceAnswer(msgspec.Struct, frozen=True):
    """Points by state. ``available`` is what the member may spend."""

    available: int
    pending: int
    reserved: int


class TierAnswer(msgspec.Struct, frozen=True):
    """The tier after the purchase, whether it changed by it, and what is missing to the next."""

    code: str
    changed: bool
    next: Next | None


class Advice(msgspec.Struct, frozen=True):
    """Something the member should know now."""

    kind: str
    text: str


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
