"""Buyers who live by the assumptions of BG/NBD and Gamma-Gamma, from a seed: what they were made with is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Bought(NamedTuple):
    """One member each row: days of buying behind the first, the last of them, days watched, and sales of the repeats
    in minor units."""

    repeats: np.ndarray
    last_days: np.ndarray
    days: np.ndarray
    sales_minor: np.ndarray


def buyers_of(
    count: int,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    spending: tuple[float, float, float] = (6.0, 4.0, 15.0),
    seed: int = 20,
    first_within: int = 273,
    watched: int = 546,
) -> Bought:
    """Members whose first purchases lie within so many days of the first of all, who are watched up to ``watched``."""
    dice = np.random.default_rng(seed)
    days = watched - dice.integers(0, first_within, count)
    rates, leaves = dice.gamma(r, 1 / alpha, count) / 7, dice.beta(a, b, count)
    repeats, last = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    # First purchases fall anywhere in their day.
    started = dice.random(count)
    clock, alive = started.copy(), np.arange(count)
    while len(alive):
        clock[alive] += dice.exponential(1 / rates[alive])
        alive = alive[clock[alive] < days[alive] + 1]
        day = clock[alive].astype(np.int64)
        repeats[alive] += day > last[alive]
        last[alive] = day
        alive = alive[dice.random(len(alive)) >= leaves[alive]]
    p, q, gamma = spending
    means = dice.gamma(q, 1 / gamma, count)
    sales = dice.gamma(p * np.maximum(repeats, 1)) / means
    return Bought(repeats, last, days, np.where(repeats > 0, np.rint(sales * 100), 0).astype(np.int64))
