"""History matching: which parameter values can be ruled out, and how much of their space is left.

A point is implausible if the emulated outputs lie far from what was observed, measured by all that may part them
(Craig and others, in Case Studies in Bayesian Statistics 3, 1997; Vernon, Goldstein and Bower, Bayesian Analysis 5,
2010)::

    I_j(u) = |z_j - E_j(u)| / sqrt(V_emulator,j(u) + V_luck,j + V_observation,j + V_discrepancy,j)

What happened is one draw of luck, so the variance between seeds counts. Points are ruled out if the highest I_j is
above :data:`HIGHEST`, or the second highest above :data:`SECOND`: one fact alone, or one bad emulator alone, must be
far off to rule out a point. A normal error is above 3 once in 370 times, any unimodal one at most once in 20
(Pukelsheim, The American Statistician 48, 1994); with some twenty outputs one of them above 3 is no wonder.

The space left is measured on a scrambled Sobol sample. Where too little of it is left for that, by subset simulation
(Au and Beck, Probabilistic Engineering Mechanics 16, 2001): through a ladder of easier limits, each rung refilled by
Markov chains that stay inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Distance = Callable[[Floats], Floats]
"""(q, d) points to (q,) distances: 1 and below is not ruled out; infinite where values are impossible."""

HIGHEST, SECOND = 4.0, 3.0
"""Limits of the highest and of the second highest implausibility (assumption, see above)."""

SAMPLE = 2048
"""Points of a Sobol sample (numerical): a share of 0.1 is known within 0.014."""

ENOUGH = 200
"""Points inside from which a share is counted, not found by a ladder (numerical: 7 % relative error)."""

RUNG = 0.1
"""Share of the points that a rung of the ladder keeps (numerical, as Au and Beck)."""

STEPS = 5
"""Markov steps of each point between two rungs (numerical)."""

MOST_RUNGS = 20
"""Rungs after which nothing counts as left (numerical: a share of 1e-20)."""


def implausibility(
    mean: Floats, variance: Floats, observed: Floats, error: Floats, luck: Floats, discrepancy: Floats
) -> Floats:
    """How many standard deviations lie between what a point gives and what was observed.

    Args:
        mean: (q, m) emulated outputs.
        variance: (q, m) of the emulator.
        observed: (m,) what was observed.
        error: (m,) variance of the observation.
        luck: (m,) variance between seeds.
        discrepancy: (m,) variance of what the model leaves out.

    Returns:
        (q, m).
    """
    found: Floats = np.abs(observed - mean) / np.sqrt(variance + luck + error + discrepancy)
    return found


def distance(implausible: Floats, highest: float = HIGHEST, second: float = SECOND) -> Floats:
    """(q,) how far a point is on the way to being ruled out: 1 at the limit, above 1 beyond.

    Args:
        implausible: (q, m) implausibilities.
        highest: limit of the highest of a point.
        second: limit of the second highest; without effect with one output.
    """
    ordered = np.sort(implausible, axis=1)
    found: Floats = ordered[:, -1] / highest
    if ordered.shape[1] > 1:
        found = np.maximum(found, ordered[:, -2] / second)
    return found


@dataclass(frozen=True, eq=False)
class Remaining:
    """What is not ruled out yet.

    Attributes:
        volume: share of the unit cube; 0 if nothing was found.
        points: (k, d) points inside it, spread over it.
        rungs: ladder rungs that were needed; 0 if the sample was counted.
    """

    volume: float
    points: Floats
    rungs: int = 0


def sobol(dimensions: int, points: int, seed: int) -> Floats:
    """(points, dimensions) scrambled Sobol sample of the unit cube; a power of 2 is best (Owen 1998)."""
    from scipy.stats import qmc

    found: Floats = np.asarray(qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(points))
    return found


def remaining(far: Distance, dimensions: int, seed: int, points: int = SAMPLE) -> Remaining:
    """The part of the unit cube that is not ruled out.

    Args:
        far: distance of points, see :func:`distance`.
        dimensions: of the cube.
        seed: of the sample.
        points: size of the sample, a power of 2.
    """
    luck = np.random.default_rng([seed, dimensions])
    sample = sobol(dimensions, points, seed)
    distances, volume = far(sample), 1.0
    for rungs in range(MOST_RUNGS + 1):
        inside = distances <= 1.0
        if inside.sum() >= min(ENOUGH, points) or (rungs and inside.mean() >= RUNG):
            return Remaining(volume * float(inside.mean()), sample[inside], rungs)
        limit = float(np.sort(distances)[max(int(RUNG * points) - 1, 0)])
        if not np.isfinite(limit):  # few points are possible at all
            limit = float(distances.max(initial=0.0, where=np.isfinite(distances)))
        kept = distances <= limit
        if not kept.any():
            break
        volume *= float(kept.mean())
        sample, distances = _refilled(far, sample[kept], distances[kept], limit, points, luck)
    return Remaining(0.0, sample[:0], MOST_RUNGS)


def _refilled(
    far: Distance, sample: Floats, distances: Floats, limit: float, points: int, luck: np.random.Generator
) -> tuple[Floats, Floats]:
    """So many points inside a limit, from the few that are there by Markov steps that are uniform inside it."""
    chosen = luck.permutation(np.resize(np.arange(len(sample)), points))
    sample, distances = sample[chosen], distances[chosen]
    width = 2.38 / np.sqrt(sample.shape[1])
    for _ in range(STEPS):
        moved = sample + width * steps(sample, luck)
        within = ((moved >= 0.0) & (moved <= 1.0)).all(axis=1)
        found = np.full(points, np.inf)
        found[within] = far(moved[within])
        taken = np.isfinite(found) & (found <= limit)
        sample, distances = np.where(taken[:, None], moved, sample), np.where(taken, found, distances)
        width *= np.exp(float(taken.mean()) - 0.25)  # towards a quarter of the steps taken
    return sample, distances


def steps(sample: Floats, luck: np.random.Generator) -> Floats:
    """(q, d) normal steps as wide and as slanted as the sample."""
    spread = np.cov(sample.T, ddof=1).reshape(sample.shape[1], -1) + 1e-10 * np.eye(sample.shape[1])
    found: Floats = luck.standard_normal(sample.shape) @ np.linalg.cholesky(spread).T
    return found


def spread_out(candidates: Floats, count: int, known: Floats | None = None) -> Floats:
    """So many of the candidates, each as far as possible from those chosen before and from known points.

    Greedy maximin (Gonzalez, Theoretical Computer Science 38, 1985: at least half as wide as the best choice).

    Args:
        candidates: (k, d) in the unit cube.
        count: how many; all if there are no more.
        known: (n, d) points to keep away from.
    """
    if count >= len(candidates):
        return candidates
    gap = np.full(len(candidates), np.inf)
    for point in () if known is None else known:
        gap = np.minimum(gap, ((candidates - point) ** 2).sum(axis=1))
    chosen: list[int] = []
    for _ in range(count):
        # without any point to keep away from the first is the one nearest to the middle of all
        first = int(((candidates - candidates.mean(axis=0)) ** 2).sum(axis=1).argmin())
        place = first if np.isinf(gap).all() else int(gap.argmax())
        chosen.append(place)
        gap = np.minimum(gap, ((candidates - candidates[place]) ** 2).sum(axis=1))
    return candidates[chosen]
