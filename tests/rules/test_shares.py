"""Shares of a whole: in proportion, never off by more than one, and they add up."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.kernel.shares import share_out

WEIGHTS = st.lists(st.integers(-1000, 10**12), min_size=1, max_size=20).filter(lambda weights: sum(weights) > 0)


def test_the_largest_remainder_comes_first_and_the_earlier_among_equals() -> None:
    assert share_out(100, [1, 1, 1]) == [34, 33, 33]
    assert share_out(10, [5, 3, 2]) == [5, 3, 2]
    assert share_out(1, [1, 2, 2]) == [0, 1, 0]
    assert share_out(4, [10, -2]) == [5, -1]


@given(WEIGHTS, st.data())
def test_shares_add_up_and_are_the_proportion_to_the_unit(weights: list[int], data: st.DataObject) -> None:
    whole = sum(weights)
    amount = data.draw(st.integers(0, whole))
    shares = share_out(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, whole)) < 1


@given(WEIGHTS)
def test_the_whole_is_divided_into_the_weights(weights: list[int]) -> None:
    assert share_out(sum(weights), weights) == weights
