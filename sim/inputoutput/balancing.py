"""Making a matrix meet given row and column totals while keeping its pattern.

RAS (Stone 1961; Bacharach 1970), GRAS for matrices with negative cells, and the same scaling for many matrices at once,
as the gravity model needs it.

GRAS is that of Junius and Oosterhaven (2003) as corrected by Lenzen, Wood and Gallego (2007): it minimises
sum |a| (z ln z - z + 1) over the ratios z = x / a of the cells, so that cells are r p s and n / (r s), and a matrix
that already has its totals stays as it is; for a non-negative matrix this is cross-entropy, and GRAS is RAS. The first
published form minimises sum |a| z ln z. Its first-order conditions, ln z + 1 = +-(lambda_i + mu_j) with the sign of
the cell, put a factor 1/e (e = 2.718) on all cells: it is ``gras(a / e, rows, columns)``, and it moves a signed matrix
that has its totals. A factor e on positive cells and 1/e on negative ones does not matter, because r takes it up. Lines
without positive cells follow Temurshoev, Miller and Bouwmeester (2013).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks, feasibility
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.feasibility import LineLabels
from sim.inputoutput.shares import share

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 8.0 * float(np.finfo(float).eps)
"""Sums of n cells are known to this times the root of n, relative to the sum of the absolute cells (numerical)."""

LARGEST_FACTOR = 1e100
"""Factors beyond this, or below its inverse, have run away: nothing that can be balanced needs them (numerical)."""


class BalancingError(ValueError):
    """Row and column totals that the pattern of the matrix cannot meet; the message names the line and the amounts."""


class Balanced(NamedTuple):
    """A balanced matrix and how it was reached.

    Attributes:
        matrix: the result, in the money of the input.
        rounds: rounds of row and column scaling.
        residual: largest miss of a total, relative to the line's own total; for a total of 0 relative to the sum of the
            line's absolute cells. What adding up the cells loses to rounding is no miss.
        row_factors, column_factors: multipliers r and s of the positive cells; negative cells are divided by them. A
            line whose cells vanish has 0 where they were positive, infinity where they were negative.
    """

    matrix: Floats
    rounds: int
    residual: float
    row_factors: Floats
    column_factors: Floats


class Problem(NamedTuple):
    """A matrix and totals that passed the checks of single lines.

    Attributes:
        matrix: (m, n) cells without the lines that vanish.
        rows, columns: totals; 0 where no cell is left.
        scale: the largest total.
        tolerance: miss of a total that counts as met, relative to it.
        row_limits, column_limits: factor of a line that vanishes, 0 or infinity; 1 elsewhere.
    """

    matrix: Floats
    rows: Floats
    columns: Floats
    scale: float
    tolerance: float
    row_limits: Floats
    column_limits: Floats


def ras(
    matrix: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    *,
    labels: LineLabels = None,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> Balanced:
    """Biproportional fit r_i a_ij s_j of a non-negative matrix to row and column totals.

    Stone (1961), Bacharach (1970); Miller and Blair (2009), chapter 7. The result has the least cross-entropy to the
    matrix among all that meet the totals, and zeros stay zeros.

    Args:
        matrix: (m, n) non-negative, money.
        rows: (m,) totals, non-negative.
        columns: (n,) totals, non-negative, with the same sum.
        labels: names of rows and columns for messages.
        tolerance: largest miss of a total, relative to that total; see :func:`gras`.
        rounds: give up after so many rounds.

    Returns:
        The balanced matrix. Lines with the total 0 are 0.

    Raises:
        ArgumentError: a shape does not fit or something is no number; the message names its place.
        BalancingError: negative cells or totals, unequal sums, an empty line with a total, rows that need more than the
            columns they reach can take, or no convergence, with what stands in the way.
    """
    cells, row_totals, column_totals = arrays(matrix, rows, columns, labels)
    _refuse_negative(cells, row_totals, column_totals, labels)
    return gras(cells, row_totals, column_totals, labels=labels, tolerance=tolerance, rounds=rounds)


def gras(
    matrix: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    *,
    labels: LineLabels = None,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> Balanced:
    """RAS for matrices with negative cells: positive cells become r p s, negative ones n / (r s).

    Junius and Oosterhaven (2003), Lenzen, Wood and Gallego (2007), Temurshoev, Miller and Bouwmeester (2013); see the
    head of this module for the convention. Every cell keeps its sign, except in a line of one sign whose total is 0:
    there every cell becomes 0.

    Args:
        matrix: (m, n) of any sign, money.
        rows: (m,) totals of any sign.
        columns: (n,) totals of any sign, with the same sum.
        labels: names of rows and columns for messages.
        tolerance: largest miss of a total, relative to that total, so that small lines are met as well as large ones;
            where positive and negative cells cancel, what adding them up loses to rounding is allowed beside it. Sums
            of totals may differ by this times the largest total and the number of lines: the miss is then left in the
            rows, in proportion to the sums of their absolute cells.
        rounds: give up after so many rounds.

    Returns:
        The balanced matrix.

    Raises:
        ArgumentError: a shape does not fit or something is no number; the message names its place.
        BalancingError: unequal sums, an empty line with a total, a total whose sign the line cannot reach, lines that
            need more than the lines they cross can take, or no convergence, with what stands in the way.
    """
    problem = prepared(matrix, rows, columns, labels, tolerance)
    positive, negative = parts(problem.matrix)
    row_factors, column_factors, used, converged = scaled(positive, negative, problem, rounds)
    balanced = composed(positive, negative, row_factors, column_factors)
    if not converged:
        raise BalancingError(_complaint(balanced, np.asarray(matrix, dtype=np.float64), problem, labels, used))
    return Balanced(
        balanced,
        used,
        max(float(_misses(balanced, problem, axis).max(initial=0.0)) for axis in (0, 1)),
        np.where(problem.row_limits == 1.0, row_factors, problem.row_limits),
        np.where(problem.column_limits == 1.0, column_factors, problem.column_limits),
    )


def prepared(matrix: ArrayLike, rows: ArrayLike, columns: ArrayLike, labels: LineLabels, tolerance: float) -> Problem:
    """The problem as arrays, without cells that must vanish.

    Raises:
        ArgumentError: a shape does not fit or something is no number.
        BalancingError: a single line cannot meet its total, or sums differ.
    """
    if not 0.0 <= tolerance < np.inf:
        raise ArgumentError(f"tolerance must be 0 or above, a share of each total, not {tolerance:g}")
    cells, row_totals, column_totals = arrays(matrix, rows, columns, labels)
    scale = largest(row_totals, column_totals)
    refuse_unequal(row_totals, column_totals, tolerance * scale)
    return possible(cells, row_totals, column_totals, labels, scale, tolerance)


def possible(
    matrix: Floats, rows: Floats, columns: Floats, labels: LineLabels, scale: float, tolerance: float
) -> Problem:
    """The problem without cells that must vanish, if every line can meet its total; a total may be NaN for none.

    Raises:
        BalancingError: a single line cannot meet its total.
    """
    _refuse_impossible(matrix, rows, columns, labels)
    return _without_vanishing(matrix, rows, columns, scale, tolerance, labels)


def composed(positive: Floats, negative: Floats | None, row_factors: Floats, column_factors: Floats) -> Floats:
    """The matrix r p s - n / (r s)."""
    factors = np.outer(row_factors, column_factors)
    return positive * factors if negative is None else positive * factors - negative / factors


def parts(matrix: Floats) -> tuple[Floats, Floats | None]:
    """Positive cells and the amounts of negative ones; None where there are none."""
    if not (matrix < 0.0).any():
        return matrix, None
    return np.maximum(matrix, 0.0), np.maximum(-matrix, 0.0)


def scaled(
    positive: Floats, negative: Floats | None, problem: Problem, rounds: int
) -> tuple[Floats, Floats, int, bool]:
    """Row and column factors, rounds used and whether all totals are met.

    A round needs sums of lines only, never the matrix: those sums of rows which tell the miss are the ones the next
    round starts from.
    """
    row_factors, column_factors = np.ones(len(problem.rows)), np.ones(len(problem.columns))
    # sums that differ by rounding leave their gap in the rows, because columns come last
    gap = abs(float(problem.rows.sum() - problem.columns.sum()))
    gains, losses = _sums(positive, negative, column_factors)
    transposed = positive.T, None if negative is None else negative.T
    used = 0
    for used in range(1, rounds + 1):
        row_factors = _line_factors(gains, losses, problem.rows)
        column_gains, column_losses = _sums(*transposed, row_factors)
        column_factors = _line_factors(column_gains, column_losses, problem.columns)
        gains, losses = _sums(positive, negative, column_factors)
        row_met = _met(row_factors * gains, losses / row_factors, problem.rows, problem, gap)
        if row_met and _met(column_factors * column_gains, column_losses / column_factors, problem.columns, problem):
            return row_factors, column_factors, used, True
        if _runs_away(row_factors) or _runs_away(column_factors):
            break
    return row_factors, column_factors, used, False


def _met(gains: Floats, losses: Floats, totals: Floats, problem: Problem, gap: float = 0.0) -> bool:
    """Whether gains less losses of lines are their totals, but for the tolerance, rounding and a gap between sums."""
    miss, size = np.abs(gains - losses - totals), gains + losses
    left = _lost(problem) + gap / max(float(size.sum()), np.finfo(float).tiny)
    return bool((miss <= problem.tolerance * np.abs(totals) + left * size).all())


def _lost(problem: Problem) -> float:
    """What sums of cells lose to rounding, relative to the sum of absolute cells."""
    return ROUNDING * float(np.sqrt(max(problem.matrix.shape)))


def _sums(positive: Floats, negative: Floats | None, factors: Floats) -> tuple[Floats, Floats]:
    """Sums p s and n / s of every line over the lines that cross it."""
    gains = positive @ factors
    return gains, np.zeros_like(gains) if negative is None else negative @ (1.0 / factors)


def _line_factors(positive: Floats, negative: Floats, totals: Floats) -> Floats:
    """Factor of each line that makes p r - n / r its total; 1 for an empty line.

    With positive cells r = (u + sqrt(u^2 + 4 p n)) / (2 p); without, r = -n / u.
    """
    root = np.hypot(totals, 2.0 * np.sqrt(positive) * np.sqrt(negative))
    up = totals >= 0.0
    # for u < 0 the textbook form loses all digits to cancellation: 2 n / (sqrt(..) - u) is the same number
    numerator = np.where(up, totals + root, 2.0 * negative)
    denominator = np.where(up, 2.0 * positive, root - totals)
    factors = np.divide(numerator, denominator, out=np.ones_like(totals), where=(numerator > 0.0) & (denominator > 0.0))
    return np.asarray(factors)


def _runs_away(factors: Floats) -> bool:
    return bool(factors.max(initial=1.0) > LARGEST_FACTOR or factors.min(initial=1.0) < 1.0 / LARGEST_FACTOR)


def _without_vanishing(
    matrix: Floats, rows: Floats, columns: Floats, scale: float, tolerance: float, labels: LineLabels
) -> Problem:
    """Cells of lines that must vanish become 0 before scaling, which would reach 0 only in the limit.

    A line vanishes if its cells have one sign and its total is 0, or by rounding a hair on the other side of it. That
    can leave a line that crosses it with one sign, or with nothing.
    """
    left, totals, limits = matrix, [rows, columns], (np.ones(len(rows)), np.ones(len(columns)))
    hair = _hairs(matrix)
    while True:
        gone = []
        for axis in (0, 1):
            positive, negative = _signs(left, axis)
            drained = positive & ~negative & (totals[axis] <= 0.0) & (totals[axis] >= -hair[axis])
            filled = negative & ~positive & (totals[axis] >= 0.0) & (totals[axis] <= hair[axis])
            limits[axis][drained], limits[axis][filled] = 0.0, np.inf
            gone.append(drained | filled)
        if not (gone[0].any() or gone[1].any()):
            break
        left = np.where(gone[0][:, None] | gone[1], 0.0, left)
    if left is not matrix:
        for axis in (0, 1):
            positive, negative = _signs(left, axis)
            stuck = (~positive & (totals[axis] > hair[axis])) | (~negative & (totals[axis] < -hair[axis]))
            if stuck.any():
                given = np.isfinite(rows).all() and np.isfinite(columns).all()
                reason = _reason(matrix, rows, columns, labels, tolerance) if given else None
                line = int(np.flatnonzero(stuck)[0])
                raise BalancingError(reason or f"{_name(labels, axis, line)} cannot reach {totals[axis][line]:g}")
        for axis in (0, 1):
            emptied = ~left.any(axis=1 - axis) & (np.abs(totals[axis]) <= hair[axis])
            totals[axis] = np.where(emptied, 0.0, totals[axis])
    return Problem(left, totals[0], totals[1], scale, tolerance, *limits)


def _hairs(matrix: Floats) -> tuple[Floats, Floats]:
    """Totals of rows and columns up to this are 0 but for the rounding of their own cells."""
    lost = ROUNDING * np.sqrt(max(*matrix.shape, 1))
    return lost * np.abs(matrix).sum(axis=1), lost * np.abs(matrix).sum(axis=0)


def _signs(matrix: Floats, axis: int) -> tuple[Bools, Bools]:
    """Which lines have positive and which have negative cells."""
    return np.asarray((matrix > 0.0).any(axis=1 - axis)), np.asarray((matrix < 0.0).any(axis=1 - axis))


def _complaint(balanced: Floats, matrix: Floats, problem: Problem, labels: LineLabels, rounds: int) -> str:
    """Why there is no balance and how to mend it."""
    misses = [_misses(balanced, problem, axis) for axis in (0, 1)]
    axis = int(misses[1].max(initial=0.0) > misses[0].max(initial=0.0))
    line = int(misses[axis].argmax())
    amount, total = float(balanced.sum(axis=1 - axis)[line]), float((problem.rows, problem.columns)[axis][line])
    reason = _reason(matrix, problem.rows, problem.columns, labels, problem.tolerance)
    if reason is None:
        reason = "the totals can be met, so allow more rounds or a larger tolerance"
    place = _name(labels, axis, line)
    return f"no balance after {rounds} rounds: {place} misses its total {total:.9g} by {amount - total:.3g}; {reason}"


def _reason(matrix: Floats, rows: Floats, columns: Floats, labels: LineLabels, tolerance: float) -> str | None:
    """What stands in the way of the totals. A gap between their sums that was let pass does not: it is spread."""
    size = np.abs(columns)
    gap = float(rows.sum() - columns.sum())
    spread = columns + gap * size / max(float(size.sum()), np.finfo(float).tiny)
    return feasibility.explain(matrix, rows, spread, labels, tolerance)


def largest(*amounts: Floats) -> float:
    """The largest amount, above 0 so that one can divide by it."""
    return max(*(float(np.abs(values).max(initial=0.0)) for values in amounts), float(np.finfo(float).tiny))


def _misses(matrix: Floats, problem: Problem, axis: int) -> Floats:
    """Miss of each total of rows (axis 0) or columns beyond rounding, relative to it; see :class:`Balanced`."""
    totals, size = (problem.rows, problem.columns)[axis], np.abs(matrix).sum(axis=1 - axis)
    miss = np.maximum(np.abs(matrix.sum(axis=1 - axis) - totals) - _lost(problem) * size, 0.0)
    return share(miss, np.where(totals == 0.0, size, np.abs(totals)))


def _name(labels: LineLabels, axis: int, line: int) -> str:
    return f"{('row', 'column')[axis]} {checks.name(labels[axis] if labels else None, line)}"


def arrays(matrix: ArrayLike, rows: ArrayLike, columns: ArrayLike, labels: LineLabels) -> tuple[Floats, Floats, Floats]:
    """Cells and totals as arrays that fit together.

    Raises:
        ArgumentError: they do not, or something is no number.
    """
    row_labels, column_labels = labels or (None, None)
    cells = checks.numbers(matrix, "matrix", row_labels, column_labels)
    row_totals = checks.numbers(rows, "row totals", row_labels)
    column_totals = checks.numbers(columns, "column totals", column_labels)
    if cells.ndim != 2:
        raise ArgumentError(f"the matrix must have rows and columns, not the shape {cells.shape}")
    if row_totals.ndim != 1 or column_totals.ndim != 1 or cells.shape != (len(row_totals), len(column_totals)):
        raise ArgumentError(
            f"a matrix of {cells.shape} cannot have row totals of {row_totals.shape} and column totals of"
            f" {column_totals.shape}: give one total a line"
        )
    for axis, names in enumerate((row_labels, column_labels)):
        if names is not None and len(names) != cells.shape[axis]:
            kind = ("rows", "columns")[axis]
            raise ArgumentError(f"the matrix has {cells.shape[axis]} {kind} but there are {len(names)} labels")
    return cells, row_totals, column_totals


def _refuse_negative(matrix: Floats, rows: Floats, columns: Floats, labels: LineLabels) -> None:
    if (matrix < 0).any():
        i, j = (int(position) for position in np.argwhere(matrix < 0)[0])
        cell = f"{_name(labels, 0, i)}, {_name(labels, 1, j)}"
        raise BalancingError(f"RAS needs non-negative cells: {cell} is {matrix[i, j]:g}; use gras, which keeps signs")
    for axis, totals in enumerate((rows, columns)):
        if (totals < 0).any():
            line = int(np.argmin(totals))
            raise BalancingError(
                f"RAS needs non-negative totals: {_name(labels, axis, line)} has {totals[line]:g}, which no sum of"
                " non-negative cells is"
            )


def refuse_unequal(rows: Floats, columns: Floats, allowed: float) -> None:
    """Refuse totals of rows and columns whose sums differ by more than the allowed amount times the lines."""
    gap = float(rows.sum() - columns.sum())
    if abs(gap) > allowed * max(len(rows), len(columns)):
        raise BalancingError(
            f"rows sum to {rows.sum():.12g}, columns to {columns.sum():.12g}: they must agree; scale one side, or book"
            f" the difference of {gap:.9g} in a line of its own"
        )


def _refuse_impossible(matrix: Floats, rows: Floats, columns: Floats, labels: LineLabels) -> None:
    """Refuse totals that a single line of this pattern cannot have, naming the line."""
    for axis, (totals, hair) in enumerate(zip((rows, columns), _hairs(matrix), strict=True)):
        has_positive, has_negative = _signs(matrix, axis)
        empty = ~has_positive & ~has_negative & (np.abs(totals) > hair)
        if empty.any():
            line = int(np.flatnonzero(empty)[0])
            raise BalancingError(
                f"{_name(labels, axis, line)} has only zeros but the total {totals[line]:g}: open a cell or set the"
                " total to 0"
            )
        wrong = (~has_positive & (totals > hair)) | (~has_negative & (totals < -hair))
        if wrong.any():
            line = int(np.flatnonzero(wrong)[0])
            place = _name(labels, axis, line)
            raise BalancingError(
                f"{place} cannot reach {totals[line]:g}: its cells have the other sign; open a cell of this sign or"
                " change the total"
            )


def sinkhorn(
    prior: Floats, rows: Floats, columns: Floats, *, tolerance: float = 1e-12, rounds: int = 500, each: bool = False
) -> tuple[Floats, Floats]:
    """Scale many non-negative matrices at once so that each meets its row and column totals as well as it can.

    Args:
        prior: (b, m, n) non-negative matrices.
        rows: (b, m) non-negative totals.
        columns: (b, n) non-negative totals, with the same sum in each matrix.
        tolerance: stop when no matrix misses a total by more, relative to the sum of its totals.
        rounds: stop after so many rounds at the latest.
        each: judge the miss of a total relative to that total.

    Returns:
        The scaled matrices (b, m, n), whose columns are exact where they are not empty, and the largest miss of each,
        relative to the sum of its totals or to the total itself (b,). A miss above the tolerance means that the pattern
        cannot meet the totals, or only in the limit: the caller decides.
    """
    total = np.maximum(rows.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    row_size, column_size = (np.where((lines > 0.0) & each, lines, total) for lines in (rows, columns))
    scaled = prior * _ratio(columns, prior.sum(axis=1))[:, None, :]
    miss = np.full(len(prior), np.inf)
    for _ in range(rounds):
        reached = scaled.sum(axis=2)
        miss = (np.abs(reached - rows) / row_size).max(axis=1)
        if (miss <= tolerance).all():
            break
        scaled = scaled * _ratio(rows, reached)[:, :, None]
        scaled *= _ratio(columns, scaled.sum(axis=1))[:, None, :]
    column_miss = (np.abs(scaled.sum(axis=1) - columns) / column_size).max(axis=1)
    return scaled, np.maximum(miss, column_miss)


def _ratio(target: Floats, reached: Floats) -> Floats:
    """Factor to the target, 0 where nothing can be reached; unlike in ``share`` a vanishing line counts as nothing."""
    return np.divide(target, reached, out=np.zeros_like(target), where=reached > 1e-200 * (1.0 + target))
