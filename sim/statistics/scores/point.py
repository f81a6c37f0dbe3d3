"""Scores of point forecasts: one figure for each case.

With forecast f, observation y and error e = f - y over n cases::

    RMSE = sqrt(mean e^2)      MAE = mean |e|                     unit of y
    of logs                    f, y -> 100 ln f, 100 ln y         log points: close to %, the same up and down
    of growth                  f, y -> 100 (f / b - 1), ...       percentage points, b the level before
    MASE = mean(|e| / q)       q = mean |y_t - y_(t-m)| before the origin

MASE is below 1 where the forecast beats the mean one-step naive forecast of the past (Hyndman and Koehler,
International Journal of Forecasting 22, 2006); over many steps even good forecasts exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kendalltau

from sim.statistics.scores.checks import Floats, Score, ScoreError, mean_of, numbers, pairs, refuse


@dataclass(frozen=True)
class SignHits:
    """How often the direction was right.

    Attributes:
        rate: share of hits, 0 to 1; NaN without a case.
        cases: observed changes other than 0.
        observed_zeros: cases left out because nothing changed.
        forecast_zeros: forecasts of no change among the cases; each counts as half a hit.
    """

    rate: float
    cases: int
    observed_zeros: int
    forecast_zeros: int


def root_mean_squared_error(forecast: ArrayLike, observed: ArrayLike) -> Score:
    """Root of the mean squared error, in the unit of the observations.

    Args:
        forecast: (cases,).
        observed: (cases,) NaN where missing.

    Raises:
        ScoreError: see :func:`sim.statistics.scores.checks.pairs`; so for all functions here.
    """
    f, y = pairs(forecast, observed)
    return Score(float(np.sqrt(mean_of((f - y) ** 2))), len(y))


def mean_absolute_error(forecast: ArrayLike, observed: ArrayLike) -> Score:
    """Mean absolute error, in the unit of the observations.

    Args:
        forecast: (cases,).
        observed: (cases,) NaN where missing.
    """
    f, y = pairs(forecast, observed)
    return Score(mean_of(np.abs(f - y)), len(y))


def log_points(values: ArrayLike) -> Floats:
    """100 ln of positive levels, NaN kept: what to give to RMSE or a score of ensembles for errors of logs.

    Args:
        values: any shape, cases last.

    Raises:
        ScoreError: a level is 0 or below.
    """
    levels = np.atleast_1d(np.asarray(values, dtype=np.float64))
    below = (levels <= 0).any(axis=tuple(range(levels.ndim - 1)))
    refuse("a level of 0 or below has no logarithm", below)
    return np.asarray(100.0 * np.log(levels))


def mean_absolute_log_error(forecast: ArrayLike, observed: ArrayLike) -> Score:
    """Mean absolute error of logs in log points: 100 mean |ln f - ln y|, the percentage error without its lean upwards.

    Args:
        forecast: (cases,) positive.
        observed: (cases,) positive, NaN where missing.

    Raises:
        ScoreError: also for a level of 0 or below where there is an observation.
    """
    f, y = numbers("forecasts", forecast, 1), numbers("observations", observed, 1)
    pairs(f, y)
    return mean_absolute_error(log_points(np.where(np.isnan(y), np.nan, f)), log_points(y))


def growth(levels: ArrayLike, base: ArrayLike) -> Floats:
    """Growth in %: 100 (level / base - 1).

    Args:
        levels: (..., cases).
        base: (cases,) the level before, positive; NaN makes NaN.

    Raises:
        ScoreError: a base of 0 or below.
    """
    before = np.atleast_1d(np.asarray(base, dtype=np.float64))
    refuse("growth needs a level before that is above 0", before <= 0)
    return np.asarray(100.0 * (np.asarray(levels, dtype=np.float64) / before - 1.0))


def mean_absolute_growth_error(forecast: ArrayLike, observed: ArrayLike, base: ArrayLike) -> Score:
    """Mean absolute error of growth from one known level, in percentage points.

    For growth from a year that is itself forecast, give :func:`growth` of each to :func:`mean_absolute_error`.

    Args:
        forecast: (cases,) levels.
        observed: (cases,) levels, NaN where missing.
        base: (cases,) level before, the same for both; NaN leaves the case out.

    Raises:
        ScoreError: also for a base of 0 or below.
    """
    f, y = numbers("forecasts", forecast, 1), numbers("observations", observed, 1)
    before = numbers("levels before", base, 1)
    if not len(f) == len(y) == len(before):
        raise ScoreError(f"forecasts, observations and levels before: {len(f)}, {len(y)} and {len(before)} cases")
    before = np.where(np.isnan(y), np.nan, before)
    return mean_absolute_error(growth(f, before), growth(y, before))


def naive_scale(series: ArrayLike, period: int = 1) -> float:
    """Mean absolute change of a series over a period: the error of the naive forecast within the sample.

    Args:
        series: (times,) known at the origin, in order; NaN is a gap, and a change needs both its ends.
        period: 1, or the season (12 of months).

    Returns:
        In the unit of the series; 0 for a constant one, NaN where no change is known.

    Raises:
        ScoreError: the period is below 1.
    """
    values = numbers("series", series, 1)
    if period < 1:
        raise ScoreError(f"a period of {period} is none; give 1 or more")
    changes = np.abs(values[period:] - values[:-period])
    return mean_of(changes[~np.isnan(changes)])


def mean_absolute_scaled_error(forecast: ArrayLike, observed: ArrayLike, scale: ArrayLike) -> Score:
    """Mean absolute scaled error, without unit, so that cases of several series may be pooled.

    Args:
        forecast: (cases,).
        observed: (cases,) NaN where missing.
        scale: :func:`naive_scale` of the series of each case, (cases,) or one for all; NaN leaves the case out.

    Raises:
        ScoreError: also for a scale of 0 or below: a series that never moved scales nothing.
    """
    f, y = numbers("forecasts", forecast, 1), numbers("observations", observed, 1)
    try:
        q = np.broadcast_to(np.asarray(scale, dtype=np.float64), y.shape)
    except ValueError as error:
        raise ScoreError(f"scales are of shape {np.shape(scale)}, observations for {len(y)} cases") from error
    still = (q <= 0) & ~np.isnan(y)
    refuse("the series never moved before the origin, so nothing scales its error; a scale of NaN leaves it out", still)
    y = np.where(np.isnan(q), np.nan, y)
    kept, seen = pairs(f, y)
    return Score(mean_of(np.abs(kept - seen) / q[~np.isnan(y)]), len(seen))


def sign_hits(forecast: ArrayLike, observed: ArrayLike) -> SignHits:
    """How often the forecast change has the sign of the observed one.

    An observed change of exactly 0 has no direction and is left out. A forecast of exactly 0, as a random walk makes,
    says neither and counts as half a hit, what a coin would get.

    Args:
        forecast: (cases,) changes since the origin, not levels.
        observed: (cases,) changes, NaN where missing.
    """
    f, y = pairs(forecast, observed)
    moved = y != 0
    product = np.sign(f[moved]) * np.sign(y[moved])
    undecided = int((product == 0).sum())
    return SignHits(mean_of((product + 1.0) / 2.0), int(moved.sum()), int((~moved).sum()), undecided)


def rank_correlation(forecast: ArrayLike, observed: ArrayLike) -> Score:
    """Kendall's tau-b between forecast and observed order, -1 to 1, higher is better.

    (concordant - discordant) / sqrt((pairs - ties of f)(pairs - ties of y)): Kendall, Biometrika 33, 1945.

    Args:
        forecast: (cases,) for example the counties of one year.
        observed: (cases,) NaN where missing.

    Returns:
        NaN with fewer than two cases and where either side is one great tie.
    """
    f, y = pairs(forecast, observed)
    if len(y) < 2:
        return Score(float("nan"), len(y))
    return Score(float(kendalltau(f, y, variant="b").statistic), len(y))
