"""The parts of an answer to whatever earned points. No personal data in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.rules import Earning
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.rules import Next
from loyalty_api.domain.tiers.standing import Standing


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
    """The tier afterwards, whether it changed by this, and what is missing to the next."""

    code: str
    changed: bool
    next: Next | None


class Advice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something the member should know now. ``kind``: ``bought_today``, ``expiring`` or ``cheaper_reward``; ``points``:
    those that expire, or that the other reward saves; ``at``: when they expire, or it was bought."""

    kind: str
    text: str
    points: int | None = None
    at: datetime | None = None
    sku: str | None = None
    purchase: UUID | None = None
    reward: str | None = None
    instead_of: str | None = None


def tell_tier(standing: Standing, tiers: Tiers | None, *, changed: bool) -> TierAnswer | None:
    """The tier that the member holds now; None: the program has none."""
    if not tiers:
        return None
    code, following = standing.progress(tiers)
    return TierAnswer(code, changed, following)
