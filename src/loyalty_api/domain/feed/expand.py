"""One row of the outbox as the events that it tells (pure). Read again it gives the same events, under the same ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.coupon_rules import PREFIX as COUPON
from loyalty_api.domain.engagement import events as engagement
from loyalty_api.domain.feed.events import (
    EARNED,
    EarningTold,
    EngagementTold,
    LineTold,
    PointsEarned,
    PurchaseTold,
    TierTold,
    public_type,
)
from loyalty_api.domain.purchases import events as purchases
from loyalty_api.domain.tiers.events import CHANGED, TierMoved
from loyalty_api.kernel.clock import rfc3339

SCHEMA = "urn:loyalty-api:event:"


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """CloudEvents 1.0. ``source`` and ``id`` tell duplicates; ``subject``: the member; ``time``: when it happened,
    ``recordedtime`` when it was written down. ``causationid``: the event that brought this one about."""

    specversion: str
    id: str
    source: str
    type: str
    subject: UUID
    time: str
    datacontenttype: str
    dataschema: str
    programid: UUID
    partitionkey: UUID
    recordedtime: str
    causationid: str | None = None
    data: msgspec.Raw


class Told(NamedTuple):
    """An event, its kind without prefix and version, and its place: the row's position, and which of the row's events
    it is, from 0."""

    position: int
    part: int
    kind: str
    event: CloudEvent


class _Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What the two rows that are told as several events have in common."""

    earnings: list[EarningTold]
    points_earned: int
    points_pending: int
    transfer_seq: int | None
    available_after: int
    tier_moved: TierMoved | None = None


class _Purchase(_Cause, frozen=True, kw_only=True):
    """As ``PurchaseRecorded`` is written; what is not told is not read."""

    purchase_id: UUID
    amount_minor: int
    base_minor: int
    currency: str
    lines: list[LineTold] | None  # of some purchases only the total is known
    version: int
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


class _Engagement(_Cause, frozen=True, kw_only=True):
    """As ``EngagementRecorded`` is written."""

    engagement_id: UUID
    kind: str
    version: int
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


Parts = list[tuple[str, Any]]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_purchase = msgspec.json.Decoder(_Purchase).decode
_engagement = msgspec.json.Decoder(_Engagement).decode
_plain = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def expand(row: Mapping[str, Any]) -> list[Told]:
    """The row's events in their order: the fact, then what it brought about."""
    parts = PARTS.get(row["type"], _itself(row["type"]))(row["data"])
    return [_told(row, part, kind, data) for part, (kind, data) in enumerate(parts)]


def row_types(kinds: set[str]) -> set[str]:
    """The types of rows that can tell one of these."""
    return kinds | (set(PARTS) if kinds & {EARNED, CHANGED} else set())


def _told(row: Mapping[str, Any], part: int, kind: str, data: Any) -> Told:
    member_id = row["member_id"]
    values = data if isinstance(data, dict) else msgspec.structs.asdict(data)
    if isinstance(data, TierTold):
        values["from"] = values.pop("from_")
    type_, first = public_type(kind), str(row["id"])
    occurred_at: datetime = row["occurred_at"]
    event = CloudEvent(
        specversion="1.0",
        id=f"{first}.{kind}" if part else first,
        source=f"/programs/{row['program_id']}",
        type=type_,
        subject=member_id,
        time=rfc3339(occurred_at),
        datacontenttype="application/json",
        dataschema=f"{SCHEMA}{type_}",
        programid=row["program_id"],
        partitionkey=member_id,
        recordedtime=rfc3339(row["recorded_at"]),
        causationid=first if part else None,
        data=msgspec.Raw(_encode({"member_id": str(member_id)} | values)),
    )
    return Told(row["position"], part, kind, event)


def _itself(kind: str) -> Callable[[bytes], Parts]:
    return lambda data: [(kind, _plain(data))]


def _bought(data: bytes) -> Parts:
    row = _purchase(data)
    told = PurchaseTold(
        purchase_id=row.purchase_id,
        amount_minor=row.amount_minor,
        base_minor=row.base_minor,
        currency=row.currency,
        lines=row.lines or [],
        version=row.version,
        store=row.store,
        employee=row.employee,
        channel=row.channel,
    )
    return [(purchases.TYPE, told), *_brought(row, purchase_id=row.purchase_id)]


def _engaged(data: bytes) -> Parts:
    row = _engagement(data)
    told = EngagementTold(
        engagement_id=row.engagement_id,
        kind=row.kind,
        version=row.version,
        store=row.store,
        employee=row.employee,
        channel=row.channel,
    )
    return [(engagement.TYPE, told), *_brought(row, engagement_id=row.engagement_id)]


def _brought(row: _Cause, **cause: UUID) -> Parts:
    parts: Parts = []
    if row.points_earned:
        earned = PointsEarned(
            points=row.points_earned,
            pending=row.points_pending,
            earnings=[_without_code(each) for each in row.earnings],
            transfer_seq=row.transfer_seq,
            available_after=row.available_after,
            **cause,
        )
        parts.append((EARNED, earned))
    if moved := row.tier_moved:
        told = TierTold(
            from_=moved.from_tier,
            to=moved.to_tier,
            reason="reached",
            qualifying_value=moved.value,
            effective_at=moved.effective_at,
        )
        parts.append((CHANGED, told))
    return parts


def _without_code(earning: EarningTold) -> EarningTold:
    if not earning.rule.startswith(COUPON):
        return earning
    return msgspec.structs.replace(earning, rule=COUPON.rstrip(":"))


PARTS: dict[str, Callable[[bytes], Parts]] = {purchases.TYPE: _bought, engagement.TYPE: _engaged}
