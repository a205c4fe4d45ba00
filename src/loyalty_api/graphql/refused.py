"""Refusals that a phone can tell apart: each is a type of its own in the union that a mutation answers."""

from __future__ import annotations

from typing import Any

import strawberry

from loyalty_api.domain.claims.once import KeyReused
from loyalty_api.domain.engagement.refusals import EngagementNotByPhone, EngagementReferenceReused
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.rewards.refusals import (
    RedemptionCancelled,
    RedemptionCompleted,
    RedemptionExpired,
    RedemptionNotFound,
    RedemptionReferenceReused,
    RewardLimitReached,
    RewardNotForTier,
    RewardNotFound,
    RewardNotValid,
    RewardOutOfStock,
)
from loyalty_api.kernel.refusals import InvalidRequest, Refusal


@strawberry.interface(description="Why a mutation did nothing. It may be sent again with the same id.")
class Refused:
    """What all refusals tell."""

    code: str = strawberry.field(description="The stable code of the refusal, such as `points.insufficient`.")
    message: str = strawberry.field(description="The same as a sentence.")


@strawberry.type(description="The member has fewer points than it costs.")
class PointsInsufficient(Refused):
    """Of points."""


@strawberry.type(description="The program has no such reward, or not today, or not for the tier.")
class RewardUnavailable(Refused):
    """Of a reward."""


@strawberry.type(description="None is left of the reward.")
class RewardGone(Refused):
    """Of a stock."""


@strawberry.type(description="The member had the reward as often as one member may.")
class RewardHadEnough(Refused):
    """Of a member's limit."""


@strawberry.type(description="The member has no such redemption.")
class RedemptionUnknown(Refused):
    """Of a redemption."""


@strawberry.type(description="The redemption is closed: completed, cancelled or run out.")
class RedemptionClosed(Refused):
    """Of a redemption."""


@strawberry.type(description="The program does not let phones record such an event.")
class EngagementNotAllowed(Refused):
    """Of an event."""


@strawberry.type(description="The id came with another request before; use a fresh one.")
class IdReused(Refused):
    """Of the client's id."""


@strawberry.type(description="Something of the input is wrong.")
class InputInvalid(Refused):
    """Of the input."""

    field: str = strawberry.field(description="Which field.")


_TYPES: dict[type[Refusal], Any] = {
    InsufficientPoints: PointsInsufficient,
    RewardNotFound: RewardUnavailable,
    RewardNotValid: RewardUnavailable,
    RewardNotForTier: RewardUnavailable,
    RewardOutOfStock: RewardGone,
    RewardLimitReached: RewardHadEnough,
    RedemptionNotFound: RedemptionUnknown,
    RedemptionCompleted: RedemptionClosed,
    RedemptionCancelled: RedemptionClosed,
    RedemptionExpired: RedemptionClosed,
    RedemptionReferenceReused: IdReused,
    EngagementNotByPhone: EngagementNotAllowed,
    EngagementReferenceReused: IdReused,
    KeyReused: IdReused,
}


def tell_refusal(refusal: Refusal, message: str | None = None) -> Any:
    """The refusal as the type that names it, with its own sentence or another. Raises those that no mutation names:
    they are errors."""
    if isinstance(refusal, InvalidRequest):
        field = refusal.errors[0].field if refusal.errors else "input"
        return InputInvalid(code=refusal.code, message=refusal.detail, field=field)
    kind = _TYPES.get(type(refusal))
    if kind is None:
        raise refusal
    return kind(code=refusal.code, message=message or refusal.detail)
