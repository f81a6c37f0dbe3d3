"""Approximate posterior of parameters, by emulators: the prior is uniform on the unit cube, errors are normal.

::

    log L(u) = -1/2 (r' S^-1 r + log det S),   r = z - E(u),   S = S_luck + S_observation + S_discrepancy + diag(V(u))

with the variance V of the emulators at u. The luck of one seed moves many outputs at once and counts with its
covariance, so that three figures moved by one stroke of luck are not three proofs.

Draws come by adaptive tempering (sequential Monte Carlo: Neal, Statistics and Computing 11, 2001; Del Moral, Doucet and
Jasra, Journal of the Royal Statistical Society B 68, 2006): a Sobol sample of the prior is led through powers of the
likelihood, each so large that half of the sample still counts, drawn again and moved by Markov steps. A sampler of one
or a few chains (emcee) asks for points one after the other, which is what emulators are slowest at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.statistics.history_matching import sobol, steps

Floats = NDArray[np.float64]
LogLikelihood = Callable[[Floats], Floats]
"""(q, d) points to (q,) logarithms of the likelihood."""

PARTICLES = 2048
"""Points that are led to the posterior (numerical)."""

KEPT = 0.5
"""Share of the points that still counts after each step of the temper (numerical)."""

MOVES = 6
"""Markov steps of each point between two powers (numerical)."""

MOST_POWERS = 60
"""Powers after which the likelihood is taken to be hopeless (numerical)."""


class PosteriorError(RuntimeError):
    """A likelihood that the sampler cannot follow; the message is one sentence."""


def log_likelihood(mean: Floats, variance: Floats, observed: Floats, fixed: Floats) -> Floats:
    """(q,) logarithm of the normal likelihood of what was observed.

    Args:
        mean: (q, m) emulated outputs.
        variance: (q, m) of the emulators.
        observed: (m,) what was observed.
        fixed: (m, m) covariance of all else: luck, observation, discrepancy.
    """
    covariance = fixed[None] + variance[:, :, None] * np.eye(len(observed))
    factor = np.linalg.cholesky(covariance)
    scaled = np.linalg.solve(factor, (observed - mean)[:, :, None])[:, :, 0]
    half_determinant = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    found: Floats = -0.5 * (scaled**2).sum(axis=1) - half_determinant - 0.5 * len(observed) * np.log(2.0 * np.pi)
    return found


def weights(log_weights: Floats) -> Floats:
    """(q,) importance weights that sum to 1."""
    lifted = np.exp(log_weights - log_weights.max())
    found: Floats = lifted / lifted.sum()
    return found


def effective(weight: Floats) -> float:
    """Effective sample size of weights that sum to 1 (Kish 1965): 1 / sum of squares."""
    return float(1.0 / (weight**2).sum())


@dataclass(frozen=True, eq=False)
class Draws:
    """A sample of the posterior.

    Attributes:
        points: (n, d) equally weighted draws in the unit cube.
        log_likelihood: (n,) of each.
        effective: effective sample size, see :func:`independent`.
        log_evidence: logarithm of the mean likelihood under the prior.
        powers: the powers of the likelihood that were passed, up to 1.
    """

    points: Floats
    log_likelihood: Floats
    effective: float
    log_evidence: float
    powers: tuple[float, ...]


def draw_posterior(likelihood: LogLikelihood, dimensions: int, seed: int, particles: int = PARTICLES) -> Draws:
    """Draw from the posterior on the unit cube.

    Args:
        likelihood: logarithm of the likelihood at points; minus infinity where values are impossible.
        dimensions: of the cube.
        seed: of the sample and the moves.
        particles: number of draws, a power of 2.

    Raises:
        PosteriorError: the likelihood is 0 everywhere, or steeper than the temper can follow.
    """
    luck = np.random.default_rng([seed, dimensions, particles])
    points = sobol(dimensions, particles, seed)
    logs = likelihood(points)
    if not np.isfinite(logs).any():
        raise PosteriorError("no parameter values explain the facts: the likelihood is 0 everywhere")
    power, powers, evidence, width = 0.0, [0.0], 0.0, 2.38 / np.sqrt(dimensions)
    eve = np.arange(particles)  # the point of the prior that a draw descends from
    if not np.isfinite(logs).all():  # values that are impossible: the prior is what is left without them
        possible = np.flatnonzero(np.isfinite(logs))
        evidence += float(np.log(len(possible) / particles))
        eve = possible[luck.permutation(np.resize(np.arange(len(possible)), particles))]
        points, logs = points[eve], logs[eve]
    while power < 1.0:
        if len(powers) > MOST_POWERS:
            raise PosteriorError("the facts leave so little of the parameter space that the sampler does not reach it")
        step = _step(logs, 1.0 - power)
        lifted = step * logs
        evidence += float(np.log(np.exp(lifted - lifted.max()).mean()) + lifted.max())
        chosen = _systematic(weights(lifted), luck)
        points, logs, eve = points[chosen], logs[chosen], eve[chosen]
        power = min(power + step, 1.0)
        powers.append(power)
        points, logs, width = _moved(likelihood, points, logs, power, width, luck)
    return Draws(points, logs, independent(points, eve), evidence, tuple(powers))


def independent(points: Floats, eve: NDArray[np.int64]) -> float:
    """How many independent draws tell the means as well as these, which descend from few points of the prior.

    The variance of a mean is that of sums over families (Chan and Lai, Annals of Statistics 41, 2013; Lee and Whiteley,
    Biometrika 105, 2018), in the mean over parameters.

    Args:
        points: (n, d) draws.
        eve: (n,) the first ancestor of each.
    """
    centred = points - points.mean(axis=0)
    families = np.zeros((int(eve.max()) + 1, points.shape[1]))
    np.add.at(families, eve, centred)
    of_mean = (families**2).sum(axis=0) / len(points) ** 2
    spread = points.var(axis=0)
    ratio = np.divide(of_mean, spread, out=np.full(len(spread), 1.0 / len(points)), where=spread > 0)
    return float(min(1.0 / ratio.mean(), len(points)))


def _step(logs: Floats, most: float) -> float:
    """The largest rise of the power after which the share :data:`KEPT` of the points still counts."""
    wanted = KEPT * len(logs)
    if effective(weights(most * logs)) >= wanted:
        return most
    low, high = 0.0, most
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(weights(middle * logs)) >= wanted else (low, middle)
    return max(low, np.finfo(float).tiny)


def _systematic(weight: Floats, luck: np.random.Generator) -> NDArray[np.int64]:
    """(q,) systematic resampling (Carpenter, Clifford and Fearnhead 1999)."""
    places = (luck.random() + np.arange(len(weight))) / len(weight)
    return np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1)


def _moved(
    likelihood: LogLikelihood, points: Floats, logs: Floats, power: float, width: float, luck: np.random.Generator
) -> tuple[Floats, Floats, float]:
    """The points after Markov steps that keep the power of the posterior; the width is led towards a quarter taken."""
    for _ in range(MOVES):
        proposed = points + width * steps(points, luck)
        within = ((proposed >= 0.0) & (proposed <= 1.0)).all(axis=1)
        found = np.full(len(points), -np.inf)
        found[within] = likelihood(proposed[within])
        taken = np.log(luck.random(len(points))) < power * (found - logs)
        points, logs = np.where(taken[:, None], proposed, points), np.where(taken, found, logs)
        width = float(np.clip(width * np.exp(taken.mean() - 0.25), 0.01, 2.0))
    return points, logs, width


def intervals(sample: Floats, weight: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Central intervals of each column of a weighted sample.

    Args:
        sample: (q, d).
        weight: (q,) summing to 1.
        levels: (L,) contents, 0-1.

    Returns:
        Lower and upper ends (L, d).
    """
    low, high = np.empty((len(levels), sample.shape[1])), np.empty((len(levels), sample.shape[1]))
    for column in range(sample.shape[1]):
        order = np.argsort(sample[:, column], kind="stable")
        below = np.cumsum(weight[order]) - 0.5 * weight[order]
        low[:, column] = np.interp(0.5 - levels / 2, below, sample[order, column])
        high[:, column] = np.interp(0.5 + levels / 2, below, sample[order, column])
    return low, high


def rank(sample: Floats, weight: Floats, truth: Floats) -> Floats:
    """(d,) share of a weighted sample below a truth: uniform if the posterior is right (Talts and others 2018).

    Args:
        sample: (q, d).
        weight: (q,) summing to 1.
        truth: (d,).
    """
    found: Floats = weight @ (sample < truth)
    return found
