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

PARTICLES = 1024
"""Points that are led to the posterior (numerical)."""

KEPT = 0.5
"""Share of the points that still counts after each step of the temper (numerical)."""

MOVES, LAST_MOVES = 6, 24
"""Markov steps of each kind between two powers, and at the end (numerical)."""

ANEW = 1.5
"""Parameters of a point that a step draws anew, in the mean (numerical)."""

MOST_POWERS = 60
"""Powers after which the likelihood is taken to be hopeless (numerical)."""


class PosteriorError(RuntimeError):
    """A likelihood that the sampler cannot follow; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The normal likelihood at some points, for whatever is observed.

    Attributes:
        mean: (q, m) emulated outputs.
        scale: (q, m, m) inverse Cholesky factors of the covariance at each point.
        constant: (q,) what does not depend on what is observed.
    """

    mean: Floats
    scale: Floats
    constant: Floats

    @classmethod
    def of(cls, mean: Floats, variance: Floats, fixed: Floats) -> Likelihood:
        """The likelihood at points.

        Args:
            mean: (q, m) emulated outputs.
            variance: (q, m) of the emulators.
            fixed: (m, m) covariance of all else: luck, observation, discrepancy.
        """
        size = mean.shape[1]
        factor = np.linalg.cholesky(fixed[None] + variance[:, :, None] * np.eye(size))
        half_determinant = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        return cls(mean, np.linalg.inv(factor), -half_determinant - 0.5 * size * np.log(2.0 * np.pi))

    def logarithm(self, observed: Floats) -> Floats:
        """(q,) logarithm of the likelihood of what was observed (m,)."""
        scaled = np.einsum("qab,qb->qa", self.scale, observed - self.mean)
        found: Floats = self.constant - 0.5 * (scaled**2).sum(axis=1)
        return found


def log_likelihood(mean: Floats, variance: Floats, observed: Floats, fixed: Floats) -> Floats:
    """(q,) logarithm of the normal likelihood of what was observed; arguments as above."""
    return Likelihood.of(mean, variance, fixed).logarithm(observed)


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
    power, powers, evidence = 0.0, [0.0], 0.0
    walk = _Walk(likelihood, luck, 2.38 / np.sqrt(dimensions))
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
        points, logs = walk.moved(points, logs, power, LAST_MOVES if power >= 1.0 else MOVES)
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


@dataclass
class _Walk:
    """Markov steps of all points, two kinds in turn.

    One kind moves a point along the spread of all points, its width led towards a quarter of the steps taken. The other
    draws a few parameters of each point anew from the prior, so that those of which the facts say nothing forget where
    they came from. Both keep the power of the posterior, since the prior is uniform.

    Attributes:
        likelihood: logarithm of the likelihood at points.
        luck: of the steps.
        width: of the steps of the first kind, standard deviations.
    """

    likelihood: LogLikelihood
    luck: np.random.Generator
    width: float

    def moved(self, points: Floats, logs: Floats, power: float, moves: int) -> tuple[Floats, Floats]:
        """Points and their log likelihoods after so many steps of each kind."""
        for _ in range(moves):
            points, logs, taken = self._taken(points, logs, points + self.width * steps(points, self.luck), power)
            self.width = float(np.clip(self.width * np.exp(taken - 0.25), 0.01, 2.0))
            anew = self.luck.random(points.shape) < ANEW / points.shape[1]
            points, logs, _ = self._taken(points, logs, np.where(anew, self.luck.random(points.shape), points), power)
        return points, logs

    def _taken(self, points: Floats, logs: Floats, proposed: Floats, power: float) -> tuple[Floats, Floats, float]:
        """Points, log likelihoods, and the share of the points that took the step (Metropolis and others 1953)."""
        within = ((proposed >= 0.0) & (proposed <= 1.0)).all(axis=1)
        found = np.full(len(points), -np.inf)
        found[within] = self.likelihood(proposed[within])
        taken = np.log(self.luck.random(len(points))) < power * (found - logs)
        return np.where(taken[:, None], proposed, points), np.where(taken, found, logs), float(taken.mean())


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
