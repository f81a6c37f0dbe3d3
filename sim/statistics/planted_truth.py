"""Does a posterior tell the truth? Truths are drawn from the prior, each gives one run, and each run is calibrated on.

If emulators, luck and likelihood are right, the central interval of content p covers the truth in a share p of the
cases, and the rank of the truth within its posterior is uniform (Cook, Gelman and Rubin, Journal of Computational and
Graphical Statistics 15, 2006; Talts and others, arXiv:1804.06788, 2018). All truths share one emulator and one Sobol
sample of the prior, weighted by the likelihood of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.emulator import Emulators
from sim.statistics.history_matching import sobol
from sim.statistics.posterior import Likelihood, effective, intervals, rank, weights

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9)
"""Contents of the intervals."""

SAMPLE = 65536
"""Points of the prior that are weighted (numerical): some tens count for each truth where five parameters are free."""


@dataclass(frozen=True, eq=False)
class Planted:
    """What came of planted truths.

    Attributes:
        levels: (L,) contents of the intervals.
        covered: (k, L, d) whether an interval covers its truth.
        ranks: (k, d) share of the posterior below the truth.
        effective: (k,) effective sample size of each posterior.
    """

    levels: Floats
    covered: NDArray[np.bool_]
    ranks: Floats
    effective: Floats

    @property
    def shares(self) -> Floats:
        """(L, d) share of truths that are covered."""
        found: Floats = self.covered.mean(axis=0)
        return found

    @property
    def too_few(self) -> Floats:
        """(L, d) probability of so few covered truths, or fewer, if the contents were right (binomial)."""
        from scipy.stats import binom

        found = binom.cdf(self.covered.sum(axis=0), len(self.covered), self.levels[:, None])
        return np.asarray(found, dtype=np.float64)

    @property
    def uniform(self) -> Floats:
        """(d,) probability of ranks so far from uniform, or further, if they are (Kolmogorov and Smirnov)."""
        from scipy.stats import kstest

        return np.array([float(kstest(column, "uniform").pvalue) for column in self.ranks.T])


def planted(
    emulators: Emulators, truths: Floats, outputs: Floats, other: Floats, seed: int, points: int = SAMPLE
) -> Planted:
    """Calibrate on each planted truth and see whether it is found.

    Args:
        emulators: trained on other runs.
        truths: (k, d) in the unit cube, drawn from the uniform prior.
        outputs: (k, m) what one run of each gave; truths of which an output is missing are left out.
        other: (m, m) covariance of all but luck and emulator: observation and discrepancy; 0 if outputs are exact.
        seed: of the sample.
        points: size of the sample, a power of 2.
    """
    sample = sobol(truths.shape[1], points, seed)
    whole = np.isfinite(outputs).all(axis=1)
    truths, outputs, levels = truths[whole], outputs[whole], np.array(LEVELS)
    likelihood = Likelihood.of(*emulators.predict(sample), emulators.luck + other)
    covered = np.empty((len(truths), len(levels), truths.shape[1]), dtype=bool)
    ranks, sizes = np.empty(truths.shape), np.empty(len(truths))
    for at, (truth, output) in enumerate(zip(truths, outputs, strict=True)):
        weight = weights(likelihood.logarithm(output))
        low, high = intervals(sample, weight, levels)
        covered[at] = (low <= truth) & (truth <= high)
        ranks[at], sizes[at] = rank(sample, weight, truth), effective(weight)
    return Planted(levels, covered, ranks, sizes)
