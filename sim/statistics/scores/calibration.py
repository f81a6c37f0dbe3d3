"""Whether stated doubt is earned: coverage of intervals, PIT, probabilities of events.

**Coverage.** The central interval of level c holds the observation in a share c of cases. Its ends are the quantiles of
:func:`sim.statistics.scores.distribution.ensemble_quantiles`, with which a perfect ensemble covers c (exactly where
they fall on members, nearly between), up to (M - 1) / (M + 1), the share between its outermost members. An observation
on an end is inside.

**PIT.** Of M members, b lie below the observation and t tie with it. Its rank among M + 1 equals is one of b ... b + t,
and the PIT lies in [b, b + t + 1] / (M + 1). No number is drawn: :func:`pit` is the middle, and :func:`pit_histogram`
spreads the case evenly (Czado, Gneiting and Held, Biometrics 65, 2009). A perfect ensemble gives a flat histogram; a
hump says too wide, a valley too narrow, a slope biased.

**Events.** For probabilities p and outcomes o (1 or 0) in groups g of n_g cases with means p_g and o_g::

    Brier = mean (p - o)^2 = reliability - resolution + uncertainty + within
      reliability   sum n_g (p_g - o_g)^2 / n        0 where events happen as often as said
      resolution    sum n_g (o_g - o_mean)^2 / n     higher is better: groups differ
      uncertainty   o_mean (1 - o_mean)              of the events, not of the forecast
      within        0 where a group is one probability; else what grouping hides

Murphy, Journal of Applied Meteorology 12, 1973; the term within: Stephenson, Coelho and Jolliffe, Weather and
Forecasting 23, 2008. With few cases to a group, reliability and resolution are both too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.statistics.scores.checks import Floats, ScoreError, ensemble, mean_of, numbers, observations, refuse
from sim.statistics.scores.distribution import ensemble_quantiles

CENTRAL: tuple[float, ...] = (0.5, 0.8, 0.9)
"""Levels of the central intervals that are published."""

ROUNDING = 1e-9
"""A probability this close below an edge belongs above it: 0.3 may have come out of a mean."""


@dataclass(frozen=True)
class Coverage:
    """How often a central interval held the observation.

    Attributes:
        level: share it should hold.
        share: share it held; NaN without a case.
        cases: number of cases.
        reachable: what a perfect ensemble of so many members would hold; below the level with few members.
        width: mean width of the interval, unit of the observations: of two that cover, the narrower is better.
    """

    level: float
    share: float
    cases: int
    reachable: float
    width: float


@dataclass(frozen=True)
class BrierParts:
    """The Brier score and what it is made of; score = reliability - resolution + uncertainty + within.

    NaN without a case.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    cases: int


@dataclass(frozen=True)
class ReliabilityRow:
    """One row of a reliability table.

    Attributes:
        low: lower edge of the group, inside.
        high: upper edge, outside, except for 1; both are the probability where a group is one.
        probability: mean probability said.
        frequency: how often the event happened.
        cases: number of cases.
    """

    low: float
    high: float
    probability: float
    frequency: float
    cases: int


def coverage(members: ArrayLike, observed: ArrayLike, levels: Sequence[float] = CENTRAL) -> tuple[Coverage, ...]:
    """How often central intervals of the ensemble held the observation.

    Args:
        members: (members, cases); one member, or all equal, is an interval without width.
        observed: (cases,) NaN where missing.
        levels: above 0 and below 1.

    Raises:
        ScoreError: see :func:`sim.statistics.scores.checks.ensemble`; a level out of range.
    """
    x, y, there = ensemble(members, observed, least=1)
    x, y = x[:, there], y[there]
    found = []
    for level in levels:
        if not 0 < level < 1:
            raise ScoreError(f"the level of an interval lies above 0 and below 1, not {level}")
        low, high = ensemble_quantiles(x, [(1 - level) / 2, (1 + level) / 2])
        inside = ((low <= y) & (y <= high)).astype(np.float64)
        reachable = min(level, (len(x) - 1) / (len(x) + 1))
        found.append(Coverage(level, mean_of(inside), len(y), reachable, mean_of(high - low)))
    return tuple(found)


def pit(members: ArrayLike, observed: ArrayLike) -> Floats:
    """(cases,) Probability integral transform, the middle of its step; NaN where the observation is missing.

    Args:
        members: (members, cases).
        observed: (cases,) NaN where missing.

    Returns:
        Above 0 and below 1; 1/2 for an observation equal to all members.

    Raises:
        ScoreError: see :func:`sim.statistics.scores.checks.ensemble`.
    """
    low, high = _steps(members, observed)
    return np.asarray((low + high) / 2.0)


def pit_histogram(members: ArrayLike, observed: ArrayLike, bins: int = 10) -> Floats:
    """(bins,) Share of the cases in each part of the PIT from 0 to 1; sums to 1, all NaN without a case.

    Args:
        members: (members, cases).
        observed: (cases,) NaN where missing.
        bins: number of equal parts.

    Raises:
        ScoreError: see :func:`sim.statistics.scores.checks.ensemble`; fewer than one bin.
    """
    _at_least_one(bins)
    low, high = _steps(members, observed)
    low, high = low[~np.isnan(low)], high[~np.isnan(high)]
    if not low.size:
        return np.full(bins, np.nan)
    edges = np.linspace(0.0, 1.0, bins + 1)
    below = np.clip((edges[:, None] - low) / (high - low), 0.0, 1.0).mean(axis=1)
    return np.asarray(np.diff(below))


def brier_score(probabilities: ArrayLike, events: ArrayLike) -> Floats:
    """(cases,) Squared error of a probability; NaN where it is not known what happened.

    Args:
        probabilities: (cases,) 0 to 1; of an ensemble, the share of members in which the event happens.
        events: (cases,) 1 happened, 0 not, NaN not known.

    Raises:
        ScoreError: other shapes, a probability outside 0 to 1, an event that is neither.
    """
    _events(probabilities, events)
    p, o = np.asarray(probabilities, dtype=np.float64), np.asarray(events, dtype=np.float64)
    return np.where(np.isnan(o), np.nan, (p - o) ** 2)


def brier_parts(probabilities: ArrayLike, events: ArrayLike, bins: int | None = None) -> BrierParts:
    """The mean Brier score in its parts.

    Args:
        probabilities: (cases,) 0 to 1.
        events: (cases,) 1, 0 or NaN.
        bins: number of equal groups of probabilities; without, each distinct probability is a group, as Murphy has it.

    Raises:
        ScoreError: as for :func:`brier_score`; fewer than one bin.
    """
    p, o = _events(probabilities, events)
    if not p.size:
        return BrierParts(*(float("nan"),) * 5, 0)
    group = _groups(p, bins)[0]
    count = np.maximum(np.bincount(group), 1)
    # Means of its group, for each case.
    said = (np.bincount(group, weights=p) / count)[group]
    seen = (np.bincount(group, weights=o) / count)[group]
    base = float(o.mean())
    off = p - said
    return BrierParts(
        score=float(((p - o) ** 2).mean()),
        reliability=float(((said - seen) ** 2).mean()),
        resolution=float(((seen - base) ** 2).mean()),
        uncertainty=base * (1.0 - base),
        within=float((off**2 - 2.0 * off * (o - seen)).mean()),
        cases=len(o),
    )


def reliability_table(probabilities: ArrayLike, events: ArrayLike, bins: int | None = 10) -> tuple[ReliabilityRow, ...]:
    """How often events happened that were given about the same probability; groups without a case are left out.

    Args:
        probabilities: (cases,) 0 to 1.
        events: (cases,) 1, 0 or NaN.
        bins: number of equal groups; None makes one of each distinct probability.

    Raises:
        ScoreError: as for :func:`brier_score`; fewer than one bin.
    """
    p, o = _events(probabilities, events)
    group, lows, highs = _groups(p, bins)
    return tuple(
        ReliabilityRow(float(lows[g]), float(highs[g]), mean_of(p[group == g]), mean_of(o[group == g]), int(size))
        for g, size in enumerate(np.bincount(group, minlength=len(lows)))
        if size
    )


def _groups(p: Floats, bins: int | None) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Number of the group of each case, and the edges of all groups."""
    if bins is None:
        distinct, group = np.unique(p, return_inverse=True)
        return group.astype(np.int64), distinct, distinct
    _at_least_one(bins)
    edges = np.arange(bins + 1) / bins
    return np.minimum(np.floor((p + ROUNDING) * bins), bins - 1).astype(np.int64), edges[:-1], edges[1:]


def _steps(members: ArrayLike, observed: ArrayLike) -> tuple[Floats, Floats]:
    """Ends of the step of the PIT at each observation; NaN where it is missing."""
    x, y, there = ensemble(members, observed)
    below, ties = (x < y).sum(axis=0), (x == y).sum(axis=0)
    low: NDArray[np.float64] = np.where(there, below / (len(x) + 1), np.nan)
    return low, np.where(there, (below + ties + 1) / (len(x) + 1), np.nan)


def _events(probabilities: ArrayLike, events: ArrayLike) -> tuple[Floats, Floats]:
    """Probabilities and outcomes of the cases whose outcome is known, checked."""
    p, o = numbers("probabilities", probabilities, 1), numbers("events", events, 1)
    known = observations(p, o, "probabilities")
    refuse("a probability lies between 0 and 1", known & ((p < 0) | (p > 1)))
    refuse("an event happened (1), did not (0), or is not known (NaN)", known & (o != 0) & (o != 1))
    return p[known], o[known]


def _at_least_one(bins: int) -> None:
    if bins < 1:
        raise ScoreError(f"{bins} bins hold nothing; give 1 or more")
