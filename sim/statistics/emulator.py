"""Emulators: what a run of the model would give at parameter values nobody has run, with how well that is known.

One Gaussian process an output, on inputs in the unit cube (Rasmussen and Williams, Gaussian Processes for Machine
Learning, 2006; for simulators Sacks and others, Statistical Science 4, 1989)::

    y = a + b (u - 1/2) + g(u) + e,    b ~ N(0, 3^2),  g ~ GP(0, s^2 Matern 5/2 with a length for each input)

in standard units of the output; e is the luck of the seed, of one variance over the cube. The linear part is a process
too (their 2.7), so that its doubt counts. Lengths, s^2 and the variance of e maximise the marginal likelihood;
rows that repeat an input with another seed therefore inform the variance of e directly. The luck of several outputs is
that of one seed and goes together; its correlation is that of the leave-one-out errors, shrunk (Ledoit and Wolf,
Journal of Multivariate Analysis 88, 2004).

scikit-learn (extra ``tune``) maximises the likelihood; prediction is ours, because many outputs are asked at many
points. Equal rows give equal emulators.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_ROWS = 10
"""Rows with a number that an output needs (assumption)."""

LINEAR_SCALE = 3.0
"""Standard deviation of slopes a priori, standard units of the output over the width of the cube (assumption: wide)."""

LENGTHS = (0.2, 20.0)
"""Shortest and longest length of an input, widths of the cube; with the longest an input acts linearly at most."""

AMPLITUDES = (1e-4, 30.0)
"""Least and largest s^2, squared standard units of the output."""

NOISES = (1e-6, 1.5)
"""Least and largest variance of luck, likewise."""

ROWS_FOR_LENGTHS = 240
"""Most rows by which lengths are found; all count in predictions and in luck (numerical: time goes with the cube)."""

CHUNK = 2048
"""Points predicted at once (numerical: memory)."""

FIRST_LENGTH, FIRST_AMPLITUDE, FIRST_NOISE = 2.0, 0.3, 0.2
"""Where the search for the largest likelihood begins (numerical)."""


class EmulatorError(ValueError):
    """Runs from which no emulator can be made; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class Emulator:
    """The emulator of one output.

    Attributes:
        points: (n, d) inputs of the rows it rests on, unit cube.
        lengths: (d,) of the inputs, widths of the cube.
        amplitude: s^2, squared standard units.
        noise: variance of the luck of a seed, squared units of the output.
        centre, scale: mean and standard deviation of the output over the rows.
        rows: (n,) which of the rows given these are.
        weights: (n,) inverse covariance times standardised outputs.
        inverse: (n, n) inverse covariance of the rows, standard units.
        outputs: (n,) outputs of the rows.
    """

    points: Floats
    lengths: Floats
    amplitude: float
    noise: float
    centre: float
    scale: float
    rows: NDArray[np.int64]
    weights: Floats
    inverse: Floats
    outputs: Floats

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Mean of the output over seeds at new points, and the variance with which that mean is known.

        Args:
            points: (q, d) in the unit cube.

        Returns:
            Mean (q,) in units of the output, and variance (q,) in squared units, without the luck of a seed.
        """
        mean, variance = np.empty(len(points)), np.empty(len(points))
        for start in range(0, len(points), CHUNK):
            part = slice(start, start + CHUNK)
            cross = covariance(points[part], self.points, self.lengths, self.amplitude)
            mean[part] = cross @ self.weights
            explained = np.einsum("qn,qn->q", cross @ self.inverse, cross)
            variance[part] = prior_variance(points[part], self.amplitude) - explained
        return self.centre + self.scale * mean, self.scale**2 * np.maximum(variance, 0.0)

    def mean(self, points: Floats) -> Floats:
        """(q,) the mean alone, which takes a small part of the time."""
        parts = [
            covariance(points[start : start + CHUNK], self.points, self.lengths, self.amplitude) @ self.weights
            for start in range(0, len(points), CHUNK)
        ]
        return self.centre + self.scale * np.concatenate(parts)

    def draws(self, points: Floats, count: int, luck: np.random.Generator) -> Floats:
        """Functions that the mean of the output over seeds may be, at new points.

        Args:
            points: (q, d) in the unit cube; time and memory go with the third power and the square of q.
            count: how many.
            luck: of the draws.

        Returns:
            (q, count), each column one function, in units of the output; across columns mean and variance are those of
            :meth:`predict`. Of an output that nothing moved all are that number.
        """
        from scipy.linalg import eigh

        if not _moves(self.outputs):
            return np.full((len(points), count), self.centre)
        cross = covariance(points, self.points, self.lengths, self.amplitude)
        known = covariance(points, points, self.lengths, self.amplitude) - cross @ self.inverse @ cross.T
        sizes, directions = eigh((known + known.T) / 2.0)
        # the symmetric root: signs and bases of eigenvectors, which differ between machines, drop out of it
        spread = (directions * np.sqrt(np.maximum(sizes, 0.0))) @ directions.T
        drawn = (cross @ self.weights)[:, None] + spread @ luck.normal(size=(len(points), count))
        return np.asarray(self.centre + self.scale * drawn)

    def left_out(self) -> tuple[Floats, Floats]:
        """Errors and variances when each row in turn is predicted by the others (Rasmussen and Williams, 5.12).

        Returns:
            Error (n,) in units of the output, and its expected variance (n,), luck included.
        """
        precision = np.diag(self.inverse)
        return self.scale * self.weights / precision, self.scale**2 / precision


def covariance(left: Floats, right: Floats, lengths: Floats, amplitude: float) -> Floats:
    """(p, q) covariance of the output between two sets of points, luck left out, standard units.

    Args:
        left: (p, d) in the unit cube.
        right: (q, d) likewise.
        lengths: (d,) of the inputs.
        amplitude: s^2.
    """
    from scipy.spatial.distance import cdist

    scaled = np.sqrt(5.0) * cdist(left / lengths, right / lengths)
    matern = (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)
    linear = LINEAR_SCALE**2 * (1.0 + (left - 0.5) @ (right - 0.5).T)
    found: Floats = amplitude * matern + linear
    return found


def prior_variance(points: Floats, amplitude: float) -> Floats:
    """(q,) variance of the output before any run, standard units."""
    found: Floats = amplitude + LINEAR_SCALE**2 * (1.0 + ((points - 0.5) ** 2).sum(axis=1))
    return found


def fit_emulator(points: Floats, outputs: Floats) -> Emulator:
    """The emulator of one output.

    Args:
        points: (n, d) inputs in the unit cube; a point may come several times, with other seeds.
        outputs: (n,) what the runs gave; NaN where a run does not have it.

    Raises:
        EmulatorError: too few runs have the output.
    """
    rows = np.flatnonzero(np.isfinite(outputs))
    if len(rows) < FEWEST_ROWS:
        raise EmulatorError(f"{len(rows)} runs have the output: an emulator needs at least {FEWEST_ROWS}")
    inside, values = points[rows], outputs[rows]
    centre, scale = float(values.mean()), float(values.std())
    if not _moves(values):
        centre, scale = float(values[0]), 1.0
    standard = (values - centre) / scale
    lengths, amplitude, noise = _likeliest(inside, standard)
    if len(inside) > ROWS_FOR_LENGTHS:
        noise = _likeliest_noise(covariance(inside, inside, lengths, amplitude), standard)
    found = Emulator(
        inside, lengths, amplitude, noise * scale**2, centre, scale, rows, np.empty(0), np.empty((0, 0)), values
    )
    return _conditioned(found, standard, noise)


def _moves(values: Floats) -> bool:
    """Whether anything moves an output."""
    return bool(values.std() > 1e-12 * max(1.0, abs(float(values.mean()))))


def _conditioned(found: Emulator, standard: Floats, noise: float) -> Emulator:
    """The emulator with what its rows say."""
    from scipy.linalg import cho_factor, cho_solve

    among = covariance(found.points, found.points, found.lengths, found.amplitude)
    factor = cho_factor(among + noise * np.eye(len(among)), lower=True)
    inverse: Floats = cho_solve(factor, np.eye(len(among)))
    return replace(found, weights=cho_solve(factor, standard), inverse=inverse)


def _likeliest(points: Floats, standard: Floats) -> tuple[Floats, float, float]:
    """Lengths, amplitude and noise of the largest marginal likelihood, found by scikit-learn."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

    if len(points) > ROWS_FOR_LENGTHS:
        chosen = np.random.default_rng(len(points)).choice(len(points), ROWS_FOR_LENGTHS, replace=False)
        points, standard = points[chosen], standard[chosen]
    dimensions = points.shape[1]
    kernel = (
        ConstantKernel(FIRST_AMPLITUDE, AMPLITUDES) * Matern(np.full(dimensions, FIRST_LENGTH), LENGTHS, nu=2.5)
        + ConstantKernel(LINEAR_SCALE**2, "fixed") * DotProduct(1.0, "fixed")
        + WhiteKernel(FIRST_NOISE, NOISES)
    )
    process = GaussianProcessRegressor(kernel, alpha=1e-10)
    with warnings.catch_warnings():  # a length at its bound is an input that does nothing
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points - 0.5, standard)
    fitted: Any = process.kernel_
    bent, white = fitted.k1.k1, fitted.k2
    lengths = np.broadcast_to(np.asarray(bent.k2.length_scale, dtype=np.float64), (dimensions,)).copy()
    return lengths, float(bent.k1.constant_value), float(white.noise_level)


def _likeliest_noise(among: Floats, standard: Floats) -> float:
    """The variance of luck of the largest marginal likelihood on all rows, all else standing.

    Half of the rows more would tell it a fifth better, and how wide a posterior is hangs on it.
    """
    from scipy.linalg import eigh
    from scipy.optimize import minimize_scalar

    values, vectors = eigh(among)
    squares = (vectors.T @ standard) ** 2

    def less_likely(logarithm: float) -> float:
        spread = np.maximum(values, 0.0) + np.exp(logarithm)
        return float((squares / spread + np.log(spread)).sum())

    found = minimize_scalar(less_likely, bounds=tuple(np.log(NOISES)), method="bounded")
    return float(np.exp(found.x))


# --- several outputs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Emulators:
    """The emulators of several outputs.

    Attributes:
        each: one an output.
        luck: (m, m) covariance of the luck of one seed in the outputs, see :func:`widened`.
    """

    each: tuple[Emulator, ...]
    luck: Floats

    @property
    def noise(self) -> Floats:
        """(m,) variance of luck."""
        return np.array([emulator.noise for emulator in self.each])

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """(q, m) means over seeds, and (q, m) variances with which they are known."""
        found = [emulator.predict(points) for emulator in self.each]
        return np.column_stack([mean for mean, _ in found]), np.column_stack([variance for _, variance in found])

    def mean(self, points: Floats) -> Floats:
        """(q, m) the means alone."""
        return np.column_stack([emulator.mean(points) for emulator in self.each])


def fit_emulators(points: Floats, outputs: Floats) -> Emulators:
    """The emulators of several outputs, one after the other.

    Args:
        points: (n, d) inputs in the unit cube.
        outputs: (n, m) what the runs gave; NaN where a run lacks an output.

    Raises:
        EmulatorError: too few runs have an output.
    """
    return together((fit_emulator(points, column) for column in outputs.T), len(points))


def together(each: Iterable[Emulator], runs: int) -> Emulators:
    """Emulators of the outputs of one set of runs, with the covariance of their luck.

    Args:
        each: in the order of the outputs.
        runs: number of rows given to each of them.
    """
    found = tuple(each)
    errors = np.full((runs, len(found)), np.nan)
    for column, emulator in enumerate(found):
        error, variance = emulator.left_out()
        errors[emulator.rows, column] = error / np.sqrt(variance)
    deviation = np.sqrt(np.array([emulator.noise for emulator in found]))
    return Emulators(found, widened(np.outer(deviation, deviation) * correlation(errors), runs))


def widened(covariance: Floats, rows: int) -> Floats:
    """(m, m) an estimated covariance so wide that its inverse is not too large in the mean.

    The inverse of a covariance that was estimated from n rows is too large by (n - 1) / (n - m - 2) (Hartlap, Simon and
    Schneider, Astronomy and Astrophysics 464, 2007); without that, posteriors would be too narrow. With few rows it is
    at most doubled.

    Args:
        covariance: (m, m) estimated.
        rows: n.
    """
    left = rows - len(covariance) - 2
    return covariance * min((rows - 1) / left, 2.0) if left > 0 else 2.0 * covariance


def correlation(errors: Floats) -> Floats:
    """(m, m) correlation of standardised errors, shrunk towards none; none where too few rows are whole.

    Args:
        errors: (n, m) with NaN where a row lacks an output.
    """
    whole = errors[np.isfinite(errors).all(axis=1)]
    size = errors.shape[1]
    if len(whole) < 2 * size or size == 1:
        return np.eye(size)
    from sklearn.covariance import ledoit_wolf

    shrunk: Floats = ledoit_wolf(whole)[0]
    deviation = np.sqrt(np.diag(shrunk))
    found: Floats = shrunk / np.outer(deviation, deviation)
    return found


# --- how good it is, and what moves an output -------------------------------------------------------------------------


@dataclass(frozen=True)
class Diagnosis:
    """How well an emulator predicts rows it was not shown.

    Attributes:
        within_two: share of left-out errors within two of their standard deviations; 0.95 if they are normal.
        explained: part of the variance of the output that it explains, errors left out; R^2.
        luck: part of the variance that is luck of seeds, which nothing can explain.
    """

    within_two: float
    explained: float
    luck: float


def diagnose(emulator: Emulator) -> Diagnosis:
    """Leave-one-out diagnosis (Bastos and O'Hagan, Technometrics 51, 2009)."""
    error, variance = emulator.left_out()
    spread = float(emulator.outputs.var())
    if not spread > 0:
        return Diagnosis(1.0, 1.0, 0.0)
    within = float((np.abs(error) <= 2.0 * np.sqrt(variance)).mean())
    return Diagnosis(within, 1.0 - float((error**2).mean()) / spread, min(emulator.noise / spread, 1.0))


def total_effects(
    emulators: Emulators,
    sample: Floats,
    other: Floats,
    possible: Callable[[Floats], NDArray[np.bool_]] | None = None,
) -> Floats:
    """What each input moves of each output, all others standing: half the mean square of swapping it alone.

    Args:
        emulators: of m outputs.
        sample: (q, d) points of the unit cube.
        other: (q, d) points independent of them.
        possible: whether points are possible; swaps that lead to others do not count.

    Returns:
        (d, m) squared units of the output; divided by its variance it is the total index of Jansen (Computer Physics
        Communications 117, 1999).
    """
    base = emulators.mean(sample)
    found = np.zeros((sample.shape[1], base.shape[1]))
    for at in range(sample.shape[1]):
        swapped = sample.copy()
        swapped[:, at] = other[:, at]
        counts = np.ones(len(sample), dtype=bool) if possible is None else possible(swapped)
        if counts.any():
            found[at] = 0.5 * ((emulators.mean(swapped[counts]) - base[counts]) ** 2).mean(axis=0)
    return found
