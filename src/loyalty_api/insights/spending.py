"""How much members spend when they buy (pure): the Gamma-Gamma model of Fader & Hardie, note 025, 2013.

What a member spends on a day of buying scatters around a mean of their own (gamma, ``p``), and those means scatter in
turn (inverse gamma, ``q`` and ``gamma``). Fitted to whoever bought again and paid something; the first day is left out,
as in BG/NBD. Amounts are in major units: ``gamma`` is money. Holds where spending does not go with frequency, so their
correlation is told beside it.
"""

from __future__ import annotations

import msgspec
import numpy as np
from scipy.special import digamma, gammaln

from loyalty_api.insights.maximum import Unfit, maximise

SPENDERS_MIN = 10  # three parameters of fewer members mean nothing
# p and q to start from; gamma follows from what is spent on average.
STARTS = ((2.0, 3.0), (6.0, 4.0), (1.0, 10.0), (20.0, 2.0))


class Spenders(msgspec.Struct, frozen=True):
    """``sales`` of so many ``repeats`` together, in major units; ``members``: of how many. Arrays of equal length."""

    repeats: np.ndarray
    sales: np.ndarray
    members: np.ndarray

    @property
    def count(self) -> int:
        """How many members there are."""
        return int(self.members.sum())


class Spending(msgspec.Struct, frozen=True):
    """The three parameters. ``correlation``: of a member's mean spend with the number of their repeats."""

    p: float
    q: float
    gamma: float
    correlation: float | None = None


def spenders(
    repeats: np.ndarray, sales_minor: np.ndarray, members: np.ndarray | None = None, *, minor_digits: int
) -> Spenders:
    """One member each row (or ``members``), by repeats and sales together; without those who never came back or paid
    nothing."""
    paid = (repeats > 0) & (sales_minor > 0)
    weights = np.ones(len(repeats), dtype=np.int64) if members is None else members
    rows = np.stack([repeats, sales_minor])[:, paid].astype(np.int64)
    unique, places = np.unique(rows, axis=1, return_inverse=True)
    counts = np.bincount(places, weights=weights[paid], minlength=unique.shape[1]).astype(np.int64)
    return Spenders(unique[0], unique[1] / 10**minor_digits, counts)


def fit_spending(spent: Spenders) -> Spending | Unfit:
    """The parameters under which the sales are likeliest."""
    if spent.count < SPENDERS_MIN:
        return Unfit(f"fewer than {SPENDERS_MIN} members bought on more than one day")
    mean = float((spent.sales * spent.members).sum() / (spent.repeats * spent.members).sum())
    found = maximise(_likelihood(spent), [(p, q, mean * (q - 1) / p) for p, q in STARTS])
    if isinstance(found, Unfit):
        return found
    p, q, gamma = found
    if q <= 1:
        return Unfit("spending scatters so much that it has no mean")
    return Spending(p, q, gamma, correlation_of(spent))


def expected_spend(model: Spending, repeats: np.ndarray, sales: np.ndarray) -> np.ndarray:
    """What a member's mean purchase is expected to be, in major units: between their own mean and everybody's, the
    nearer to their own the more often they came."""
    return model.p * (model.gamma + sales) / (model.p * repeats + model.q - 1)


def correlation_of(spent: Spenders) -> float | None:
    """Pearson's, of repeats with mean spend; None where one of them is the same for all."""
    weights = spent.members / spent.members.sum()
    means = spent.sales / spent.repeats
    centred = [each - (each * weights).sum() for each in (spent.repeats, means)]
    spreads = [float((each**2 * weights).sum()) for each in centred]
    if min(spreads) <= 0:
        return None
    return float((centred[0] * centred[1] * weights).sum() / np.sqrt(spreads[0] * spreads[1]))


def _likelihood(spent: Spenders):
    x, places = np.unique(spent.repeats, return_inverse=True)
    members = spent.members.astype(float)
    many, total = np.bincount(places, weights=members), members.sum()
    log_sales = np.log(spent.sales)
    # The parts of the formula that no parameter is in: -ln z + p x ln(x z), with z = sales / x.
    fixed = -(members * (log_sales - np.log(spent.repeats))).sum()
    by_sales = (members * spent.repeats * log_sales).sum()

    def mean_and_slope(place: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, gamma = np.exp(place)
        log_all = np.log(gamma + spent.sales)
        powers = p * spent.repeats + q
        value = (many * (gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma))).sum()
        value += fixed + p * by_sales - (members * powers * log_all).sum()
        by_p = (many * x * (digamma(p * x + q) - digamma(p * x))).sum()
        by_p += by_sales - (members * spent.repeats * log_all).sum()
        by_q = (many * (digamma(p * x + q) - digamma(q) + np.log(gamma))).sum() - (members * log_all).sum()
        by_gamma = total * q / gamma - (members * powers / (gamma + spent.sales)).sum()
        return value / total, np.array([by_p * p, by_q * q, by_gamma * gamma]) / total

    return mean_and_slope
