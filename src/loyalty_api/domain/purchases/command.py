"""A purchase as a till sends it, decoded and checked for what it alone can show to be wrong."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.members.presented import MemberRef, check_ref
from loyalty_api.kernel.clock import in_utc
from loyalty_api.kernel.refusals import FieldError

AMOUNT_MINOR_MAX = 10**15
QUANTITY_MAX = 10**9
QUANTITY_DECIMALS_MAX = 6
LINES_MAX = 1000
HASH_VERSION = b"1"

_NO_QUANTITY = f"`quantity` must be a number from 0 to {QUANTITY_MAX:,}"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Amount = Annotated[int, Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX, description="minor units, as paid")]
Total = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX, description="minor units")]
Quantity = Annotated[Decimal, Meta(description="how many, up to 6 decimals; never used as money")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-11-21T09:14:03Z")]


class PurchaseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of a receipt. ``discount`` lines are negative, all others are not."""

    amount_minor: Amount
    line: Name | None = None
    sku: Name | None = None
    category: Name | None = None
    labels: Annotated[list[Name], Meta(max_length=50)] = []
    kind: Literal["product", "shipping", "gift_card", "fee", "discount"] = "product"
    quantity: Quantity = Decimal(1)
    tax_minor: Amount = 0

    def __post_init__(self) -> None:
        """One writing per quantity, so that 2 and 2.0 are the same content."""
        msgspec.structs.force_setattr(self, "quantity", plain_quantity(self.quantity))


def plain_quantity(quantity: Decimal) -> Decimal:
    """The one writing of a quantity. Raises ValueError, which the decoder tells at the field, for what is none."""
    if not quantity.is_finite():
        raise ValueError(_NO_QUANTITY)
    return _plain(quantity)


@lru_cache(maxsize=256)  # tills sell few different quantities
def _plain(quantity: Decimal) -> Decimal:
    if not 0 <= quantity <= QUANTITY_MAX:
        raise ValueError(_NO_QUANTITY)
    plain = Decimal(int(quantity))
    if plain == quantity:
        return plain
    if round(quantity, QUANTITY_DECIMALS_MAX) != quantity:
        raise ValueError(f"`quantity` must have at most {QUANTITY_DECIMALS_MAX} decimals")
    return quantity.normalize()


class Sale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was bought, by whom and when: all of a receipt but its reference."""

    member: MemberRef | msgspec.UnsetType
    occurred_at: Instant
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    total_minor: Total
    source: Annotated[str, Meta(max_length=200)] = ""
    store: Name | None = None
    employee: Name | None = None
    channel: Name | None = None
    lines: Annotated[list[PurchaseLine], Meta(max_length=LINES_MAX)] | None = None
    coupons: Annotated[list[Name], Meta(max_length=50)] = []
    redemptions: Annotated[list[Name], Meta(max_length=50)] = []

    def __post_init__(self) -> None:
        """One writing per instant: UTC."""
        msgspec.structs.force_setattr(self, "occurred_at", in_utc("occurred_at", self.occurred_at))


class Purchase(Sale, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A receipt. ``reference`` is unique per program and ``source``, for ever."""

    reference: Name


class Moved(msgspec.Struct, frozen=True):
    """That a purchase was recorded before, for another member: its first answer stays, its coupons are used already.
    ``factors``: of those that multiplied its points, by rule; ``came``: what its points waited for and what has come of
    that, by kind and instant."""

    answer: bytes
    factors: dict[str, Decimal]
    came: list[tuple[str, datetime]]


class RecordPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """The command: a checked purchase, who posts it, and when it arrived (the real present)."""

    program_id: UUID
    purchase: Purchase
    content_hash: bytes
    received_at: datetime
    key_id: UUID
    store: str | None  # of the purchase, or that of the key
    moved: Moved | None = None

    @property
    def coupons(self) -> list[str]:
        """The coupons that are to be used."""
        return self.purchase.coupons if self.moved is None else []

    @property
    def actor(self) -> str:
        """How the purchase row names the caller."""
        return f"key:{self.key_id}"


_encoder = msgspec.json.Encoder()


def content_hash(purchase: Purchase) -> bytes:
    """The content of a purchase without its member, who is compared once it is known who that is.

    Covers the fields that are set to something, in their normal writing, so a field that a later version adds
    changes no hash of today.
    """
    content = _encoder.encode(msgspec.structs.replace(purchase, member=msgspec.UNSET))
    return hashlib.blake2b(HASH_VERSION + content, digest_size=16).digest()


def check_purchase(purchase: Purchase) -> list[FieldError]:
    """What single fields cannot show: sums, signs, and who is meant."""
    errors = check_ref(purchase.member)
    if purchase.lines is not None:
        total = sum(line.amount_minor for line in purchase.lines)
        if total != purchase.total_minor:
            errors.append(FieldError("total_minor", f"is {purchase.total_minor}, but the lines add up to {total}"))
        for index, line in enumerate(purchase.lines):
            errors += _check_line(index, line)
        names = [line.line for line in purchase.lines if line.line is not None]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            errors.append(FieldError("lines", f"two lines are called {twice!r}"))
    return errors


def _check_line(index: int, line: PurchaseLine) -> list[FieldError]:
    errors = []
    amount, tax = line.amount_minor, line.tax_minor
    if 0 <= tax <= amount and line.kind != "discount":  # as nearly all are
        return []
    if line.kind == "discount":
        if amount > 0:
            errors.append(("amount_minor", "of a discount must be 0 or below"))
    elif amount < 0:
        errors.append(("amount_minor", "must be 0 or more (a discount is a line of kind discount)"))
    if not (0 <= tax <= amount or amount <= tax <= 0):
        errors.append(("tax_minor", "must lie between 0 and the line's amount_minor"))
    return [FieldError(f"lines[{index}].{name}", message) for name, message in errors]
