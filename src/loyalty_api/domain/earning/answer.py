"""The parts of an answer to whatever earned points. No personal data in them."""

from __future__ import annotations

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


class Advice(msgspec.Struct, frozen=True):
    """Something the member should know now."""

    kind: str
    text: str


def tell_tier(standing: Standing, tiers: Tiers | None, *, changed: bool) -> TierAnswer | None:
    """The tier that the member holds now; None: the program has none."""
    if not tiers:
        return None
    code, following = standing.progress(tiers)
    return TierAnswer(code, changed, following)
