"""How a policy does over many futures of which none is known to be likely.

Values are arrays (points, futures): point i in future j, at one seed or as a mean of seeds. No future is weighted.

===========  =========================================================================================================
measure      what it asks
===========  =========================================================================================================
regret       What does a policy miss in a future against the best of those compared, had one known it? 0 or more, in the
             unit of the goal (Savage, Journal of the American Statistical Association 46, 1951). The largest is that of
             the least fitting future, the 90th percentile does not hang on one future alone.
satisficing  In what share of futures does a policy reach all thresholds (Simon, Psychological Review 63, 1956; the
             domain criterion of Starr 1963)? With the interval of :mod:`sim.statistics.tails`: futures are a sample.
worst tenth  How does it do on average in its own worst tenth of futures?
===========  =========================================================================================================

Regret depends on what it is compared with: a point more can raise the regret of all others, never lower it. The others
look at the point alone. McPhail and others, Earth's Future 6 (2018), compare such measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.tails import WORST, share, worst_mean

Floats = NDArray[np.float64]

HIGH = 0.9
"""Quantile of regret that is told beside the largest: nine of ten futures are no worse."""


class RobustnessError(ValueError):
    """Values that tell nothing of robustness; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Regrets:
    """Regret of each point over the futures, in the unit of the goal.

    Attributes:
        largest: (P,).
        high: (P,) 90th percentile, between two futures linear.
        mean: (P,).
        worst_future: (P,) number of the future with the largest regret; the first of equals.
    """

    largest: Floats
    high: Floats
    mean: Floats
    worst_future: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Satisficing:
    """Share of futures in which all thresholds are reached.

    Attributes:
        share: (P,) 0 to 1.
        low: (P,) lower end of its 90 % interval (Wilson).
        high: (P,) upper end.
    """

    share: Floats
    low: Floats
    high: Floats


def regret(values: Floats, sign: float) -> Floats:
    """(P, F) what a point misses in a future against the best point of that future, 0 or more.

    Args:
        values: (P, F) of P points in F futures, which are the same for all points.
        sign: 1 where more is better, -1 where less is.

    Raises:
        RobustnessError: no point or no future, a value that is not finite, or a sign that is none.
    """
    gains = _gains(values, sign)
    return np.asarray(gains.max(axis=0) - gains)


def regrets(values: Floats, sign: float) -> Regrets:
    """Largest, high and mean regret of each point; arguments and errors of :func:`regret`."""
    missed = regret(values, sign)
    return Regrets(
        missed.max(axis=1),
        np.asarray(np.quantile(missed, HIGH, axis=1)),
        missed.mean(axis=1),
        missed.argmax(axis=1),
    )


def satisficing(values: Floats, signs: Floats, thresholds: Floats, independent: int | None = None) -> Satisficing:
    """In what share of futures a point reaches all thresholds.

    Args:
        values: (P, G, F) of P points, G goals and F futures; NaN, a run without result, reaches nothing.
        signs: (G,) 1 where a goal must be at least its threshold, -1 where at most.
        thresholds: (G,) in the unit of the goal; infinite, in the goal's bad direction, where it does not matter.
        independent: futures that share no luck, if not all do so; the interval is that of so many.

    Raises:
        RobustnessError: shapes that do not fit, or signs that are none.
    """
    if values.ndim != 3 or signs.shape != values.shape[1:2] or thresholds.shape != signs.shape or 0 in values.shape:
        raise RobustnessError(
            f"values of shape {values.shape} (points, goals, futures), {signs.size} signs and {thresholds.size} "
            "thresholds do not fit"
        )
    if not np.isin(signs, (-1.0, 1.0)).all():
        raise RobustnessError("signs must be 1 or -1")
    reached = values * signs[:, None] >= (thresholds * signs)[:, None]
    return Satisficing(*share(np.asarray(reached.all(axis=1)).T, independent))


def worst_tenth(values: Floats, sign: float, worst: float = WORST) -> Floats:
    """(P,) mean of a point in its own worst part of futures, in the unit of the goal.

    Args:
        values: (P, F).
        sign: 1 where more is better, -1 where less is.
        worst: the part, above 0 and at most 1; with fewer futures than 1/worst it is the worst future.

    Raises:
        RobustnessError: as for :func:`regret`.
        ValueError: the part is no share.
    """
    return worst_mean(_gains(values, sign).T, worst) * sign


def _gains(values: Floats, sign: float) -> Floats:
    """(P, F) values turned so that more is better, after a look at them."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or 0 in found.shape:
        raise RobustnessError(f"values of shape {found.shape} are not points in futures")
    if not np.isfinite(found).all():
        raise RobustnessError("a point misses a future; leave out the future for all points, or the point")
    if sign not in (-1.0, 1.0):
        raise RobustnessError(f"a sign is 1 or -1, not {sign}")
    return np.asarray(found * sign)
