"""What members will do, by the models of their buying and spending (pure). Arrays in, arrays out; time in days.

The expectation of purchases is integrated over the probability of leaving, not summed as the hypergeometric function of
the paper's equation 10: the same figure, of positive terms alone, without a hole at a = 1 and without an overflow at
thousands of purchases.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from loyalty_api.insights.buying import DAYS_A_WEEK, Buying

NODES = 64
NODES_KEPT = 4096  # one set for each count of repeats


def p_alive(model: Buying, repeats: np.ndarray, last_days: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The probability that a member still buys at all. 1 by construction of whoever bought on one day only, as the
    model lets members leave behind a repeat: no good news."""
    x = np.asarray(repeats, dtype=float)
    gap = np.log((model.alpha + np.asarray(days) / DAYS_A_WEEK) / (model.alpha + np.asarray(last_days) / DAYS_A_WEEK))
    odds_gone = np.log(model.a) - np.log(np.where(x > 0, model.b + x - 1, 1)) + (model.r + x) * gap
    return np.where(x > 0, np.exp(-np.logaddexp(0, odds_gone)), 1.0)


def expected_purchases(
    model: Buying,
    repeats: np.ndarray,
    last_days: np.ndarray,
    days: np.ndarray,
    *,
    within_days: float | np.ndarray,
) -> np.ndarray:
    """On how many days a member will buy within so many days from now: the paper's equation 10."""
    alive = p_alive(model, repeats, last_days, days)
    return alive * _purchases_of_buyers(model, np.asarray(repeats), np.asarray(days), [within_days])[0]


def discounted_purchases(
    model: Buying,
    repeats: np.ndarray,
    last_days: np.ndarray,
    days: np.ndarray,
    *,
    months: int,
    discount_yearly: float,
) -> np.ndarray:
    """The same over ``months`` of a twelfth of 365 days, each month's purchases discounted to the present from its
    end (Gupta & Lehmann, J. Interactive Marketing 17(1), 2003)."""
    ends = [365 / 12 * month for month in range(1, months + 1)]
    reached = _purchases_of_buyers(model, np.asarray(repeats), np.asarray(days), ends)
    monthly = np.diff(reached, axis=0, prepend=0)
    worth = (1 + discount_yearly) ** (-np.arange(1, months + 1) / 12)
    return p_alive(model, repeats, last_days, days) * (monthly * worth[:, None]).sum(axis=0)


def _purchases_of_buyers(model: Buying, repeats: np.ndarray, days: np.ndarray, within: list) -> np.ndarray:
    """Of members that still buy, within each of so many days (rows).

    Given all that is known of such a member, the rate of buying is gamma (r + x, alpha + T) and the probability of
    leaving beta (a, b + x); over a rate and a probability p there are (1 - e^(-rate p t)) / p purchases within t.
    """
    span = int(days.max(initial=0)) + 1
    keys, places = np.unique(repeats.astype(np.int64) * span + days, return_inverse=True)
    x, time = np.divmod(keys, span)
    found = np.empty((len(within), len(keys)))
    for count in np.unique(x):
        mine = x == count
        leaving, weights = _beta_nodes(model.a, model.b + float(count))
        ages = model.alpha + time[mine] / DAYS_A_WEEK
        for row, each in enumerate(within):
            shares = each / DAYS_A_WEEK / ages
            bought = -np.expm1(-(model.r + count) * np.log1p(leaving[:, None] * shares)) / leaving[:, None]
            found[row, mine] = weights @ bought
    return found[:, places]


@lru_cache(maxsize=NODES_KEPT)
def _beta_nodes(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (0, 1) and weights, adding up to 1, that integrate over the beta distribution: Golub & Welsch, 1969."""
    alpha, beta = b - 1, a - 1  # of Jacobi's polynomials on (-1, 1)
    k = np.arange(1, NODES)
    both = 2 * k + alpha + beta
    middle = np.empty(NODES)
    middle[0] = (beta - alpha) / (alpha + beta + 2)
    middle[1:] = (beta - alpha) * (beta + alpha) / (both * (both + 2))
    beside = np.empty(NODES - 1)
    beside[0] = 4 * (1 + alpha) * (1 + beta) / ((2 + alpha + beta) ** 2 * (3 + alpha + beta))
    k, both = k[1:], both[1:]
    beside[1:] = 4 * k * (k + alpha) * (k + beta) * (k + alpha + beta) / (both**2 * (both + 1) * (both - 1))
    off = np.sqrt(beside)
    places, vectors = np.linalg.eigh(np.diag(middle) + np.diag(off, 1) + np.diag(off, -1))
    return np.clip((places + 1) / 2, np.finfo(float).tiny, 1), vectors[0] ** 2
