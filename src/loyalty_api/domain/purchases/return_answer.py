"""The answer to a return, encoded once and kept for ever beside the record. No personal data in it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import BalanceAnswer, TierAnswer


class RuleBack(msgspec.Struct, frozen=True):
    """Points that one rule would not have given; below 0: it would have given more."""

    rule: str
    points: int


class LotBack(msgspec.Struct, frozen=True):
    """Points that were taken from one lot."""

    lot: UUID
    points: int


class PointsBack(msgspec.Struct, frozen=True):
    """``by_rule`` adds up to what is due: what was taken back and what the program forgave.

    ``taken_back``: from lots, as a debt, or because it had expired; ``given_back``: what had paid for it.
    """

    taken_back: int
    given_back: int
    forgiven: int
    expired: int
    by_rule: list[RuleBack]
    lots: list[LotBack]


class ReturnAnswer(msgspec.Struct, frozen=True):
    """What the till is told."""

    id: UUID
    status: str
    purchase: UUID
    amount_minor: int
    points: PointsBack
    balance: BalanceAnswer
    tier: TierAnswer | None
