"""How often members buy and whether they still do (pure): BG/NBD of Fader, Hardie & Lee, "Counting Your Customers" the
Easy Way, Marketing Science 24(2), 2005, 275-284.

A member buys at a rate of their own (gamma, ``r`` and ``alpha``) and may leave for good behind any purchase, with a
probability of their own (beta, ``a`` and ``b``). Time is in weeks. Days count once: a second purchase of a day is the
same purchase. The first is not counted, it starts the clock.

Meant for buying that is seldom and by no contract; of weekly groceries the plain lapse window says more.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import digamma, expit, gammaln

from loyalty_api.insights.maximum import Unfit, maximise

DAYS_A_WEEK = 7
REPEAT_BUYERS_MIN = 10  # four parameters of fewer members mean nothing
# r, a, b to start from: seldom and loyal, often and loyal, soon gone, all alike.
STARTS = ((0.3, 0.8, 2.5), (1.0, 0.5, 5.0), (2.0, 1.0, 1.0), (0.5, 2.0, 20.0))


class Buyers(msgspec.Struct, frozen=True):
    """Members of one history each row: ``repeats`` days of buying behind the first, the last of them ``last_days``
    behind it, watched for ``days``; ``members``: how many have this history. Arrays of equal length."""

    repeats: np.ndarray
    last_days: np.ndarray
    days: np.ndarray
    members: np.ndarray

    @property
    def count(self) -> int:
        """How many members there are."""
        return int(self.members.sum())


class Buying(msgspec.Struct, frozen=True):
    """The four parameters, by weeks, and the ``log_likelihood`` of all members together."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


def grouped(repeats: np.ndarray, last_days: np.ndarray, days: np.ndarray, members: np.ndarray | None = None) -> Buyers:
    """Whole numbers of one member each row (or of ``members``) as histories that are each there once, in one order:
    whoever is listed first changes no digit."""
    weights = np.ones(len(repeats), dtype=np.int64) if members is None else np.asarray(members, dtype=np.int64)
    span = int(days.max(initial=0)) + 1
    keys = (np.asarray(repeats, dtype=np.int64) * span + last_days) * span + days
    unique, places = np.unique(keys, return_inverse=True)
    counts = np.bincount(places, weights=weights, minlength=len(unique)).astype(np.int64)
    rest, unique_days = np.divmod(unique, span)
    unique_repeats, unique_last = np.divmod(rest, span)
    return Buyers(unique_repeats, unique_last, unique_days, counts)


def fit_buying(buyers: Buyers) -> Buying | Unfit:
    """The parameters under which the histories are likeliest."""
    if int(buyers.members[buyers.repeats > 0].sum()) < REPEAT_BUYERS_MIN:
        return Unfit(f"fewer than {REPEAT_BUYERS_MIN} members bought on more than one day")
    likelihood = _Likelihood(buyers)
    rate = float((buyers.repeats * buyers.members).sum() / (buyers.days * buyers.members).sum() * DAYS_A_WEEK)
    found = maximise(likelihood, [(r, r / rate, a, b) for r, a, b in STARTS])
    return found if isinstance(found, Unfit) else Buying(*found, likelihood.total(found))


def log_likelihood(buyers: Buyers, *, r: float, alpha: float, a: float, b: float) -> float:
    """The logarithm of how likely the histories are together (the paper's equation 6)."""
    return _Likelihood(buyers).total((r, alpha, a, b))


class _Likelihood:
    """The mean over the members, so that a slope means the same of ten and of a million."""

    def __init__(self, buyers: Buyers) -> None:
        # What depends on one of the three alone is reckoned once for each of its values.
        self._repeats, self._of_repeats = np.unique(buyers.repeats, return_inverse=True)
        self._last, self._of_last = _weeks(buyers.last_days)
        self._time, self._of_time = _weeks(buyers.days)
        self._members = buyers.members.astype(float)
        self._all = self._members.sum()
        self._by_repeats = np.bincount(self._of_repeats, weights=self._members)
        self._repeated = buyers.repeats > 0

    def total(self, parameters: Sequence[float]) -> float:
        """Of all members together."""
        return float(self(np.log(parameters))[0] * self._all)

    def __call__(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(place)
        x, many = self._repeats, self._by_repeats
        log_time, log_last = np.log(alpha + self._time), np.log(alpha + self._last)
        powers = (r + x)[self._of_repeats]
        log_times, log_lasts = log_time[self._of_time], log_last[self._of_last]
        stays = -powers * log_times
        leaves = (np.log(a) - np.log(np.where(x > 0, b + x - 1, 1)))[self._of_repeats] - powers * log_lasts
        left = np.where(self._repeated, expit(leaves - stays), 0.0)
        ends = np.where(self._repeated, np.logaddexp(stays, leaves), stays)
        counts = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        counts += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        value = (self._members * ends).sum() + (many * counts).sum()

        gone = self._members * left
        here = self._members - gone
        gone_by_repeats = np.bincount(self._of_repeats, weights=gone)
        by_r = (many * (digamma(r + x) - digamma(r) + np.log(alpha))).sum()
        by_r -= (here * log_times).sum() + (gone * log_lasts).sum()
        by_alpha = (many * r / alpha).sum()
        by_alpha -= (powers * (here / (alpha + self._time)[self._of_time])).sum()
        by_alpha -= (powers * (gone / (alpha + self._last)[self._of_last])).sum()
        left_out = digamma(a + b) - digamma(a + b + x)
        by_a = (many * left_out).sum() + gone.sum() / a
        by_b = (many * (left_out + digamma(b + x) - digamma(b))).sum()
        by_b -= (gone_by_repeats / np.where(x > 0, b + x - 1, 1)).sum()
        return value / self._all, np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b]) / self._all


def _weeks(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, places = np.unique(days, return_inverse=True)
    return unique / DAYS_A_WEEK, places
