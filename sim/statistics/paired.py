"""Differences of paired runs: mean, interval, and how much the pairing helped.

Two scenarios run with one seed meet the same luck (common random numbers), so their difference d is what the policy
does. Over n seeds::

    mean(d) +- t_{(1+p)/2, n-1} sd(d) / sqrt(n)                     p = 0.9, Student
    variance reduction = 1 - var(a - b) / (var(a) + var(b))         0 for independent runs, 1 for identical luck

A reduction below 0 says that common luck made the comparison worse. A ratio of two mean differences, such as cost for
gain, has the interval of Fieller (Supplement to the Journal of the Royal Statistical Society 7, 1940): all r for which
the mean of a - r b does not differ from 0. Law, Simulation Modeling and Analysis (2015), chapters 10 and
11; Glasserman and Yao, Management Science 38 (1992), on when common random numbers help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]

CONFIDENCE = 0.9
"""Share of cases that an interval covers."""


@dataclass(frozen=True)
class Effect:
    """A paired difference: its mean and its interval, and the mean of what it is set beside."""

    mean: float
    low: float
    high: float
    base: float = float("nan")

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves 0 out, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    @property
    def percent(self) -> tuple[float, float, float]:
        """Mean and ends of the interval in % of the base; NaN where the base is 0."""
        if self.base == 0:
            return (float("nan"),) * 3
        return tuple(100.0 * value / abs(self.base) for value in (self.mean, self.low, self.high))  # type: ignore[return-value]


def paired(differences: Floats, base: float = float("nan")) -> Effect:
    """Mean and 90 % interval of differences of paired runs.

    Args:
        differences: (n,) one a seed. If they are all equal the interval is that value; one alone has no interval.
        base: mean of what they are set beside.
    """
    mean, low, high = (float(value) for value in intervals(differences))
    return Effect(mean, low, high, base)


def intervals(differences: Floats, confidence: float = CONFIDENCE) -> tuple[Floats, Floats, Floats]:
    """Mean and both ends of the interval, of 90 % if nothing else is said, cell by cell.

    Args:
        differences: (n, ...) one a seed. Where all are equal the interval is that value; one seed alone has the
            interval from minus to plus infinity. NaN in a cell gives NaN.
        confidence: share of cases that the interval covers.

    Returns:
        Three arrays without the first dimension.

    Raises:
        ValueError: there is no seed.
    """
    values = np.asarray(differences, dtype=np.float64)
    count = len(values)
    if count == 0:
        raise ValueError("there is no pair of runs")
    mean = values.mean(axis=0)
    if count == 1:
        return mean, np.where(np.isnan(mean), mean, -np.inf), np.where(np.isnan(mean), mean, np.inf)
    equal = np.ptp(values, axis=0) == 0
    mean = np.where(equal, values[0], mean)
    half = student.ppf(0.5 + confidence / 2, count - 1) * np.std(values, axis=0, ddof=1) / np.sqrt(count)
    half = np.where(equal, 0.0, half)
    return mean, mean - half, mean + half


def variance_reduction(one: Floats, other: Floats) -> Floats:
    """Share of the variance of a difference that pairing took away, cell by cell; at most 1, below 0 if it harmed.

    Args:
        one: (n, ...) by seed.
        other: same shape, same seeds in the same order.

    Returns:
        NaN with fewer than two seeds and where neither varies.

    Raises:
        ValueError: the shapes differ.
    """
    if one.shape != other.shape:
        raise ValueError(f"pairs of shapes {one.shape} and {other.shape} do not belong together")
    if len(one) < 2:
        return np.full(one.shape[1:], np.nan)
    alone = one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)
    together = (one - other).var(axis=0, ddof=1)
    return np.asarray(1.0 - np.divide(together, alone, out=np.full(alone.shape, np.nan), where=alone > 0))


def ratio(above: Floats, below: Floats) -> Effect:
    """Ratio of two mean differences of the same seeds, with the 90 % interval of Fieller.

    Args:
        above: (n,) by seed.
        below: (n,) same seeds.

    Returns:
        The base is NaN. All is NaN where the mean below is 0; the interval is without bounds where the mean below does
        not differ from 0: a ratio to what may be nothing is not known.
    """
    count, a, b = len(above), float(np.mean(above)), float(np.mean(below))
    if b == 0:
        return Effect(float("nan"), float("nan"), float("nan"))
    if count < 2:
        return Effect(a / b, float("-inf"), float("inf"))
    scale = float(student.ppf(0.5 + CONFIDENCE / 2, count - 1)) ** 2 / count
    (aa, ab), (_, bb) = np.cov(above, below) * scale
    lead, middle, last = b**2 - bb, a * b - ab, a**2 - aa
    if lead <= 0:
        return Effect(a / b, float("-inf"), float("inf"))
    root = float(np.sqrt(max(middle**2 - lead * last, 0.0)))
    return Effect(a / b, float((middle - root) / lead), float((middle + root) / lead))
