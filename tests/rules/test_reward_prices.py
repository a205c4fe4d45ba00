"""Prices of rewards: whole points for whole minor units, as many as every limit allows, and no more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.programs.reward import MemberLimit, MoneyOff, PayWithPoints, PercentOff, Reward, Valid
from loyalty_api.domain.purchases.command import PurchaseLine
from loyalty_api.domain.purchases.unpaid import unpaid_lines
from loyalty_api.domain.rewards.codes import ALPHABET, make_code, plain_code
from loyalty_api.domain.rewards.price import price, price_paying, worth
from loyalty_api.domain.rewards.refusals import BelowMinimum, NothingAllowed
from loyalty_api.domain.rewards.rules import Seen, hindrance, why_not

PAYS = st.builds(
    PayWithPoints,
    points=st.integers(1, 200),
    minor=st.integers(1, 200),
    min=st.integers(1, 500),
    step=st.integers(1, 60),
    max_share=st.decimals("0.000001", "1", places=6),
)


@given(PAYS, st.integers(1, 3000), st.integers(-100, 4000), st.integers(0, 6000))
def test_what_is_taken_breaks_no_limit_and_more_would(
    pay: PayWithPoints, asked: int, available: int, total_minor: int
) -> None:
    def fits(points: int) -> bool:
        whole = points * pay.minor % pay.points == 0 and points % pay.step == 0
        return whole and Decimal(points) * pay.minor <= pay.max_share * total_minor * pay.points

    most = max((points for points in range(pay.min, min(asked, available) + 1) if fits(points)), default=None)
    if most is None:
        with pytest.raises((InsufficientPoints, BelowMinimum, NothingAllowed)):
            price_paying(pay, asked=asked, available=available, total_minor=total_minor)
        return
    got = price_paying(pay, asked=asked, available=available, total_minor=total_minor)
    assert got.points == most
    assert got.amount_minor is not None
    assert got.amount_minor * pay.points == got.points * pay.minor
    assert (got.limited_by is None) == (got.points == asked)


@pytest.mark.parametrize(
    ("pay", "asked", "total_minor", "points", "amount_minor", "limited_by"),
    [
        (PayWithPoints(points=100, minor=100, step=100), 550, None, 500, 500, "step"),
        (PayWithPoints(points=100, minor=50), 101, None, 100, 50, "step"),
        (PayWithPoints(points=3, minor=2, step=2), 11, None, 6, 4, "step"),
        (PayWithPoints(max_share=Decimal("0.333333")), 1000, 1000, 333, 333, "max_share"),
        (PayWithPoints(), 1000, 1000, 1000, 1000, None),
        (PayWithPoints(points=10, minor=1, step=50), 999, 80, 800, 80, "max_share"),
    ],
)
def test_paying_by_hand(
    pay: PayWithPoints, asked: int, total_minor: int | None, points: int, amount_minor: int, limited_by: str | None
) -> None:
    got = price_paying(pay, asked=asked, available=10_000, total_minor=total_minor)
    assert got == (points, amount_minor, limited_by)


@given(st.integers(0, 10**15), st.decimals("0.000001", "100", places=6), st.none() | st.integers(1, 10**15))
def test_a_percentage_is_rounded_down_and_never_above_its_most(total: int, percent: Decimal, most: int | None) -> None:
    amount, limited_by = worth(Reward(code="x", percent_off=PercentOff(percent=percent, max_minor=most)), total)
    whole = total * int(percent * 10**6) // (100 * 10**6)
    assert amount == (whole if most is None else min(whole, most))
    assert (limited_by == "max_minor") == (most is not None and most < whole)


def test_a_price_of_its_own_is_all_or_nothing() -> None:
    five = Reward(code="five", points=500, money_off=MoneyOff(amount_minor=500))
    assert price(five, asked=None, available=500, total_minor=None) == (500, 500, None)
    with pytest.raises(InsufficientPoints):
        price(five, asked=None, available=499, total_minor=None)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12), st.data())
def test_shares_of_lines_add_up_to_what_is_left_and_none_grows(amounts: list[int], data: st.DataObject) -> None:
    paid = data.draw(st.integers(0, sum(amounts)))
    lines = [PurchaseLine(amount_minor=each, tax_minor=each // 5) for each in amounts]
    left = unpaid_lines(lines, paid)
    assert sum(each.amount_minor for each in left) == sum(amounts) - paid
    for before, after in zip(lines, left, strict=True):
        assert 0 <= after.amount_minor <= before.amount_minor
        assert 0 <= after.tax_minor <= after.amount_minor
        exact = before.amount_minor * (sum(amounts) - paid) / (sum(amounts) or 1)
        assert abs(after.amount_minor - exact) < 1


def test_discounts_shrink_with_the_lines() -> None:
    lines = [PurchaseLine(amount_minor=1000), PurchaseLine(amount_minor=-100, kind="discount")]
    assert [each.amount_minor for each in unpaid_lines(lines, 450)] == [500, -50]


def test_a_rewards_days_are_inclusive_and_its_limit_counts() -> None:
    reward = Reward(
        code="x",
        points=5,
        money_off=MoneyOff(amount_minor=1),
        valid=Valid(from_="2026-03-01", until="2026-03-31"),
        per_member=MemberLimit(limit=2),
    )

    def code(**changes: object) -> str | None:
        seen = Seen(date(2026, 3, 1), None, None, 0)._replace(**changes)
        found = hindrance(reward, seen)
        return found.code if found else None

    assert code() is None
    assert code(day=date(2026, 3, 31)) is None
    assert code(day=date(2026, 2, 28)) == code(day=date(2026, 4, 1)) == "reward.not_valid"
    assert code(left=0) == "reward.out_of_stock"
    assert (code(had=1), code(had=2)) == (None, "reward.limit_reached")
    lacks = why_not(reward, Seen(date(2026, 3, 1), None, 1, 0), available=4)
    assert lacks is not None
    assert lacks.code == "points.insufficient"


def test_codes_are_of_letters_that_nobody_misreads_and_compared_by_these_alone() -> None:
    assert not set("01OI") & set(ALPHABET)
    code = make_code()
    assert plain_code(f" {code.lower().replace('-', ' ')} ") == plain_code(code)
    assert set(plain_code(code)) <= set(ALPHABET)
