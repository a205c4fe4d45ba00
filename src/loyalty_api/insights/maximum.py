"""The maximum of a likelihood in its positive parameters (pure), found from several starts and then polished.

Parameters are searched as logarithms. A maximum that is none is said to be none: at the edge of what is searched, on a
slope, or on a ridge. The same figures give the same parameters, as nothing here is random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from scipy.optimize import minimize

# e^±12: farther out a distribution is a single point or has no mean, and its likelihood is flat.
EDGE = 12.0
POLISH_STEPS = 20
SLOPE_MAX = 1e-8  # of the mean log-likelihood, per logarithm of a parameter
RIDGE_MIN = 1e-7  # the least curvature that counts as one
DIFFERENCE = 1e-4

# The mean log-likelihood and its slope, by the logarithms of the parameters.
Likelihood = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Unfit(msgspec.Struct, frozen=True):
    """There is no maximum, and why: no figure is better than one that means nothing."""

    fault: str


def maximise(likelihood: Likelihood, starts: Sequence[Sequence[float]]) -> tuple[float, ...] | Unfit:
    """The parameters that the search finds best from all of the ``starts``; as they are, no logarithms."""
    found = min((_search(likelihood, start) for start in starts), key=lambda each: each.fun)
    place, slope, curvature = _polish(likelihood, np.asarray(found.x, dtype=float))
    if fault := _fault(place, slope, curvature):
        return Unfit(fault)
    return tuple(float(each) for each in np.exp(place))


def _search(likelihood: Likelihood, start: Sequence[float]):
    def downhill(place: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = likelihood(place)
        return -value, -slope

    bounds = [(-EDGE, EDGE)] * len(start)
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7}
    return minimize(downhill, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)


def _polish(likelihood: Likelihood, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton's steps for as long as the slope gets less: (the place, its slope, its curvature)."""
    _, slope = likelihood(place)
    curvature = _curvature(likelihood, place)
    for _ in range(POLISH_STEPS):
        if not _is_hilltop(curvature):
            break
        there = np.clip(place - np.linalg.solve(curvature, slope), -EDGE, EDGE)
        _, slope_there = likelihood(there)
        if not np.abs(slope_there).max() < np.abs(slope).max():
            break
        place, slope = there, slope_there
        curvature = _curvature(likelihood, place)
    return place, slope, curvature


def _curvature(likelihood: Likelihood, place: np.ndarray) -> np.ndarray:
    columns = []
    for step in np.eye(len(place)) * DIFFERENCE:
        _, above = likelihood(place + step)
        _, below = likelihood(place - step)
        columns.append((above - below) / (2 * DIFFERENCE))
    rows = np.array(columns)
    return (rows + rows.T) / 2


def _is_hilltop(curvature: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(curvature)) and np.linalg.eigvalsh(curvature).max() < -RIDGE_MIN)


def _fault(place: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> str | None:
    if not np.all(np.isfinite(place)) or np.abs(place).max() >= EDGE - 1:
        return "the likelihood grows towards the edge of what is searched: these buyers do not fit the model"
    if not _is_hilltop(curvature):
        return "the likelihood is flat: the data do not tell the parameters apart"
    if np.abs(slope).max() > SLOPE_MAX:
        return "the search ended on a slope"
    return None
