"""The lines of a basket without what was paid with points (pure): each keeps its share, and the shares add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from loyalty_api.domain.purchases.command import PurchaseLine
from loyalty_api.kernel.shares import share_out

L = TypeVar("L", bound=PurchaseLine)


def unpaid_lines(lines: Sequence[L], paid_minor: int) -> list[L]:
    """The lines in proportion to what is left to be paid with money, largest remainder first, earlier line first
    among equals; discounts shrink with the rest. ``paid_minor``: at most what the lines add up to."""
    total = sum([line.amount_minor for line in lines])
    if not paid_minor or not total:
        return list(lines)
    left = total - paid_minor
    shares = share_out(left, [line.amount_minor for line in lines])
    return [_with(line, share, left, total) for line, share in zip(lines, shares, strict=True)]


def _with(line: L, amount_minor: int, left: int, total: int) -> L:
    """The line with another amount, and its tax in the same proportion, which stays within the amount."""
    tax_minor = abs(line.tax_minor) * left // total
    tax_minor = min(tax_minor, abs(amount_minor))
    signed = -tax_minor if amount_minor < 0 else tax_minor
    return msgspec.structs.replace(line, amount_minor=amount_minor, tax_minor=signed)
