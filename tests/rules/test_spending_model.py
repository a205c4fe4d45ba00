"""Gamma-Gamma against simulated spending, and at its edges."""

from __future__ import annotations

from math import lgamma, log

import numpy as np
import pytest

from loyalty_api.insights.maximum import Unfit
from loyalty_api.insights.spending import Spending, expected_spend, fit_spending, spenders
from tests.make.buyers import buyers_of


def simulated(count: int = 20_000, spending: tuple[float, float, float] = (6.0, 4.0, 15.0)) -> tuple:
    bought = buyers_of(count, r=0.8, alpha=8.0, a=0.6, b=3.0, spending=spending)
    return bought.repeats, bought.sales_minor


def fitted(repeats: np.ndarray, sales_minor: np.ndarray) -> Spending:
    found = fit_spending(spenders(repeats, sales_minor, minor_digits=2))
    assert isinstance(found, Spending)
    return found


def test_parameters_that_spending_was_made_with_are_found_again() -> None:
    found = fitted(*simulated(60_000))
    assert (found.p, found.q, found.gamma) == pytest.approx((6.0, 4.0, 15.0), rel=0.08)
    assert found.correlation == pytest.approx(0, abs=0.02)


def test_no_other_parameters_are_likelier_by_the_published_density() -> None:
    repeats, sales_minor = simulated(1_500)
    found = fitted(repeats, sales_minor)

    def density(p: float, q: float, gamma: float) -> float:
        total = 0.0
        for x, paid in zip(repeats.tolist(), (sales_minor / 100).tolist(), strict=True):
            if x and paid:
                z = paid / x
                total += lgamma(p * x + q) - lgamma(p * x) - lgamma(q) + q * log(gamma) + (p * x - 1) * log(z)
                total += p * x * log(x) - (p * x + q) * log(gamma + x * z)
        return total

    place = (found.p, found.q, found.gamma)
    best = density(*place)
    for index in range(3):
        for factor in (0.99, 1.01):
            other = [each * factor if index == at else each for at, each in enumerate(place)]
            assert density(*other) < best


def test_what_a_member_is_expected_to_spend_lies_between_their_own_mean_and_everybodys() -> None:
    model = Spending(6.25, 3.74, 15.44)
    everybodys = 6.25 * 15.44 / 2.74
    never, twice, often = expected_spend(model, np.array([0, 2, 200]), np.array([0.0, 160.0, 16_000.0]))
    assert never == pytest.approx(everybodys)
    assert everybodys < twice < often < 80
    assert often == pytest.approx(80, rel=0.01)


def test_nobody_who_never_came_back_or_paid_nothing_is_fitted() -> None:
    repeats, sales_minor = np.array([0, 3, 0, 2]), np.array([500, 0, 0, 700])
    found = spenders(repeats, sales_minor, minor_digits=2)
    assert (found.repeats.tolist(), found.sales.tolist(), found.members.tolist()) == ([2], [7.0], [1])


def test_the_order_of_members_changes_no_digit() -> None:
    repeats, sales_minor = simulated(1_500)
    shuffled = np.random.default_rng(1).permutation(len(repeats))
    assert fitted(repeats, sales_minor) == fitted(repeats[shuffled], sales_minor[shuffled])


def test_spending_without_a_mean_is_not_fitted() -> None:
    """q = 0.7: the means of the members have none themselves."""
    found = fit_spending(spenders(*simulated(spending=(6.0, 0.7, 15.0)), minor_digits=2))
    assert found == Unfit("spending scatters so much that it has no mean")


def test_a_few_spenders_are_not_fitted() -> None:
    found = fit_spending(spenders(np.array([1, 2]), np.array([100, 900]), minor_digits=2))
    assert found == Unfit("fewer than 10 members bought on more than one day")


def test_a_currency_without_minor_units_gives_the_same_shape_at_another_scale() -> None:
    repeats, sales_minor = simulated(1_500)
    euros = fitted(repeats, sales_minor)
    yen = fit_spending(spenders(repeats, sales_minor, minor_digits=0))
    assert isinstance(yen, Spending)
    assert (yen.p, yen.q, yen.gamma) == pytest.approx((euros.p, euros.q, euros.gamma * 100), rel=1e-6)
