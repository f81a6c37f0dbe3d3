"""Where the spread of a result comes from: parts of its variance due to independent sources of doubt.

Every source is drawn twice, in N base runs (all sources from draw a) and N other runs (all from draw b); between them
lie, for each source i, N runs in which source i alone is taken from b and all others stay as in a (pick and freeze)::

    V      variance over all base and other runs
    T_i    E[(f(a) - f(a with i from b))^2] / 2        what i moves while all others stand: total effect
    S_i    V - E[(f(b) - f(a with i from b))^2] / 2    what is left when all but i are drawn anew: effect alone
    part_i (S_i + T_i) / 2

Estimators of Jansen (Computer Physics Communications 117, 1999), as advised by Saltelli and others (Computer Physics
Communications 181, 2010). The part is the Shapley value of the source in the variance (Owen, SIAM/ASA Journal on
Uncertainty Quantification 2, 2014) if no three sources act together; the parts then add up to V, and what the
estimates leave open is told as the rest. With few runs a part may come out a little below 0. Runs: N (2 + sources).
Intervals come from drawing the N rows again with replacement (bootstrap; Efron and Tibshirani 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.paired import CONFIDENCE

Floats = NDArray[np.float64]

RESAMPLES = 1000
"""Times that the rows are drawn again for the intervals (numerical)."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Parts of the variance of one result, as shares of the whole.

    Attributes:
        variance: V, in the squared unit of the result.
        alone: (n,) S_i / V of each source.
        total: (n,) T_i / V.
        low: (n,) lower end of the 90 % interval of the part.
        high: (n,) upper end.
    """

    variance: float
    alone: Floats
    total: Floats
    low: Floats
    high: Floats

    @property
    def part(self) -> Floats:
        """(n,) share of each source; with :attr:`rest` they add up to 1."""
        return 0.5 * (self.alone + self.total)

    @property
    def rest(self) -> float:
        """What the shares leave open: three sources acting together, and the error of few runs."""
        return float(1.0 - self.part.sum())


def spread(
    base: Floats, other: Floats, swapped: Floats, luck: np.random.Generator, resamples: int = RESAMPLES
) -> Spread:
    """Shares of the sources in the variance of one result.

    Args:
        base: (N,) results with all sources from draw a.
        other: (N,) all sources from draw b.
        swapped: (n, N) source i from b, the others from a.
        luck: for the intervals.
        resamples: times that rows are drawn again for them.

    Returns:
        Shares are NaN where the result does not vary.

    Raises:
        ValueError: fewer than two rows, or shapes that do not fit.
    """
    if base.shape != other.shape or base.ndim != 1 or swapped.shape[1:] != base.shape or len(base) < 2:
        raise ValueError(f"results of shapes {base.shape}, {other.shape} and {swapped.shape} are no design")
    variance, alone, total = shares(base, other, swapped, np.ones((1, len(base))))
    if not variance[0] > 0:
        unknown = np.full(len(swapped), np.nan)
        return Spread(float(variance[0]), unknown, unknown, unknown, unknown)
    _, some, more = shares(base, other, swapped, drawn_again(len(base), resamples, luck))
    ends = np.nanquantile(0.5 * (some + more), [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], axis=-1)
    return Spread(float(variance[0]), alone[:, 0], total[:, 0], ends[0], ends[1])


def drawn_again(rows: int, resamples: int, luck: np.random.Generator) -> Floats:
    """(R, N) how often each row comes up when N rows are drawn with replacement, R times."""
    again = luck.integers(rows, size=(rows, resamples))
    counts: Floats = np.stack([np.bincount(drawn, minlength=rows) for drawn in again.T]).astype(np.float64)
    return counts


def shares(base: Floats, other: Floats, swapped: Floats, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Variance and shares of R designs that take rows from one.

    Args:
        base: (N,) results with all sources from draw a.
        other: (N,) all sources from draw b.
        swapped: (n, N) source i from b, the others from a.
        counts: (R, N) how often a design takes each row; N in all.

    Returns:
        (R,) variance V and (n, R) shares S_i / V and T_i / V, NaN where V is 0.
    """
    rows = len(base)
    # from the middle of the results: squares of large numbers would drown a small variance
    middle = float(base.mean())
    first, second = base - middle, other - middle
    mean = counts @ (first + second) / (2 * rows)
    squares = counts @ (first**2 + second**2) - 2 * rows * mean**2
    flat = np.ptp(first) == 0 and np.ptp(second) == 0 and first[0] == second[0]
    variance = np.zeros(len(counts)) if flat else np.maximum(squares, 0.0) / (2 * rows - 1)
    scale = np.divide(1.0, variance, out=np.full(variance.shape, np.nan), where=variance > 0)
    total = 0.5 * ((base - swapped) ** 2 @ counts.T) / rows * scale
    alone = 1.0 - 0.5 * ((other - swapped) ** 2 @ counts.T) / rows * scale
    return variance, alone, total
