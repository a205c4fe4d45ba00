"""BG/NBD against the paper, against what simulated buyers were made with, and at its edges."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.special import hyp2f1

from loyalty_api.insights.buying import Buying, fit_buying, grouped, log_likelihood
from loyalty_api.insights.forecast import discounted_purchases, expected_purchases, p_alive
from loyalty_api.insights.maximum import Unfit
from tests.make.buyers import buyers_of

PUBLISHED = Buying(0.243, 4.414, 0.793, 2.426, -9582.4)


def column(*values: int) -> np.ndarray:
    return np.array(values)


def test_the_papers_worked_example_buys_1_226_times_in_39_weeks() -> None:
    """x = 2, t_x = 30.43 and T = 38.86 weeks: 213 and 272 days."""
    found = expected_purchases(PUBLISHED, column(2), column(213), column(272), within_days=39 * 7)
    assert found[0] == pytest.approx(1.226, abs=0.0005)


@pytest.mark.parametrize("days", [7, 91, 272, 1400])
@pytest.mark.parametrize("within_days", [7, 91, 273, 1092])
@pytest.mark.parametrize("repeats", [0, 1, 2, 9, 40])
def test_the_integral_is_the_papers_hypergeometric_function(repeats: int, days: int, within_days: int) -> None:
    r, alpha, a, b, _ = msgspec.structs.astuple(PUBLISHED)
    last = days * 9 // 10 if repeats else 0
    time, ahead, seen = days / 7, within_days / 7, last / 7
    odds = a / (b + repeats - 1) * ((alpha + time) / (alpha + seen)) ** (r + repeats) if repeats else 0
    series = hyp2f1(r + repeats, b + repeats, a + b + repeats - 1, ahead / (alpha + time + ahead))
    shrunk = 1 - ((alpha + time) / (alpha + time + ahead)) ** (r + repeats) * series
    written = (a + b + repeats - 1) / (a - 1) * shrunk / (1 + odds)
    found = expected_purchases(PUBLISHED, column(repeats), column(last), column(days), within_days=within_days)
    assert found[0] == pytest.approx(written, rel=1e-6)


def test_where_the_papers_formula_divides_by_nothing_the_forecast_goes_on_smoothly() -> None:
    """Its a - 1 is below a fraction."""
    history = column(3), column(100), column(200)
    at = {a: expected_purchases(Buying(0.5, 5, a, 2, 0), *history, within_days=365)[0] for a in (1 - 1e-6, 1, 1 + 1e-6)}
    assert at[1] == pytest.approx((at[1 - 1e-6] + at[1 + 1e-6]) / 2, rel=1e-9)
    assert at[1 - 1e-6] > at[1] > at[1 + 1e-6] > 0


def test_parameters_that_buyers_were_made_with_are_found_again() -> None:
    bought = buyers_of(60_000, r=0.8, alpha=12.0, a=0.6, b=3.0)
    found = fit_buying(grouped(*bought[:3]))
    assert isinstance(found, Buying)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 12.0, 0.6, 3.0), rel=0.08)


def test_no_other_parameters_are_likelier() -> None:
    buyers = grouped(*buyers_of(3_000, r=0.8, alpha=12.0, a=0.6, b=3.0)[:3])
    found = fit_buying(buyers)
    assert isinstance(found, Buying)
    place = {name: getattr(found, name) for name in ("r", "alpha", "a", "b")}
    assert log_likelihood(buyers, **place) == found.log_likelihood
    for name, value in place.items():
        for other in (value * 0.99, value * 1.01):
            assert log_likelihood(buyers, **place | {name: other}) < found.log_likelihood


def test_the_order_of_members_changes_no_digit() -> None:
    repeats, last, days, _ = buyers_of(2_000, r=0.8, alpha=12.0, a=0.6, b=3.0)
    shuffled = np.random.default_rng(1).permutation(len(repeats))
    first = fit_buying(grouped(repeats, last, days))
    assert first == fit_buying(grouped(repeats[shuffled], last[shuffled], days[shuffled]))


def test_members_of_one_history_count_as_often_as_they_are() -> None:
    many = grouped(column(1, 1, 2), column(5, 5, 9), column(10, 10, 10))
    assert many.members.tolist() == [2, 1]
    weighed = grouped(column(2, 1), column(9, 5), column(10, 10), column(1, 2))
    assert log_likelihood(many, r=1, alpha=1, a=1, b=1) == log_likelihood(weighed, r=1, alpha=1, a=1, b=1)


def test_whoever_bought_once_is_alive_by_construction() -> None:
    assert p_alive(PUBLISHED, column(0), column(0), column(5000)).tolist() == [1.0]


def test_a_long_silence_tells_more_of_whoever_bought_often() -> None:
    alive = p_alive(PUBLISHED, column(1, 5, 20), column(100, 100, 100), column(200, 200, 200))
    assert 1 > alive[0] > alive[1] > alive[2] > 0
    fresh = p_alive(PUBLISHED, column(1, 5, 20), column(200, 200, 200), column(200, 200, 200))
    assert fresh[2] > fresh[1] > fresh[0] > 0.5


def test_thousands_of_purchases_overflow_nothing() -> None:
    history = column(1, 3000, 100_000), column(1, 3000, 100_000), column(4000, 3001, 100_000)
    buyers = grouped(*history)
    assert np.isfinite(log_likelihood(buyers, r=0.243, alpha=4.414, a=0.793, b=2.426))
    alive = p_alive(PUBLISHED, *history)
    assert np.all((alive >= 0) & (alive <= 1))
    ahead = expected_purchases(PUBLISHED, *history, within_days=7)
    assert np.all(np.isfinite(ahead))
    assert ahead[1] == pytest.approx(alive[1] * 7, rel=0.02)  # seven days a week, as ever


def test_purchases_of_the_next_year_are_worth_less_than_they_count() -> None:
    history = column(4), column(250), column(272)
    ahead = expected_purchases(PUBLISHED, *history, within_days=365)[0]
    assert discounted_purchases(PUBLISHED, *history, months=12, discount_yearly=0)[0] == pytest.approx(ahead)
    worth = discounted_purchases(PUBLISHED, *history, months=12, discount_yearly=0.1)[0]
    assert ahead / 1.1 < worth < ahead


def test_buyers_who_are_all_alike_are_not_fitted_and_it_says_why() -> None:
    """No member differs from another, so that two of the distributions are single points."""
    everyone = np.full(500, 20), np.full(500, 140), np.full(500, 147)
    assert isinstance(fit_buying(grouped(*everyone)), Unfit)


def test_too_few_who_came_back_are_not_fitted() -> None:
    repeats = column(*[1] * 9, *[0] * 500)
    found = fit_buying(grouped(repeats, repeats * 7, np.full(509, 70)))
    assert found == Unfit("fewer than 10 members bought on more than one day")
