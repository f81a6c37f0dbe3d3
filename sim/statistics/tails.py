"""Shares of runs with their intervals, and the bad end of a distribution.

A share of s among n runs has the interval of Wilson (Journal of the American Statistical Association 22, 1927), which
holds for small n and for shares near 0 and 1, where the usual one fails (Brown, Cai and DasGupta, Statistical Science
16, 2001)::

    (s + z^2/2n  +-  z sqrt(s (1 - s)/n + z^2/4n^2)) / (1 + z^2/n)            z = 1.645 for 90 %

The worst tenth is the mean of the lowest tenth of runs, the expected shortfall of risk management (Acerbi and Tasche,
Journal of Banking and Finance 26, 2002): the run at the edge counts with the part of it that belongs to the tenth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from sim.statistics.paired import CONFIDENCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WORST = 0.1
"""Share of runs that counts as the bad end: a tenth, as usual."""


def share(hits: Bools, independent: int | None = None) -> tuple[Floats, Floats, Floats]:
    """Share of runs in which something holds, and both ends of its 90 % interval (Wilson), cell by cell.

    Args:
        hits: (n, ...) by run.
        independent: runs that share no luck, if not all do so; the interval is that of so many.

    Returns:
        Three arrays without the first dimension, 0 to 1; NaN, 0 and 1 if there is no run.
    """
    count = len(hits) if independent is None else independent
    if count == 0:
        shape = hits.shape[1:]
        return np.full(shape, np.nan), np.zeros(shape), np.ones(shape)
    found, z = hits.mean(axis=0), float(norm.ppf(0.5 + CONFIDENCE / 2))
    middle = (found + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(found * (1 - found) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    # at shares of 0 and 1 the end of the interval is the share itself, up to rounding
    return found, np.minimum(np.maximum(middle - half, 0.0), found), np.maximum(np.minimum(middle + half, 1.0), found)


def exceedance(values: Floats, thresholds: Floats) -> Floats:
    """(T,) share of runs at or above each threshold.

    Args:
        values: (n,) by run; NaN is below everything.
        thresholds: (T,) in the unit of the values.
    """
    return np.asarray((values[:, None] >= thresholds[None, :]).mean(axis=0))


def worst_mean(values: Floats, worst: float = WORST) -> Floats:
    """Mean of the lowest part of runs, cell by cell.

    Args:
        values: (n, ...) by run; low is bad: give minus a cost.
        worst: the part, above 0 and at most 1.

    Returns:
        Without the first dimension; with fewer runs than 1/worst it is the lowest run.

    Raises:
        ValueError: the part is no share, or there is no run.
    """
    if not 0.0 < worst <= 1.0:
        raise ValueError(f"{worst} is not a share above 0 and at most 1")
    if len(values) == 0:
        raise ValueError("there is no run")
    ordered = np.sort(values, axis=0)
    wanted = max(worst * len(values), 1.0)
    weight = np.clip(wanted - np.arange(len(values)), 0.0, 1.0) / wanted
    return np.asarray(np.tensordot(weight, ordered, axes=1))
