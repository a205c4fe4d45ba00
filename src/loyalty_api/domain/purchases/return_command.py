"""A return as a till sends it, decoded and checked for what it alone can show to be wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.purchases.command import (
    AMOUNT_MINOR_MAX,
    LINES_MAX,
    Amount,
    Instant,
    Name,
    plain_quantity,
)
from loyalty_api.kernel.clock import in_utc
from loyalty_api.kernel.refusals import FieldError

HASH_VERSION = b"return 1"


class PurchaseRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The purchase: by id, or by the source and reference it was posted with."""

    id: UUID | None = None
    source: Annotated[str, Meta(max_length=200)] = ""
    reference: Name | None = None


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line, by its ``line`` or its number from 1. Quantity or amount may be left out (it follows from the other),
    or both: all that remains of the line."""

    line: Name
    quantity: Annotated[Decimal, Meta(description="how many, up to 6 decimals")] | None = None
    amount_minor: Amount | None = None

    def __post_init__(self) -> None:
        """One writing per quantity, as in a purchase."""
        if self.quantity is None:
            return
        plain = plain_quantity(self.quantity)
        if not plain:
            raise ValueError("`quantity` must be above 0")
        msgspec.structs.force_setattr(self, "quantity", plain)


class Return(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What goes back: lines, or an amount, or all that remains. ``reference`` is unique per program and ``source``."""

    reference: Name
    purchase: PurchaseRef
    occurred_at: Instant
    source: Annotated[str, Meta(max_length=200)] = ""
    lines: Annotated[list[ReturnLine], Meta(min_length=1, max_length=LINES_MAX)] | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX, description="minor units")] | None = None
    all: bool = False

    def __post_init__(self) -> None:
        """One writing per instant: UTC."""
        msgspec.structs.force_setattr(self, "occurred_at", in_utc("occurred_at", self.occurred_at))


class RecordReturn(msgspec.Struct, frozen=True, kw_only=True):
    """The command: a checked return, or a void, who posts it, and when it arrived (the real present)."""

    program_id: UUID
    asked: Return
    kind: str  # return or void
    content_hash: bytes
    received_at: datetime
    actor: str


_encoder = msgspec.json.Encoder()


def return_hash(asked: Return) -> bytes:
    """The content of a return: the fields that are set to something, in their normal writing."""
    return hashlib.blake2b(HASH_VERSION + _encoder.encode(asked), digest_size=16).digest()


def check_return(asked: Return) -> list[FieldError]:
    """What single fields cannot show: which purchase is meant, and how much of it."""
    errors = []
    if (asked.purchase.id is None) == (asked.purchase.reference is None):
        errors.append(FieldError("purchase", "must say either id, or source and reference"))
    if sum([asked.lines is not None, asked.amount_minor is not None, asked.all]) != 1:
        errors.append(FieldError("lines", "one of lines, amount_minor and all (true) must be given"))
    return errors
