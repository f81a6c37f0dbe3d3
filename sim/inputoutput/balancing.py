"""Making a matrix meet given row and column totals while keeping its pattern.

RAS (Stone 1961), GRAS for matrices with negative cells (Junius and Oosterhaven 2003, in the form of Lenzen, Wood and
Gallego 2007, with the rule of Temurshoev, Miller and Bouwmeester 2013 for lines without positive cells), and the same
scaling for many matrices at once, as the gravity model needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class BalancingError(ValueError):
    """Row and column totals that the pattern of the matrix cannot meet; the message names the line and the amounts."""


class Balanced(NamedTuple):
    """A balanced matrix and how it was reached.

    Attributes:
        matrix: the result, in the money of the input.
        rounds: rounds of row and column scaling.
        residual: largest absolute miss of a total, relative to the largest total.
        row_factors, column_factors: multipliers of the positive cells.
    """

    matrix: Floats
    rounds: int
    residual: float
    row_factors: Floats
    column_factors: Floats


def ras(
    matrix: Floats,
    rows: Floats,
    columns: Floats,
    *,
    labels: tuple[Sequence[str], Sequence[str]] | None = None,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> Balanced:
    """Biproportional fit r_i a_ij s_j of a non-negative matrix to row and column totals.

    Args:
        matrix: (m, n) non-negative.
        rows: (m,) totals, non-negative.
        columns: (n,) totals, non-negative, with the same sum.
        labels: names of rows and columns for messages.
        tolerance: largest miss of a total, relative to the largest total.
        rounds: give up after so many rounds.

    Raises:
        BalancingError: negative cells or totals, unequal sums, an empty line with a total, or no convergence.
    """
    _refuse_negative(matrix, rows, columns, labels)
    return gras(matrix, rows, columns, labels=labels, tolerance=tolerance, rounds=rounds)


def gras(
    matrix: Floats,
    rows: Floats,
    columns: Floats,
    *,
    labels: tuple[Sequence[str], Sequence[str]] | None = None,
    tolerance: float = 1e-12,
    rounds: int = 1000,
) -> Balanced:
    """RAS for matrices with negative cells: positive cells become r p s, negative ones n / (r s).

    Arguments as for :func:`ras`, but cells and totals may be negative. Every cell keeps its sign.

    Raises:
        BalancingError: unequal sums, an empty line with a total, a total whose sign the line cannot reach, or no
            convergence.
    """
    scale = max(float(np.abs(rows).max(initial=0.0)), float(np.abs(columns).max(initial=0.0)), np.finfo(float).tiny)
    _refuse_impossible(matrix, rows, columns, labels, tolerance * scale)
    positive, negative = np.maximum(matrix, 0.0), np.maximum(-matrix, 0.0)
    row_factors, column_factors = np.ones(len(rows)), np.ones(len(columns))
    balanced, miss = matrix, float("inf")
    for round_number in range(1, rounds + 1):
        row_factors = _line_factors(positive @ column_factors, negative @ (1.0 / column_factors), rows)
        column_factors = _line_factors(row_factors @ positive, (1.0 / row_factors) @ negative, columns)
        factors = np.outer(row_factors, column_factors)
        balanced = positive * factors - negative / factors
        miss = _largest_miss(balanced, rows, columns)
        if miss <= tolerance * scale:
            return Balanced(balanced, round_number, miss / scale, row_factors, column_factors)
    axis, line, amount, total = _worst_line(balanced, rows, columns)
    raise BalancingError(
        f"no balance after {rounds} rounds: {_name(labels, axis, line)} sums to {amount:.9g}, its total is {total:.9g};"
        " its cells lie where other totals leave no room"
    )


def _line_factors(positive: Floats, negative: Floats, totals: Floats) -> Floats:
    """Factor of each line that makes p r - n / r its total; 1 for an empty line.

    With positive cells r = (u + sqrt(u^2 + 4 p n)) / (2 p); without, r = -n / u.
    """
    root = np.sqrt(totals**2 + 4.0 * positive * negative)
    # for u < 0 the textbook form loses all digits to cancellation: 2 n / (sqrt(..) - u) is the same number
    with np.errstate(divide="ignore", invalid="ignore"):
        up = (totals + root) / (2.0 * positive)
        down = 2.0 * negative / (root - totals)
    factors = np.where(totals >= 0.0, up, down)
    factors = np.where((positive == 0.0) & (negative == 0.0), 1.0, factors)
    # a line of positive cells whose total is 0 shrinks to nothing; keep the factor positive so that 1 / r exists
    return np.where(np.isfinite(factors), np.maximum(factors, 1e-300), 1.0)


def _largest_miss(matrix: Floats, rows: Floats, columns: Floats) -> float:
    row_miss = np.abs(matrix.sum(axis=1) - rows).max(initial=0.0)
    return float(max(row_miss, np.abs(matrix.sum(axis=0) - columns).max(initial=0.0)))


def _worst_line(matrix: Floats, rows: Floats, columns: Floats) -> tuple[int, int, float, float]:
    """Axis, index, reached sum and total of the line that misses its total most."""
    sums = (matrix.sum(axis=1), matrix.sum(axis=0))
    misses = [np.abs(sums[0] - rows), np.abs(sums[1] - columns)]
    axis = int(misses[1].max(initial=0.0) > misses[0].max(initial=0.0))
    line = int(misses[axis].argmax())
    return axis, line, float(sums[axis][line]), float((rows, columns)[axis][line])


def _name(labels: tuple[Sequence[str], Sequence[str]] | None, axis: int, line: int) -> str:
    kind = ("row", "column")[axis]
    return f"{kind} {line}" if labels is None else f"{kind} {line} ({labels[axis][line]})"


def _refuse_negative(
    matrix: Floats, rows: Floats, columns: Floats, labels: tuple[Sequence[str], Sequence[str]] | None
) -> None:
    if (matrix < 0).any():
        i, j = np.argwhere(matrix < 0)[0]
        cell = f"{_name(labels, 0, i)}, {_name(labels, 1, j)}"
        raise BalancingError(f"RAS needs non-negative cells: {cell} is {matrix[i, j]:g}")
    for axis, totals in enumerate((rows, columns)):
        if (totals < 0).any():
            line = int(np.argmin(totals))
            raise BalancingError(f"RAS needs non-negative totals: {_name(labels, axis, line)} has {totals[line]:g}")


def _refuse_impossible(
    matrix: Floats,
    rows: Floats,
    columns: Floats,
    labels: tuple[Sequence[str], Sequence[str]] | None,
    allowed: float,
) -> None:
    """Refuse totals that no matrix of this pattern can have, naming the line."""
    if matrix.shape != (len(rows), len(columns)):
        raise BalancingError(f"a matrix of {matrix.shape} cannot have {len(rows)} row and {len(columns)} column totals")
    if not (np.isfinite(matrix).all() and np.isfinite(rows).all() and np.isfinite(columns).all()):
        raise BalancingError("cells and totals must be finite numbers")
    gap = float(rows.sum() - columns.sum())
    if abs(gap) > allowed * max(len(rows), len(columns)):
        raise BalancingError(f"rows sum to {rows.sum():.12g}, columns to {columns.sum():.12g}: they must agree")
    for axis, totals in enumerate((rows, columns)):
        lines = matrix if axis == 0 else matrix.T
        has_positive, has_negative = (lines > 0).any(axis=1), (lines < 0).any(axis=1)
        empty = ~has_positive & ~has_negative & (np.abs(totals) > allowed)
        if empty.any():
            line = int(np.flatnonzero(empty)[0])
            raise BalancingError(f"{_name(labels, axis, line)} has only zeros but the total {totals[line]:g}")
        wrong = (~has_positive & (totals > allowed)) | (~has_negative & (totals < -allowed))
        if wrong.any():
            line = int(np.flatnonzero(wrong)[0])
            place = _name(labels, axis, line)
            raise BalancingError(f"{place} cannot reach {totals[line]:g}: its cells have the other sign")


def sinkhorn(
    prior: Floats, rows: Floats, columns: Floats, *, tolerance: float = 1e-12, rounds: int = 500
) -> tuple[Floats, Floats]:
    """Scale many non-negative matrices at once so that each meets its row and column totals as well as it can.

    Args:
        prior: (b, m, n) non-negative matrices.
        rows: (b, m) non-negative totals.
        columns: (b, n) non-negative totals, with the same sum in each matrix.
        tolerance: stop when no matrix misses a total by more, relative to the sum of its totals.
        rounds: stop after so many rounds at the latest.

    Returns:
        The scaled matrices (b, m, n), whose columns are exact where they are not empty, and the largest miss of each,
        relative to the sum of its totals (b,). A miss above the tolerance means that the pattern cannot meet the
        totals, or only in the limit: the caller decides.
    """
    total = np.maximum(rows.sum(axis=1), np.finfo(float).tiny)
    scaled = prior * _ratio(columns, prior.sum(axis=1))[:, None, :]
    miss = np.full(len(prior), np.inf)
    for _ in range(rounds):
        reached = scaled.sum(axis=2)
        miss = np.abs(reached - rows).max(axis=1) / total
        if (miss <= tolerance).all():
            break
        scaled = scaled * _ratio(rows, reached)[:, :, None]
        scaled *= _ratio(columns, scaled.sum(axis=1))[:, None, :]
    column_miss = np.abs(scaled.sum(axis=1) - columns).max(axis=1) / total
    return scaled, np.maximum(miss, column_miss)


def _ratio(target: Floats, reached: Floats) -> Floats:
    """Factor to the target, 0 where nothing can be reached; a vanishing line counts as nothing."""
    return np.divide(target, reached, out=np.zeros_like(target), where=reached > 1e-200 * (1.0 + target))
