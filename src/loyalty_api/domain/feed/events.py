"""Every event that subscribers know, with its data (pure): ids, codes, amounts and instants, nobody's name or words.

``KINDS`` is the list. Most are told as their noun writes them; a purchase and an engagement are one row each, which
is told as several events (see ``expand.py``), whose data stands here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.adjustments import events as adjustments
from loyalty_api.domain.engagement import events as engagement
from loyalty_api.domain.lifecycle import change_status, erase_member, join, merge_events
from loyalty_api.domain.openings import answer as openings
from loyalty_api.domain.points import events as points
from loyalty_api.domain.purchases import events as purchases
from loyalty_api.domain.rewards import events as rewards
from loyalty_api.domain.tiers import events as tiers

PREFIX = "loyalty."
VERSION = ".v1"
EARNED = "points.earned"
ENROLLED = join.TYPE
SUSPENDED, RESUMED, CLOSED = (change_status.TYPES[each] for each in ("suspended", "active", "closed"))
ERASED = erase_member.TYPE
MERGED, UNMERGED = merge_events.MERGED, merge_events.UNMERGED
OPENED = openings.TYPE


class LineTold(msgspec.Struct, frozen=True):
    """One line of a receipt."""

    amount_minor: int
    line: str | None = None
    sku: str | None = None
    category: str | None = None
    labels: list[str] = []
    kind: str = "product"
    quantity: Decimal = Decimal(1)
    tax_minor: int = 0


class PurchaseTold(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase. ``base_minor``: what of it counted for points; ``version``: of the program, as it earned."""

    purchase_id: UUID
    amount_minor: int
    base_minor: int
    currency: str
    lines: list[LineTold]
    version: int
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


class PartTold(msgspec.Struct, frozen=True):
    """What went back of the line at ``index``, from 0."""

    index: int
    quantity: Decimal
    amount_minor: int


class ReturnTold(msgspec.Struct, frozen=True, kw_only=True):
    """A return, or a purchase that was voided. ``points_taken`` back (``points_expired`` of them were gone before), and
    ``points_given`` back of what had paid."""

    return_id: UUID
    purchase_id: UUID
    amount_minor: int
    currency: str
    lines: list[PartTold]
    points_taken: int
    points_given: int
    transfer_seqs: list[int]
    available_after: int
    points_expired: int = 0


class EngagementTold(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a member did, other than buying, without what the caller sent in ``data``."""

    engagement_id: UUID
    kind: str
    version: int
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


class EarningTold(msgspec.Struct, frozen=True):
    """What one rule gave. ``rule`` of a coupon is ``coupon``: its code stays with the purchase."""

    rule: str
    version: int
    points: int
    base_minor: int | None = None
    units: Decimal | None = None
    limited_by: str | None = None


class PointsEarned(msgspec.Struct, frozen=True, kw_only=True):
    """Points that a purchase or an engagement earned, ``pending`` ones among them. ``transfer_seq``: the movement."""

    points: int
    pending: int
    earnings: list[EarningTold]
    transfer_seq: int | None
    available_after: int
    purchase_id: UUID | None = None
    engagement_id: UUID | None = None


class TierTold(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that moved. ``reason``: ``reached``, ``reviewed`` … ``qualifying_value``: what the window added up to.
    ``measure`` and the window's days are told of moves that no purchase or engagement caused, ``effective_at`` of the
    others: the latest instant that counted, which may lie behind a purchase that came late."""

    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    qualifying_value: int
    measure: str | None = None
    window_from: str | None = None
    as_of: str | None = None
    effective_at: datetime | None = None


KINDS: dict[str, Any] = {
    join.TYPE: join.MemberEnrolled,
    **dict.fromkeys(change_status.TYPES.values(), change_status.StatusChanged),
    erase_member.TYPE: change_status.StatusChanged,
    merge_events.MERGED: merge_events.MemberMerged,
    merge_events.UNMERGED: merge_events.MemberUnmerged,
    purchases.TYPE: PurchaseTold,
    purchases.RETURNED: ReturnTold,
    purchases.VOIDED: ReturnTold,
    purchases.MOVED: purchases.PurchaseMoved,
    engagement.TYPE: EngagementTold,
    EARNED: PointsEarned,
    openings.TYPE: openings.PointsOpened,
    points.MATURED: points.PointsMatured,
    points.EXPIRED: points.PointsExpired,
    points.NOTICE: points.ExpiryNotice,
    adjustments.ADJUSTED: adjustments.PointsAdjusted,
    adjustments.MOVED: adjustments.PointsMoved,
    adjustments.REVERSED: adjustments.PointsReversed,
    tiers.CHANGED: TierTold,
    rewards.RESERVED: rewards.RewardMoved,
    rewards.REDEEMED: rewards.RewardMoved,
    rewards.CANCELLED: rewards.RewardMoved,
    rewards.RUNNING_LOW: rewards.RunningLow,
    rewards.ISSUED: rewards.CouponIssued,
    rewards.USED: rewards.CouponUsed,
}


def public_type(kind: str) -> str:
    """``purchase.recorded`` as subscribers know it."""
    return f"{PREFIX}{kind}{VERSION}"


PUBLIC_TYPES = {public_type(kind): kind for kind in KINDS}
