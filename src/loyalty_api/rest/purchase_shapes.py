"""Purchases as they are read back, with their returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.kernel.clock import rfc3339


class ReturnOf(msgspec.Struct, frozen=True, kw_only=True):
    """A return of the purchase; ``status``: recorded, or voided, which takes back all that was left."""

    id: UUID
    status: str
    reference: str
    source: str
    occurred_at: str
    amount_minor: int
    points: dict[str, int]


class PurchaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase read back. ``tier`` is the one it earned at, that of its own time; ``returns``: oldest first."""

    id: UUID
    status: str
    member: UUID
    reference: str
    source: str
    occurred_at: str
    recorded_at: str
    currency: str
    store: str | None
    employee: str | None
    channel: str | None
    total_minor: int
    base_minor: int
    lines: msgspec.Raw
    coupons: msgspec.Raw
    points: dict[str, Any]
    version: int
    tier: str | None
    returns: list[ReturnOf]


class PurchasePage(msgspec.Struct, frozen=True):
    """A page of purchases, latest recorded first."""

    items: list[PurchaseView]
    next_cursor: str | None


def view_purchase(row: Any, back: Mapping[UUID, Sequence[Any]]) -> PurchaseView:
    """The purchase as it is read back; ``back``: returns by purchase."""
    return PurchaseView(
        id=row["purchase_id"],
        status="voided" if row["voided"] else "recorded",
        member=row["member_id"],
        reference=row["reference"],
        source=row["source"],
        occurred_at=rfc3339(row["occurred_at"]),
        recorded_at=rfc3339(row["recorded_at"]),
        currency=row["currency"],
        store=row["store"],
        employee=row["employee"],
        channel=row["channel"],
        total_minor=row["total_minor"],
        base_minor=row["base_minor"],
        lines=msgspec.Raw(row["lines"]),
        coupons=msgspec.Raw(row["coupons"]),
        points={
            "earned": row["points_earned"],
            "pending": row["points_pending"],
            "earnings": msgspec.Raw(row["earnings"]),
        },
        version=row["version"],
        tier=row["tier"],
        returns=[_return(each) for each in back[row["purchase_id"]]],
    )


def _return(row: Any) -> ReturnOf:
    return ReturnOf(
        id=row["return_id"],
        status="voided" if row["kind"] == "void" else "recorded",
        reference=row["reference"],
        source=row["source"],
        occurred_at=rfc3339(row["occurred_at"]),
        amount_minor=row["amount_minor"],
        points={"taken_back": row["points_taken"], "given_back": row["points_given"]},
    )
