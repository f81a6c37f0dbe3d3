"""Whether one forecaster is better than another by more than luck: the test of Diebold and Mariano.

With d_t the loss of one minus the loss of the other at n origins in order, h steps ahead::

    V   = (g_0 + 2 sum_{k=1}^{h-1} w_k g_k) / n          g_k = sum_t (d_t - mean)(d_{t-k} - mean) / n
    DM  = mean(d) / sqrt(V)
    HLN = DM sqrt((n + 1 - 2 h + h (h - 1) / n) / n)     against Student's t with n - 1 degrees of freedom

w_k = 1 is the rectangular kernel of the papers, w_k = 1 - k / h the Bartlett kernel. Diebold and Mariano, Journal of
Business and Economic Statistics 13, 1995; the correction: Harvey, Leybourne and Newbold, International Journal of
Forecasting 13, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from sim.statistics.scores.checks import Floats, ScoreError, numbers, refuse

Kernel = Literal["rectangular", "bartlett"]

NOTHING = 1e-12
"""A variance below this share of what it is made of is rounding."""


@dataclass(frozen=True)
class DieboldMariano:
    """Result of the test.

    Attributes:
        statistic: with the small-sample correction; below 0 where the first has the lower losses.
        p_value: two-sided, 0 to 1.
        difference: mean loss of the first minus that of the second.
        cases: origins with both losses.
        kernel: which variance was used in the end.
    """

    statistic: float
    p_value: float
    difference: float
    cases: int
    kernel: Kernel


def diebold_mariano(
    one: ArrayLike, other: ArrayLike, horizon: int = 1, kernel: Kernel = "rectangular"
) -> DieboldMariano:
    """Test that two forecasters have the same expected loss.

    The rectangular variance need not be positive. Where it is not, the Bartlett kernel, which cannot be negative, takes
    its place, and the result says so. Where the two losses differ by the same amount in all cases there is no variance
    and no test: statistic and p-value are NaN, for equal forecasts too.

    Args:
        one: (origins,) losses (errors squared or absolute, CRPS) in the order of time, one an origin: of several
            regions or variables take the mean first, since the test knows no dependence but that over time.
        other: (origins,) losses of the other in the same cases. NaN in either is a gap in time: left out, and the other
            origins keep their distance.
        horizon: steps ahead, counted in steps between origins; losses further apart are taken as independent.
        kernel: weights of the autocovariances.

    Raises:
        ScoreError: other shapes, an infinite loss, a horizon below 1, or no more cases than the horizon.
    """
    a, b = numbers("losses of the first", one, 1), numbers("losses of the second", other, 1)
    if len(a) != len(b):
        raise ScoreError(f"the first has {len(a)} losses, the second {len(b)}: give both for the same cases")
    refuse("a loss is infinite", np.isinf(a) | np.isinf(b))
    differences = a - b
    there = ~np.isnan(differences)
    count = int(there.sum())
    if horizon < 1:
        raise ScoreError(f"a horizon of {horizon} is none; give 1 or more")
    if count <= max(horizon, 1):
        raise ScoreError(f"the test of horizon {horizon} needs more than {horizon} cases, there are {count}")
    if kernel not in ("rectangular", "bartlett"):
        raise ScoreError(f"there is no kernel {kernel!r}; take rectangular or bartlett")
    mean = float(differences[there].mean())
    size = float(np.abs(np.concatenate([a[there], b[there]])).max())
    if np.ptp(differences[there]) <= NOTHING * size:
        return DieboldMariano(float("nan"), float("nan"), mean, count, kernel)
    covariances = _autocovariances(np.where(there, differences - mean, 0.0), count, horizon)
    variance = _long_run(covariances, kernel)
    if variance <= NOTHING * covariances[0]:
        kernel = "bartlett"
        variance = _long_run(covariances, kernel)
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = float(mean / np.sqrt(variance / count) * np.sqrt(correction))
    return DieboldMariano(statistic, float(2.0 * student.sf(abs(statistic), count - 1)), mean, count, kernel)


def _autocovariances(centred: Floats, count: int, horizon: int) -> Floats:
    """(horizon,) at lags 0 to horizon - 1; gaps are 0 and add nothing, so that the sequence stays positive definite."""
    return np.array([centred[lag:] @ centred[: len(centred) - lag] for lag in range(horizon)]) / count


def _long_run(covariances: Floats, kernel: Kernel) -> float:
    """Weighted sum of the autocovariances of both sides."""
    horizon = len(covariances)
    weights = np.ones(horizon) if kernel == "rectangular" else 1.0 - np.arange(horizon) / horizon
    return float(2.0 * (weights @ covariances) - covariances[0])
