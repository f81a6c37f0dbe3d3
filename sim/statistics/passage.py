"""First passage: when a series first stands at or above a target, as a distribution over runs.

All runs are watched to the same last month. The product-limit estimator of Kaplan and Meier (Journal of the American
Statistical Association 53, 1958) is then the plain share of runs::

    F(t) = share of runs whose first month at or above the target is t or earlier

Runs that have not reached it stay open: they count in every probability, a quantile beyond F(last) is unknown, and a
mean date is not given, because it would be that of the lucky runs alone. Reaching is not staying; :func:`standing`
tells the share of runs that stand above in a month, whether or not they did before.

Of a random walk with drift m and variance s^2 a month the answer is known (inverse Gaussian law; Chhikara and Folks,
The Inverse Gaussian Distribution, 1989); the tests compare with it::

    F(t) = N((m t - a) / (s sqrt t)) + exp(2 m a / s^2) N((-m t - a) / (s sqrt t))             a: way to the target
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.tails import share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OPEN = -1
"""First month of a run that never reached the target."""


@dataclass(frozen=True, eq=False)
class Passage:
    """First passages of several runs.

    Attributes:
        first: (n,) position of the first month at or above the target, :data:`OPEN` where there is none.
        months: number of months that were watched.
    """

    first: Ints
    months: int

    @property
    def reached(self) -> Floats:
        """Share of runs that reached the target at all."""
        return np.asarray((self.first != OPEN).mean())

    def by_month(self) -> tuple[Floats, Floats, Floats]:
        """(months,) each: probability of having reached the target by the month, and both ends of its 90 % interval."""
        return share(self.reached_by())

    def reached_by(self) -> NDArray[np.bool_]:
        """(n, months) whether a run had reached the target by the end of each month."""
        return np.asarray((self.first[:, None] != OPEN) & (self.first[:, None] <= np.arange(self.months)[None, :]))

    def quantile(self, probability: float) -> int | None:
        """The first month by which at least this share of runs has reached the target; None where that stays open.

        Args:
            probability: above 0 and at most 1.

        Raises:
            ValueError: it is not.
        """
        if not 0.0 < probability <= 1.0:
            raise ValueError(f"{probability} is not a probability above 0 and at most 1")
        wanted = int(np.ceil(probability * len(self.first) - 1e-9))  # 0.55 x 100 is a little more than 55
        known = np.sort(self.first[self.first != OPEN])
        return int(known[wanted - 1]) if len(known) >= wanted else None


def first_passage(series: Floats, target: float) -> Passage:
    """When each run first stands at or above a target.

    Args:
        series: (n, months) by run; NaN, as in the first months of a 12-month sum, is below everything.
        target: in the unit of the series.

    Raises:
        ValueError: there are no runs, no months, or the target is no number.
    """
    if series.ndim != 2 or not series.size:
        raise ValueError("first passage needs at least one run and one month")
    if not np.isfinite(target):
        raise ValueError(f"the target {target} is not a number")
    above = series >= target
    return Passage(np.where(above.any(axis=1), above.argmax(axis=1), OPEN), series.shape[1])


def standing(series: Floats, target: float) -> tuple[Floats, Floats, Floats]:
    """(months,) each: share of runs at or above the target in the month, and both ends of its 90 % interval."""
    return share(series >= target)
