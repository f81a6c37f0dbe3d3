"""Scores of several variables forecast together; lower is better.

For members x_1 ... x_M and an observation y of D variables::

    energy     = mean ||x_i - y|| - sum_ij ||x_i - x_j|| / (2 M^2)            fair: 2 M (M - 1)
    variogram  = sum_kl w_kl (|y_k - y_l|^p - mean_i |x_ik - x_il|^p)^2

Energy score: Gneiting and Raftery, Journal of the American Statistical Association 102, 2007; the CRPS where D = 1. It
sees wrong levels well and wrong dependence badly; the variogram score the reverse, and is blind to a shift common to
all variables (Scheuerer and Hamill, Monthly Weather Review 143, 2015). Publish both.

Both add up variables, so these must be of one size: give a scale where units differ. A variable that was not observed
in a case is left out of that case for observation and members alike, so cases differ in size and only rivals scored on
the same cases compare.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist

from sim.statistics.scores.checks import Bools, Floats, ScoreError, numbers, refuse, scoring_rules


def energy_score(
    members: ArrayLike, observed: ArrayLike, *, scale: ArrayLike | None = None, fair: bool = False
) -> Floats:
    """(cases,) Energy score; NaN where nothing was observed.

    Args:
        members: (members, variables, cases).
        observed: (variables, cases) NaN where missing.
        scale: (variables,) by which each variable is divided, above 0; 1 without. Such as the standard deviation of its
            changes before the origin; never one of the forecasts, which would make the score improper.
        fair: judge the distribution behind the ensemble; needs two members.

    Raises:
        ScoreError: other shapes, too few members, a member missing where there is an observation, a scale not above 0.
    """
    x, y, there = _together(members, observed, scale, least=2 if fair else 1)
    count = len(x)
    weight = 1.0 / (count * (count - 1)) if fair else 1.0 / count**2

    def score(drawn: Floats, seen: Floats, _: Bools) -> float:
        return float(np.linalg.norm(drawn - seen, axis=1).mean() - weight * pdist(drawn).sum())

    return _each(x, y, there, score, least=1)


def variogram_score(
    members: ArrayLike,
    observed: ArrayLike,
    *,
    order: float = 0.5,
    weights: ArrayLike | None = None,
    scale: ArrayLike | None = None,
) -> Floats:
    """(cases,) Variogram score; NaN where fewer than two variables were observed.

    Args:
        members: (members, variables, cases).
        observed: (variables, cases) NaN where missing.
        order: p, above 0; 1/2 is what its authors advise.
        weights: (variables, variables) not negative; 1 without. Each pair counts twice, as in the paper.
        scale: (variables,) as for :func:`energy_score`.

    Raises:
        ScoreError: as for :func:`energy_score`; an order not above 0; weights of another shape or negative.
    """
    x, y, there = _together(members, observed, scale, least=1)
    if not order > 0:
        raise ScoreError(f"the order of a variogram score is above 0, not {order}")
    w = np.ones((len(y), len(y))) if weights is None else numbers("weights", weights, 2)
    if w.shape != (len(y), len(y)) or not (w >= 0).all():
        raise ScoreError(f"weights must be {len(y)} x {len(y)} and not negative")
    rule = scoring_rules().vs_ensemble

    def score(drawn: Floats, seen: Floats, which: Bools) -> float:
        return float(rule(seen, drawn, w[np.ix_(which, which)], p=order, backend="numpy"))

    return _each(x, y, there, score, least=2)


def _each(x: Floats, y: Floats, there: Bools, score: Callable[[Floats, Floats, Bools], float], least: int) -> Floats:
    """The score of each case from its observed variables; NaN with fewer than the least."""
    return np.array(
        [
            score(x[:, which, case], y[which, case], which) if which.sum() >= least else np.nan
            for case, which in enumerate(there.T)
        ],
        dtype=np.float64,
    )


def _together(
    members: ArrayLike, observed: ArrayLike, scale: ArrayLike | None, least: int
) -> tuple[Floats, Floats, Bools]:
    """Members, observations and what there is of them, checked and divided by the scale."""
    x, y = numbers("members", members, 3), numbers("observations", observed, 2)
    if x.shape[1:] != y.shape:
        raise ScoreError(f"members are for (variables, cases) {x.shape[1:]}, observations for {y.shape}")
    if len(x) < least:
        raise ScoreError(f"this score needs at least {least} member(s) of the ensemble, not {len(x)}")
    there = ~np.isnan(y)
    refuse("an observation is infinite; write NaN for a missing one", np.isinf(y).any(axis=0))
    silent = (~np.isfinite(x).all(axis=0) & there).any(axis=0)
    refuse("it has an observation but members are missing or infinite; answer it, or leave the case out", silent)
    if scale is None:
        return x, y, there
    unit = numbers("scale", scale, 1)
    if unit.shape != (len(y),) or not (unit > 0).all():
        raise ScoreError(f"the scale must be {len(y)} numbers above 0, one a variable")
    return x / unit[:, None], y / unit[:, None], there
