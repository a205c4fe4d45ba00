"""Which part of a purchase's lines a return takes back, and what then remains of them (pure).

Amounts are minor units. A line that is returned by quantity alone takes its amount in proportion, by the quantity that
is back in all, so that any parts add up to the whole; by amount alone, its quantity likewise. An amount without lines
is spread over what remains of the lines, largest remainder first, earlier line first among equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import msgspec

from loyalty_api.domain.purchases.again import StoredLine
from loyalty_api.domain.purchases.command import QUANTITY_DECIMALS_MAX
from loyalty_api.domain.purchases.refusals import ReturnBeyondPurchase
from loyalty_api.domain.purchases.return_command import ReturnLine
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.kernel.shares import share_out

_STEP = Decimal(1).scaleb(-QUANTITY_DECIMALS_MAX)


class Part(msgspec.Struct, frozen=True):
    """What is taken back of the line at ``index``, from 0."""

    index: int
    quantity: Decimal
    amount_minor: int


class Back(msgspec.Struct):
    """What is back of one line in all."""

    quantity: Decimal = Decimal(0)
    amount_minor: int = 0


def add_up(lines: Sequence[StoredLine], parts: Sequence[Part]) -> list[Back]:
    """What is back of each line."""
    back = [Back() for _ in lines]
    for part in parts:
        back[part.index].quantity += part.quantity
        back[part.index].amount_minor += part.amount_minor
    return back


def parts_of_lines(lines: Sequence[StoredLine], back: Sequence[Back], wanted: Sequence[ReturnLine]) -> list[Part]:
    """The parts that are named. Refuses: ReturnBeyondPurchase, at each field that asks for more than remains."""
    places = {line.line: index for index, line in enumerate(lines) if line.line is not None}
    places = {str(number): number - 1 for number in range(1, len(lines) + 1)} | places
    errors, parts, seen = [], [], set()
    for number, each in enumerate(wanted):
        index = places.get(each.line)
        if index is None or index in seen:
            errors.append(
                FieldError(f"lines[{number}].line", "is named twice" if index in seen else "is no line of it")
            )
            continue
        seen.add(index)
        part = _part(lines[index], back[index], each, index)
        parts.append(part)
        errors += _beyond(f"lines[{number}]", each, lines[index], back[index], part)
    if errors:
        raise ReturnBeyondPurchase.of(*errors)
    return parts


def parts_of_amount(lines: Sequence[StoredLine], back: Sequence[Back], amount_minor: int) -> list[Part]:
    """The amount spread over what remains of the lines. Refuses: ReturnBeyondPurchase."""
    left = [line.amount_minor - was.amount_minor for line, was in zip(lines, back, strict=True)]
    whole = sum(left)
    if amount_minor > whole:
        raise ReturnBeyondPurchase.of(
            FieldError("amount_minor", f"is more than the {whole} that can still be returned")
        )
    if amount_minor == whole:
        return rest_of(lines, back)
    return [
        Part(index, _quantity_for(lines[index], back[index], back[index].amount_minor + amount), amount)
        for index, amount in enumerate(share_out(amount_minor, left))
        if amount
    ]


def rest_of(lines: Sequence[StoredLine], back: Sequence[Back]) -> list[Part]:
    """All that remains."""
    parts = [
        Part(index, line.quantity - was.quantity, line.amount_minor - was.amount_minor)
        for index, (line, was) in enumerate(zip(lines, back, strict=True))
    ]
    return [part for part in parts if part.quantity or part.amount_minor]


def remaining(lines: Sequence[StoredLine], back: Sequence[Back]) -> list[StoredLine]:
    """The lines as they would have been bought without what is back; none for a line that is back whole. Lines of
    nothing, which cannot go back, are no purchase by themselves."""
    left = []
    for line, was in zip(lines, back, strict=True):
        amount, quantity = line.amount_minor - was.amount_minor, line.quantity - was.quantity
        if (was.quantity or was.amount_minor) and not amount and (not quantity or line.amount_minor):
            continue
        tax = line.tax_minor
        if line.amount_minor:
            tax -= line.tax_minor * was.amount_minor // line.amount_minor
        left.append(msgspec.structs.replace(line, amount_minor=amount, quantity=quantity, tax_minor=tax))
    return left if any(line.amount_minor or line.quantity for line in left) else []


def _part(line: StoredLine, was: Back, wanted: ReturnLine, index: int) -> Part:
    quantity, amount = wanted.quantity, wanted.amount_minor
    if quantity is None and amount is None:
        return Part(index, line.quantity - was.quantity, line.amount_minor - was.amount_minor)
    if quantity is None:
        assert amount is not None, "one of the two is given"
        quantity = _quantity_for(line, was, was.amount_minor + amount)
    elif amount is None:
        amount = _amount_for(line, was.quantity + quantity) - was.amount_minor
        if line.amount_minor > 0:  # another return may have said an amount of its own for the same goods
            amount = max(0, min(amount, line.amount_minor - was.amount_minor))
    return Part(index, quantity, amount)


def _amount_for(line: StoredLine, quantity: Decimal) -> int:
    """So much of the line's amount belongs to so much of its quantity."""
    if not line.quantity:
        return line.amount_minor
    return int(line.amount_minor * Fraction(quantity) / Fraction(line.quantity) // 1)


def _quantity_for(line: StoredLine, was: Back, amount_minor: int) -> Decimal:
    """So much more of the line's quantity is back once so much of its amount is."""
    if amount_minor == line.amount_minor or not line.amount_minor:
        return line.quantity - was.quantity
    all_of_it = Fraction(line.quantity) * amount_minor / line.amount_minor
    exact = Decimal(all_of_it.numerator) / Decimal(all_of_it.denominator)
    return max(Decimal(0), exact.quantize(_STEP, rounding=ROUND_DOWN) - was.quantity)


def _beyond(place: str, wanted: ReturnLine, line: StoredLine, was: Back, part: Part) -> list[FieldError]:
    """What was asked for, and is more than remains; what follows from it is not told beside it."""
    errors = []
    quantity, amount = line.quantity - was.quantity, line.amount_minor - was.amount_minor
    if wanted.quantity is not None and part.quantity > quantity:
        errors.append(FieldError(f"{place}.quantity", f"is more than the {quantity} that can still be returned"))
    sign = -1 if line.amount_minor < 0 else 1
    if wanted.amount_minor is not None and not 0 <= part.amount_minor * sign <= amount * sign:
        errors.append(FieldError(f"{place}.amount_minor", f"is not within the {amount} that can still be returned"))
    return errors
