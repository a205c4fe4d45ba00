"""A recorded purchase as it was decided, read from its row: the same basket makes the same decision (pure)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.earning.evidence import Evidence
from loyalty_api.domain.earning.rules import Basket
from loyalty_api.domain.purchases.command import PurchaseLine
from loyalty_api.domain.purchases.unpaid import unpaid_lines

NO_EVIDENCE = Evidence()


class StoredLine(PurchaseLine, frozen=True, kw_only=True, omit_defaults=True):
    """A line as it was stored; it was checked, and brought to its one writing, before that."""

    def __post_init__(self) -> None:
        """Nothing is left to be done."""


class StoredPurchase(Protocol):
    """The row of a purchase, its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...


class Again(NamedTuple):
    """What the rules saw of a purchase: its lines, and what its decision rested on and left beyond them."""

    basket: Basket
    lines: list[StoredLine]
    evidence: Evidence


_lines = msgspec.json.Decoder(list[StoredLine] | None)
_evidence = msgspec.json.Decoder(Evidence)


def read_event(row: StoredPurchase, zone: ZoneInfo) -> tuple[Basket, Evidence]:
    """An engagement event as the rules saw it. Raises msgspec.MsgspecError: the row is not what was written."""
    evidence = _evidence.decode(row["inputs"]) if row["inputs"] is not None else NO_EVIDENCE
    local = row["occurred_at"].astimezone(zone)
    return Basket((), row["tier"], local.date(), local.hour * 60 + local.minute, 0, evidence), evidence


def read_again(row: StoredPurchase, zone: ZoneInfo) -> Again:
    """The purchase, to be decided again. Raises msgspec.MsgspecError: the row is not what was written."""
    lines = _lines.decode(row["lines"])
    if lines is None:  # the till knew only the total
        lines = [StoredLine(amount_minor=row["total_minor"], quantity=Decimal(0))]
    evidence = _evidence.decode(row["inputs"]) if row["inputs"] is not None else NO_EVIDENCE
    local = row["occurred_at"].astimezone(zone)
    minute = local.hour * 60 + local.minute
    seen = unpaid_lines(lines, evidence.paid_minor) if evidence.paid_minor else lines
    basket = Basket(seen, row["tier"], local.date(), minute, row["total_minor"], evidence)
    return Again(basket, lines, evidence)
