"""Balancing with anchors: known figures that may conflict, beside row and column totals that must hold.

Among all matrices that keep the signs of the prior and meet the exact figures, the one that minimises

    sum |a| (z ln z - z + 1) / theta  +  sum_k (c_k x - b_k)^2 / (2 s_k^2),    z = x / a cell by cell,

the distance of GRAS (Junius and Oosterhaven 2003; Lenzen, Wood and Gallego 2007), which is cross-entropy where no cell
is negative (Golan, Judge and Robinson 1994; Robinson, Cattaneo and El-Said 2001), and the squared misses of the anchors
in standard errors s_k. Near the prior it is the least squares of Stone, Champernowne and Meade (1942) with the variance
theta |a| of a cell: ``cell_error`` is the relative standard error of a cell of average size, and larger cells are known
better. The solution is x = a exp(+-(lambda_i + mu_j + sum_k nu_k c_k)) with the sign of the cell and
nu_k = theta (b_k - c_k x) / s_k^2. Useless anchors thus leave plain GRAS, sure ones are met exactly. The multipliers
minimise a smooth convex function, found here by Newton's method with a line search.

KRAS (Lenzen, Gallego and Wood 2009) has the same aim: it scales to one constraint after another and moves those that
conflict by their standard errors. Its result may depend on their order and on the size of the moves; that of the
problem above is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, sparse
from scipy.optimize import linprog

from sim.inputoutput import checks, feasibility
from sim.inputoutput.balancing import (
    BalancingError,
    Problem,
    arrays,
    largest,
    parts,
    possible,
    refuse_unequal,
    scaled,
)
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.feasibility import LineLabels

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIRST_ROUNDS = 20
"""Rounds of plain scaling before Newton's method, which is quick near the solution only."""

LARGEST_STEP = 5.0
"""No cell changes by more than this, in logarithms, in one step: the model of the function is good only nearby."""

LARGEST_LOGARITHM = 230.0
"""A cell that moves farther from its prior (a factor of 1e100) has run away: the figures cannot be met (numerical)."""

LARGEST_MULTIPLIER = 1e10
"""Multipliers beyond this leave too few digits to the cells (numerical)."""

LARGEST_CONFLICT = 1e4
"""Figures that conflict by more standard errors than this leave too few digits to balance (numerical)."""

TRACES = (1e-13, 1e-11, 1e-9, 1e-7, 1e-5)
"""What is added to a curvature of diagonal 1 to make it regular; the first that does."""


@dataclass(frozen=True)
class Anchor:
    """A known figure: a sum of cells, each times its coefficient.

    Attributes:
        name: for messages and the report.
        cells: what numpy takes as index of the matrix: ``(2, 5)`` a cell, ``([0, 1], [2, 2])`` a list of cells,
            ``np.ix_(sellers, buyers)`` a block, ``np.s_[3, :]`` a row, or a mask.
        value: the figure, money (times the unit of the coefficients).
        standard_error: of the figure, same unit; 0: exact, infinite: only reported.
        coefficients: one for all cells, or one each.
    """

    name: str
    cells: Any
    value: float
    standard_error: float
    coefficients: ArrayLike = 1.0


class Report(NamedTuple):
    """How far an anchor was reached.

    Attributes:
        name: of the anchor.
        wanted, reached: its value and the value of the result.
        residual: reached less wanted.
        errors: the residual in standard errors; 0 for an exact or unused anchor.
    """

    name: str
    wanted: float
    reached: float
    residual: float
    errors: float


class Anchored(NamedTuple):
    """A balanced matrix and what became of the anchors.

    Attributes:
        matrix: the result, in the money of the prior.
        anchors: one report an anchor, in their order.
        rounds: steps of Newton's method.
        residual: largest miss of an exact total or anchor, relative to the largest total or cell.
    """

    matrix: Floats
    anchors: tuple[Report, ...]
    rounds: int
    residual: float


def balance(
    matrix: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    anchors: Sequence[Anchor],
    *,
    row_errors: ArrayLike = 0.0,
    column_errors: ArrayLike = 0.0,
    cell_error: float = 0.1,
    labels: LineLabels = None,
    tolerance: float = 1e-11,
    rounds: int = 200,
) -> Anchored:
    """The matrix nearest to the prior that meets its totals and comes as near to the anchors as they are reliable.

    See the head of this module for the problem and its sources. Every cell keeps its sign and zeros stay zeros; in a
    line of one sign whose exact total is 0 every cell becomes 0.

    Args:
        matrix: (m, n) prior of any sign, money.
        rows: (m,) totals of any sign, same money.
        columns: (n,) totals of any sign; with the same sum as the rows if all are exact.
        anchors: known figures. Of two that conflict the one with the smaller standard error prevails in proportion to
            the inverse squares.
        row_errors: standard error of each row total, money: 0 exact, infinite for a row without a total, whose entry is
            then not used.
        column_errors: standard error of each column total, likewise.
        cell_error: relative standard error of a cell of average size of the prior, > 0; 0.1 is ten per cent. Large
            values trust the anchors, small ones the prior.
        labels: names of rows and columns for messages.
        tolerance: largest miss of an exact figure, relative to the largest total or cell.
        rounds: give up after so many steps.

    Raises:
        ArgumentError: a shape does not fit, something is no number, a standard error is negative, or an anchor names
            cells that do not exist.
        BalancingError: exact figures that the signs of the prior cannot meet, with their names; an anchor whose cells
            are all 0; figures that conflict by more than some ten thousand standard errors; or no convergence.
    """
    cells, row_totals, column_totals = arrays(matrix, rows, columns, labels)
    softness = _softness(cells, row_errors, column_errors, cell_error)
    every = [_weights(anchor, cells) for anchor in anchors]
    problem = _problem(cells, row_totals, column_totals, softness, labels, tolerance)
    known = [pair for pair in zip(anchors, every, strict=True) if pair[0].standard_error != np.inf]
    dual = _dual(problem, row_totals, column_totals, known, softness, labels)
    multipliers, steps, converged = _minimised(dual, _start(dual, problem), rounds)
    result = dual.cells(multipliers)
    if not converged:
        raise BalancingError(_complaint(dual, result, softness.theta, labels, steps))
    reports = tuple(_report(anchor, weights, result) for anchor, weights in zip(anchors, every, strict=True))
    miss = np.abs(dual.misses(result))[dual.softness == 0.0].max(initial=0.0)
    return Anchored(result, reports, steps, float(miss) / dual.scale)


class _Weights(NamedTuple):
    """Positions of cells in the flattened matrix, each once, and their coefficients."""

    positions: Integers
    coefficients: Floats


class _Softness(NamedTuple):
    """Squared standard errors, as shares of theta, the variance of a cell per unit of money."""

    rows: Floats
    columns: Floats
    theta: float


@dataclass(frozen=True)
class _Dual:
    """The convex function of the multipliers whose minimum gives the matrix.

    Multipliers stand in the order rows, columns, anchors. Anchors are divided by their largest coefficient.

    Attributes:
        prior: (m, n).
        names: of the constraints.
        wanted: (q,) what each constraint is to reach; whatever where it has no total.
        softness: (q,) squared standard error / theta; 0: exact, infinite: no constraint.
        touched: (u,) cells of anchors in the flattened matrix.
        coefficients: (k, u) of the anchors.
        by_row, by_column: (m, u), (n, u) where the touched cells lie.
        scale: the largest total or cell.
        allowed: miss of an exact figure that counts as met.
    """

    prior: Floats
    names: tuple[str, ...]
    wanted: Floats
    softness: Floats
    touched: Integers
    coefficients: Floats
    by_row: sparse.csr_array
    by_column: sparse.csr_array
    scale: float
    allowed: float

    @property
    def active(self) -> Integers:
        """Constraints that have a multiplier."""
        return np.flatnonzero(np.isfinite(self.softness))

    def logarithms(self, multipliers: Floats) -> Floats:
        """(m, n) ln z, 0 where the prior is 0."""
        m, n = self.prior.shape
        exponent = multipliers[:m, None] + multipliers[m : m + n]
        exponent.flat[self.touched] += multipliers[m + n :] @ self.coefficients
        return np.asarray(exponent * np.sign(self.prior))

    def cells(self, multipliers: Floats) -> Floats:
        """(m, n) the matrix that belongs to the multipliers."""
        return np.asarray(self.prior * np.exp(self.logarithms(multipliers)))

    def reached(self, cells: Floats) -> Floats:
        """(q,) sums of the constraints."""
        anchored = self.coefficients @ cells.flat[self.touched]
        return np.concatenate([cells.sum(axis=1), cells.sum(axis=0), anchored])

    def misses(self, cells: Floats) -> Floats:
        """(q,) reached less wanted."""
        return self.reached(cells) - self.wanted

    def value(self, cells: Floats, multipliers: Floats) -> float:
        """The function, but for a constant."""
        y, active = multipliers, self.active
        soft = float((self.softness[active] * y[active] ** 2).sum())
        return float(np.abs(cells).sum() - self.wanted[active] @ y[active] + 0.5 * soft)

    def gradient(self, cells: Floats, multipliers: Floats) -> Floats:
        """(q,) its slope, 0 where there is no constraint."""
        slope, active = np.zeros(len(self.wanted)), self.active
        slope[active] = self.misses(cells)[active] + self.softness[active] * multipliers[active]
        return slope

    def hessian(self, cells: Floats) -> Floats:
        """(q, q) its curvature."""
        m, n = self.prior.shape
        size = np.abs(cells)
        weighted = self.coefficients * size.flat[self.touched]
        curvature = np.zeros((len(self.wanted), len(self.wanted)))
        curvature[:m, m : m + n] = size
        curvature[:m, m + n :] = self.by_row @ weighted.T
        curvature[m : m + n, m + n :] = self.by_column @ weighted.T
        curvature += curvature.T
        curvature[m + n :, m + n :] = weighted @ self.coefficients.T
        own = np.concatenate([size.sum(axis=1), size.sum(axis=0), np.zeros(len(weighted))])
        curvature.flat[:: len(curvature) + 1] += own + np.where(np.isfinite(self.softness), self.softness, 0.0)
        return curvature


def _problem(
    cells: Floats,
    rows: Floats,
    columns: Floats,
    softness: _Softness,
    labels: LineLabels,
    tolerance: float,
) -> Problem:
    """The exact totals, NaN for others, after the checks of single lines."""
    scale = largest(rows[np.isfinite(softness.rows)], columns[np.isfinite(softness.columns)], cells)
    exact = np.where(softness.rows == 0.0, rows, np.nan), np.where(softness.columns == 0.0, columns, np.nan)
    if np.isfinite(exact[0]).all() and np.isfinite(exact[1]).all():
        refuse_unequal(rows, columns, tolerance * scale)
    return possible(cells, *exact, labels, scale, tolerance)


def _dual(
    problem: Problem,
    rows: Floats,
    columns: Floats,
    anchors: Sequence[tuple[Anchor, _Weights]],
    softness: _Softness,
    labels: LineLabels,
) -> _Dual:
    """The problem as a function of multipliers."""
    m, n = problem.matrix.shape
    touched = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(weights.positions for _, weights in anchors)]))
    coefficients = np.zeros((len(anchors), len(touched)))
    values, errors = np.zeros(len(anchors)), np.zeros(len(anchors))
    for k, (anchor, weights) in enumerate(anchors):
        unit = float(np.abs(weights.coefficients).max())
        coefficients[k, np.searchsorted(touched, weights.positions)] = weights.coefficients / unit
        values[k], errors[k] = anchor.value / unit, anchor.standard_error / unit
    ones, at = np.ones(len(touched)), np.arange(len(touched))
    names = [f"row {checks.name(labels and labels[0], i)}" for i in range(m)]
    names += [f"column {checks.name(labels and labels[1], j)}" for j in range(n)]
    names += [f"anchor {anchor.name}" for anchor, _ in anchors]
    # sums of exact totals may differ by rounding: then not all can be met
    gap = float(np.nan_to_num(problem.rows.sum() - problem.columns.sum()))
    return _Dual(
        problem.matrix,
        tuple(names),
        np.concatenate([rows, columns, values]),
        np.concatenate([softness.rows, softness.columns, errors**2 / softness.theta]),
        touched,
        coefficients,
        sparse.csr_array((ones, (touched // n, at)), shape=(m, len(touched))),
        sparse.csr_array((ones, (touched % n, at)), shape=(n, len(touched))),
        problem.scale,
        problem.tolerance * problem.scale + abs(gap),
    )


def _softness(cells: Floats, row_errors: ArrayLike, column_errors: ArrayLike, cell_error: float) -> _Softness:
    """Squared standard errors of totals in the unit of the distance to the prior."""
    if not (np.isfinite(cell_error) and cell_error > 0.0):
        raise ArgumentError(f"cell_error must be above 0, the relative standard error of a cell, not {cell_error:g}")
    filled = np.abs(cells[cells != 0.0])
    theta = cell_error**2 * (float(filled.mean()) if len(filled) else 1.0)
    squares = []
    for axis, errors in enumerate((row_errors, column_errors)):
        kind = ("row", "column")[axis]
        given = np.asarray(errors, dtype=np.float64)
        if given.shape not in ((), (cells.shape[axis],)):
            raise ArgumentError(f"{kind} errors of shape {given.shape} do not fit {cells.shape[axis]} {kind}s")
        if not (given >= 0.0).all():
            raise ArgumentError(f"{kind} errors must be 0 (exact) or above, infinite for a {kind} without a total")
        squares.append(np.broadcast_to(given**2 / theta, (cells.shape[axis],)))
    return _Softness(squares[0], squares[1], theta)


def _weights(anchor: Anchor, cells: Floats) -> _Weights:
    """Where an anchor lies.

    Raises:
        ArgumentError: its cells do not exist, its coefficients do not fit, or a number is none.
        BalancingError: all its cells are 0 in the prior.
    """
    if not np.isfinite(anchor.value) or not anchor.standard_error >= 0.0:
        raise ArgumentError(
            f"anchor {anchor.name}: value {anchor.value:g} and standard error {anchor.standard_error:g} must be"
            " numbers, the latter 0 or above"
        )
    try:
        found = np.asarray(np.arange(cells.size).reshape(cells.shape)[anchor.cells])
        spread = np.broadcast_to(checks.numbers(anchor.coefficients, f"anchor {anchor.name}"), found.shape)
    except (IndexError, ValueError) as fault:
        raise ArgumentError(f"anchor {anchor.name} does not fit a matrix of {cells.shape}: {fault}") from None
    positions, back = np.unique(found.ravel(), return_inverse=True)
    coefficients = np.bincount(back.ravel(), weights=spread.ravel(), minlength=len(positions))
    kept = coefficients != 0.0
    if not kept.any():
        raise ArgumentError(f"anchor {anchor.name} names no cell: give positions and coefficients other than 0")
    if anchor.standard_error != np.inf and anchor.value != 0.0 and not cells.flat[positions[kept]].any():
        raise BalancingError(
            f"anchor {anchor.name} wants {anchor.value:g} but all its cells are 0 in the prior, and zeros stay: open"
            " a cell"
        )
    return _Weights(positions[kept], coefficients[kept])


def _start(dual: _Dual, problem: Problem) -> Floats:
    """Multipliers after some rounds of plain scaling, 0 where not every total is exact."""
    multipliers = np.zeros(len(dual.wanted))
    if np.isfinite(problem.rows).all() and np.isfinite(problem.columns).all():
        row_factors, column_factors, _, _ = scaled(*parts(problem.matrix), problem, FIRST_ROUNDS)
        multipliers[: sum(dual.prior.shape)] = np.log(np.concatenate([row_factors, column_factors]))
    return multipliers


def _minimised(dual: _Dual, multipliers: Floats, rounds: int) -> tuple[Floats, int, bool]:
    """Multipliers at the minimum, steps taken and whether it was reached: Newton's method with a line search."""
    cells, step = dual.cells(multipliers), 0
    for step in range(rounds + 1):
        gradient = dual.gradient(cells, multipliers)
        if np.abs(gradient).max(initial=0.0) <= dual.allowed:
            return multipliers, step, True
        if step == rounds or _runs_away(dual, multipliers):
            break
        moved = _searched(dual, multipliers, cells, gradient, _direction(dual, cells, gradient))
        if moved is None:
            break
        multipliers, cells = moved
    return multipliers, step, False


def _runs_away(dual: _Dual, multipliers: Floats) -> bool:
    farthest = np.abs(dual.logarithms(multipliers)).max(initial=0.0)
    return bool(farthest > LARGEST_LOGARITHM or np.abs(multipliers).max(initial=0.0) > LARGEST_MULTIPLIER)


def _direction(dual: _Dual, cells: Floats, gradient: Floats) -> Floats:
    """Newton's step.

    Multipliers of rows and columns are known but for a constant that they pass to each other, so the curvature is
    singular in that direction; a trace on the diagonal makes it regular and moves nothing else.
    """
    active = dual.active
    curvature = dual.hessian(cells)[np.ix_(active, active)]
    size = np.sqrt(np.maximum(np.diagonal(curvature), np.finfo(float).tiny))
    curvature /= size[:, None] * size
    step = np.zeros(len(gradient))
    step[active] = -gradient[active] / size**2
    for trace in TRACES:
        try:
            factors = linalg.cho_factor(curvature + trace * np.eye(len(active)), overwrite_a=True, check_finite=False)
        except linalg.LinAlgError:
            continue
        step[active] = -linalg.cho_solve(factors, gradient[active] / size, check_finite=False) / size
        break
    return step


def _searched(
    dual: _Dual, multipliers: Floats, cells: Floats, gradient: Floats, direction: Floats
) -> tuple[Floats, Floats] | None:
    """The point along the direction that lowers the function enough, None if rounding leaves none.

    Armijo's rule, or that of Hager and Zhang (2005) where the function is flat to rounding and only its slope tells.
    Nearest to the minimum the slope is lost in rounding too; there a step counts that lowers the largest miss.
    """
    slope, start = float(gradient @ direction), dual.value(cells, multipliers)
    length = min(1.0, LARGEST_STEP / max(float(np.abs(dual.logarithms(direction)).max(initial=0.0)), 1e-300))
    flat = 1e-12 * (abs(start) + float(np.abs(cells).sum()))
    for _ in range(60):
        trial = multipliers + length * direction
        found = dual.cells(trial)
        change = dual.value(found, trial) - start
        if change <= 1e-4 * length * slope:
            return trial, found
        if change <= flat:
            there = dual.gradient(found, trial)
            if abs(float(there @ direction)) <= 0.9 * abs(slope) or np.abs(there).max() <= 0.5 * np.abs(gradient).max():
                return trial, found
        length *= 0.5
    return None


def _report(anchor: Anchor, weights: _Weights, cells: Floats) -> Report:
    reached = float(weights.coefficients @ cells.flat[weights.positions])
    residual = reached - float(anchor.value)
    used = 0.0 < anchor.standard_error < np.inf
    return Report(
        anchor.name, float(anchor.value), reached, residual, residual / anchor.standard_error if used else 0.0
    )


def _complaint(dual: _Dual, cells: Floats, theta: float, labels: LineLabels, steps: int) -> str:
    """Why the exact figures cannot be met and how to mend it."""
    m, n = dual.prior.shape
    if (dual.softness[: m + n] == 0.0).all():
        totals = dual.wanted[:m], dual.wanted[m : m + n]
        reason = feasibility.explain(dual.prior, *totals, labels, dual.allowed / dual.scale)
        if reason is not None:
            return f"no balance after {steps} steps: {reason}"
    broken = _contradictions(dual)
    if len(broken):
        listed = "; ".join(f"{dual.names[k]} misses {dual.wanted[k]:.9g} by {abs(miss):.9g}" for k, miss in broken[:6])
        return (
            f"the exact figures contradict each other: at best {listed}. Give a standard error to those that are not"
            " exact, or open a cell"
        )
    misses = np.abs(dual.misses(cells))
    soft = (dual.softness > 0.0) & np.isfinite(dual.softness)
    errors = np.sqrt(np.divide(misses**2, dual.softness * theta, out=np.zeros_like(misses), where=soft))
    if errors.max(initial=0.0) > LARGEST_CONFLICT:
        listed = ", ".join(f"{dual.names[k]} by {errors[k]:.2g}" for k in np.argsort(-errors)[:2])
        return f"no balance after {steps} steps: figures conflict by many standard errors, {listed}; enlarge these"
    worst = int(np.where(dual.softness == 0.0, misses, 0.0).argmax())
    return (
        f"no balance after {steps} steps: {dual.names[worst]} misses {dual.wanted[worst]:.9g} by {misses[worst]:.3g};"
        " the exact figures can be met only if some cell becomes 0, or need more rounds"
    )


def _contradictions(dual: _Dual) -> list[tuple[int, float]]:
    """Exact figures that remain unmet when as little as possible is, with their misses; anchors give way to totals.

    A linear programme over the amounts of the cells (HiGHS).
    """
    m, n = dual.prior.shape
    exact = np.flatnonzero(dual.softness == 0.0)
    filled = np.flatnonzero(dual.prior.flat)
    signs = np.sign(dual.prior.flat[filled])
    anchored = sparse.lil_array((len(dual.coefficients), m * n))
    anchored[:, dual.touched] = dual.coefficients
    at = np.arange(len(filled))
    system = sparse.vstack(
        [
            sparse.csr_array((signs, (filled // n, at)), shape=(m, len(filled))),
            sparse.csr_array((signs, (filled % n, at)), shape=(n, len(filled))),
            sparse.csr_array(anchored)[:, filled] * signs,
        ],
        format="csr",
    )[exact]
    slack = sparse.eye_array(len(exact))
    price = np.where(exact < m + n, 1e3, 1.0)
    answer = linprog(
        np.concatenate([np.zeros(len(filled)), price, price]),
        A_eq=sparse.hstack([system, slack, -slack], format="csr"),
        b_eq=dual.wanted[exact] / dual.scale,
        method="highs",
    )
    if answer.x is None:
        return []
    over = (answer.x[len(filled) : -len(exact)] - answer.x[len(filled) + len(exact) :]) * dual.scale
    return [(int(k), float(miss)) for k, miss in zip(exact, over, strict=True) if abs(miss) > 1e-6 * dual.scale]
