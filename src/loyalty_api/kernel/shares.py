"""Dividing whole numbers so that the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence


def share_out(amount: int, weights: Sequence[int]) -> list[int]:
    """``amount`` divided in proportion to the weights, largest remainder first, earlier first among equals.

    The weights, of which some may be below 0, add up to more than 0. Where ``amount`` is what they
    add up to, the shares are the weights.
    """
    whole = sum(weights)
    shares = [divmod(amount * weight, whole) for weight in weights]
    missing = amount - sum(floor for floor, _ in shares)
    first = set(sorted(range(len(shares)), key=lambda index: -shares[index][1])[:missing])
    return [floor + (index in first) for index, (floor, _) in enumerate(shares)]
