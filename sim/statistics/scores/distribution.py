"""Scores of a whole distribution, case by case, in the unit of the observation; lower is better.

For an ensemble x_1 ... x_M, an observation y, and quantiles q at levels p::

    CRPS       = mean |x_i - y| - sum_ij |x_i - x_j| / (2 M^2)
    fair CRPS  = mean |x_i - y| - sum_ij |x_i - x_j| / (2 M (M - 1))
    pinball    = 2 (1{y < q} - p) (q - y)
    WIS        = (|y - median| / 2 + sum_k alpha_k / 2 IS_k) / (K + 1/2) = mean pinball of all levels

The CRPS judges the ensemble as the forecast; the fair one judges the distribution it was drawn from, so that ensembles
of different sizes compare (Ferro, Quarterly Journal of the Royal Meteorological Society 140, 2014). Fair scores can be
below 0. Pinball has the factor 2 of Hyndman and Athanasopoulos (Forecasting, 3rd ed., 5.9): at the level 1/2 it is the
absolute error. Weighted interval score of K central intervals with weights alpha / 2: Bracher, Ray, Gneiting and Reich,
PLOS Computational Biology 17, 2021; with many even levels it tends to the CRPS. For one member or a constant ensemble
the CRPS is the absolute error. Ties change nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.statistics.scores.checks import Floats, ScoreError, ensemble, numbers, observations, refuse, scoring_rules

LEVELS: tuple[float, ...] = (
    *(0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99),
)
"""Median and eleven central intervals, as in Bracher et al. (2021)."""

EXACT = 1e-9
"""Levels this close count as symmetric."""


def crps(members: ArrayLike, observed: ArrayLike, *, fair: bool = False) -> Floats:
    """(cases,) Continuous ranked probability score; NaN where the observation is missing.

    Args:
        members: (members, cases).
        observed: (cases,) NaN where missing.
        fair: judge the distribution behind the ensemble instead of the ensemble; needs two members.

    Raises:
        ScoreError: see :func:`sim.statistics.scores.checks.ensemble`; one member and fair.
    """
    x, y, there = ensemble(members, observed, least=2 if fair else 1)
    scores = np.full(len(y), np.nan)
    # Distances from the observation score the same and keep their digits where levels are large.
    away = x[:, there] - y[there]
    estimator = "pwm" if fair else "qd"
    scores[there] = scoring_rules().crps_ensemble(
        np.zeros(away.shape[1]), away, m_axis=0, estimator=estimator, backend="numpy"
    )
    return scores


def ensemble_quantiles(members: ArrayLike, levels: ArrayLike) -> Floats:
    """(levels, cases) Quantiles of an ensemble such that a member more would lie below with the probability asked for.

    The value at rank p (M + 1) (Hyndman and Fan, American Statistician 50, 1996, type 6). Levels beyond 1 / (M + 1) and
    M / (M + 1) give the outermost member: so few members know no more.

    Args:
        members: (members, cases); NaN makes NaN.
        levels: (levels,) above 0 and below 1.

    Raises:
        ScoreError: no member, or a level out of range.
    """
    x, p = numbers("members", members, 2), _levels(levels)
    if not len(x):
        raise ScoreError("an ensemble without members has no quantiles")
    return np.asarray(np.quantile(x, p, axis=0, method="weibull"))


def quantile_score(quantiles: ArrayLike, levels: ArrayLike, observed: ArrayLike) -> Floats:
    """(levels, cases) Pinball score of each quantile, doubled; NaN where the observation is missing.

    Args:
        quantiles: (levels, cases).
        levels: (levels,) above 0 and below 1.
        observed: (cases,) NaN where missing.

    Raises:
        ScoreError: other shapes, a level out of range, a quantile that is missing where there is an observation.
    """
    q, y, p = numbers("quantiles", quantiles, 2), numbers("observations", observed, 1), _levels(levels)
    if len(q) != len(p):
        raise ScoreError(f"{len(q)} quantiles but {len(p)} levels")
    there = observations(q, y, "quantiles")
    scores = np.full(q.shape, np.nan)
    scores[:, there] = 2.0 * scoring_rules().quantile_score(y[there], q[:, there], p[:, None], backend="numpy")
    return scores


def weighted_interval_score(quantiles: ArrayLike, levels: ArrayLike, observed: ArrayLike) -> Floats:
    """(cases,) Weighted interval score of a median and central intervals; NaN where the observation is missing.

    Args:
        quantiles: (levels, cases) not falling from level to level.
        levels: (levels,) rising, symmetric about 1/2, and 1/2 among them; such as :data:`LEVELS`.
        observed: (cases,) NaN where missing.

    Raises:
        ScoreError: also for levels that are no median and central intervals, and for quantiles that cross.
    """
    p = _levels(levels)
    symmetric = np.allclose(p + p[::-1], 1.0, rtol=0.0, atol=EXACT) and len(p) % 2 == 1
    if not symmetric or (np.diff(p) <= 0).any():
        raise ScoreError("the weighted interval score needs rising levels that hold 0.5 and mirror each other about it")
    scores = quantile_score(quantiles, p, observed)
    crossed = (np.diff(np.asarray(quantiles, dtype=np.float64), axis=0) < 0).any(axis=0)
    refuse("a quantile is below one of a lower level", crossed & ~np.isnan(scores[0]))
    return np.asarray(scores.mean(axis=0))


def _levels(levels: ArrayLike) -> Floats:
    """Levels of quantiles, checked."""
    p = numbers("levels", levels, 1)
    if not p.size or not ((p > 0) & (p < 1)).all():
        raise ScoreError(f"levels of quantiles lie above 0 and below 1, not {p.tolist()}")
    return p
