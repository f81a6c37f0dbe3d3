"""The quantity model x = A x + f: coefficients, one factorisation, as many solutions as are wanted.

Leontief, Input-Output Economics (1986); Ghosh, Economica 25 (1958); Miller and Blair, Input-Output Analysis (2009),
chapters 2 and 12. Rows sell and columns buy. I - A is factorised once (LU with row exchanges, see
:mod:`sim.inputoutput.factors`) and no inverse is formed unless it is asked for.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.factors import Factors, SingularError

Floats = NDArray[np.float64]

NO_NET_OUTPUT = "the spectral radius of A is 1 or more, or so near to 1 that no digit of a solution is left"

TINY = 1e-200
"""Output above this leaves finite coefficients for any flow of a table (numerical)."""

LARGE = 200
"""Industries from which the largest eigenvalue alone is sought (numerical)."""


class NotProductiveError(ValueError):
    """An input-output system that needs one unit of inputs or more, directly and indirectly, for a unit of output."""


def technical_coefficients(flows: ArrayLike, output: ArrayLike, labels: Labels = None) -> Floats:
    """Input per unit of output, A = Z / x by column.

    Args:
        flows: (m, n) purchases of industry j from row i, money; m may differ from n (imports, value added).
        output: (n,) output of the industries, same money, >= 0.
        labels: n names for messages.

    Returns:
        (m, n) shares of output; the column of an industry without output is 0.

    Raises:
        ArgumentError: a shape does not fit, a cell is no number, an output is negative, or an industry without output
            buys something.
    """
    cells = checks.numbers(flows, "flows", None, labels)
    if cells.ndim != 2:
        raise ArgumentError(f"flows must be a matrix, not of shape {cells.shape}")
    made = checks.output(output, cells.shape[1], labels)
    return _per_unit(cells, _nonzero(made, cells, labels, axis=0), labels)


def allocation_coefficients(flows: ArrayLike, output: ArrayLike, labels: Labels = None) -> Floats:
    """Share of its output that an industry sells to each buyer, B = Z / x by row (Ghosh 1958).

    Args:
        flows: (n, m) sales of industry i to buyer j, money; buyers may be final users too.
        output: (n,) output of the industries, same money, >= 0.
        labels: n names for messages.

    Returns:
        (n, m) shares of output; the row of an industry without output is 0.

    Raises:
        ArgumentError: as for :func:`technical_coefficients`, with sales in place of purchases.
    """
    cells = checks.numbers(flows, "flows", labels)
    if cells.ndim != 2:
        raise ArgumentError(f"flows must be a matrix, not of shape {cells.shape}")
    made = checks.output(output, cells.shape[0], labels)
    return _per_unit(cells.T, _nonzero(made, cells, labels, axis=1), labels).T


def _per_unit(cells: Floats, output: Floats, labels: Labels) -> Floats:
    """Cells over the output of their column, which must leave numbers."""
    if output.min(initial=1.0) > TINY:
        return cells / output
    with np.errstate(over="ignore"):
        found = cells / output
    if not np.isfinite(found).all():
        industry = int(np.argwhere(~np.isfinite(found))[0][1])
        raise ArgumentError(
            f"output of industry {checks.name(labels, industry)} is {output[industry]:g}, too little to divide its"
            " flows by: give its output, or leave it and its flows out"
        )
    return found


def _nonzero(output: Floats, flows: Floats, labels: Labels, axis: int) -> Floats:
    """Output with 1 in place of 0, where nothing is bought (axis 0) or sold (axis 1) without output."""
    absent = np.flatnonzero(output == 0.0)
    if not len(absent):
        return output
    lines = (flows.T if axis == 0 else flows)[absent]
    if lines.any():
        first = int(lines.any(axis=1).argmax())
        other, verb = int(np.abs(lines[first]).argmax()), ("purchases", "sales")[axis]
        raise ArgumentError(
            f"industry {checks.name(labels, absent[first])} has {verb} but no output: {lines[first, other]:g} in"
            f" {('row', 'column')[axis]} {other}; give its output or set its {verb} to 0"
        )
    divisor = output.copy()
    divisor[absent] = 1.0
    return divisor


class Leontief:
    """The open quantity system x = A x + f, with I - A factorised once.

    Args:
        coefficients: (n, n) input per unit of output; cells may be negative, columns may sum to more than 1 as they do
            in physical units, as long as the system is productive.
        labels: n names for messages.

    Attributes:
        size: n.

    Raises:
        ArgumentError: the matrix is not square or holds something that is no number.
        NotProductiveError: the spectral radius of A is 1 or more, or I - A is singular; the message names the industry
            that buys most for a unit of output.
    """

    def __init__(self, coefficients: ArrayLike, labels: Labels = None) -> None:
        matrix = checks.square(coefficients, "coefficients", labels)
        self.size, self._labels = len(matrix), labels
        signed = bool(matrix.min(initial=0.0) < 0.0)
        bounded = signed and _bound_is_productive(matrix)  # first, so that only one system at a time takes memory
        try:
            self._factors = _factorised(np.negative(matrix))
            if signed and not bounded:
                _refuse_radius(matrix, labels)
            elif not signed and not _is_productive(matrix, self._factors):
                raise NotProductiveError(_complaint(NO_NET_OUTPUT, matrix, labels))
        except SingularError:
            raise NotProductiveError(_complaint("I - A has no inverse", matrix, labels)) from None

    @cached_property
    def requirements(self) -> Floats:
        """(n,) output that one unit of final demand for every product needs."""
        return self.solve(np.ones(self.size))

    def solve(self, final_demand: ArrayLike) -> Floats:
        """Output x = (I - A)^-1 f.

        Args:
            final_demand: (n,) or (n, m), money.

        Returns:
            Output, same shape and money.
        """
        demand = checks.lines(final_demand, self.size, "final demand", self._labels)
        return self._factors.solve(demand)

    def solve_left(self, intensity: ArrayLike) -> Floats:
        """Total content v (I - A)^-1: what one unit of final demand for each product needs, directly and indirectly.

        Args:
            intensity: (n,) or (k, n) amount per unit of output, such as value added, jobs or energy.

        Returns:
            The amount per unit of final demand, same shape.
        """
        direct = checks.rows(intensity, self.size, "intensity")
        return self._factors.solve(direct.T, transposed=True).T

    def inverse(self) -> Floats:
        """The Leontief inverse L = (I - A)^-1, (n, n): output of row i for one unit of final demand of column j."""
        return self._factors.inverse()


def open_system(coefficients: ArrayLike | Leontief) -> Leontief:
    """The factorised system of the coefficients, or the system itself, so that several methods can share one."""
    return coefficients if isinstance(coefficients, Leontief) else Leontief(coefficients)


def _factorised(negative: Floats) -> Factors:
    """Factors of I - A, from -A, which is overwritten."""
    np.fill_diagonal(negative, negative.diagonal() + 1.0)
    return Factors(negative)


def _is_productive(coefficients: Floats, factors: Factors) -> bool:
    """Whether A >= 0 has a spectral radius below 1, with the factors of I - A.

    That is so if and only if some y > 0 has A y < y (Collatz, Mathematische Zeitschrift 48, 1942). The solution of
    x = A x + 1 is such a vector; as a rule an estimate of it will do.
    """
    if not factors.size:
        return True
    ones = np.ones(factors.size)
    if _proves(factors.estimate(ones), coefficients) or _proves(factors.solve(ones), coefficients):
        return True
    return _is_productive_in_parts(coefficients)


def _proves(vector: Floats, coefficients: Floats) -> bool:
    """Whether y > 0 and A y < y, by more than rounding could have done."""
    if not (np.isfinite(vector).all() and vector.min() > 0.0):
        return False
    with np.errstate(over="ignore"):
        needed = coefficients @ vector
    rounding = 4.0 * len(vector) * np.finfo(np.float64).eps
    return bool((vector - needed > rounding * (vector + needed)).all())


def _is_productive_in_parts(coefficients: Floats) -> bool:
    """Whether A >= 0 has a spectral radius below 1, whatever the units of the industries.

    The radius is the largest of those of the strongly connected parts, and no unit changes it. The units of a part are
    evened out (Osborne, Journal of the ACM 7, 1960), so that its solution has as many digits as it can.
    """
    count, part = connected_components(coefficients != 0.0, directed=True, connection="strong")
    for number in range(count):
        inside = np.flatnonzero(part == number)
        even: Floats = np.asarray(linalg.matrix_balance(coefficients[np.ix_(inside, inside)], permute=False)[0], float)
        try:
            solution = _factorised(np.negative(even)).solve(np.ones(len(inside)))
        except SingularError:
            return False
        if not _proves(solution, even):
            return False
    return True


def _bound_is_productive(coefficients: Floats) -> bool:
    """Whether the absolute values of the coefficients have a spectral radius below 1, and so the coefficients too."""
    sizes = np.abs(coefficients)
    try:
        return _is_productive(sizes, _factorised(np.negative(sizes)))
    except SingularError:
        return False


def _refuse_radius(coefficients: Floats, labels: Labels) -> None:
    """Refuse coefficients of any sign by their eigenvalues."""
    radius = spectral_radius(coefficients)
    if not radius < 1.0:
        above = "" if radius > 1.0 + 1e-5 else f", which is 1 + {radius - 1.0:.2g}"
        raise NotProductiveError(_complaint(f"the spectral radius of A is {radius:.6g}{above}", coefficients, labels))


def _complaint(what: str, coefficients: Floats, labels: Labels) -> str:
    """What is wrong, the industry to look at first and its largest input."""
    sizes = np.abs(coefficients)
    sums = sizes.sum(axis=0)
    worst = int(sums.argmax())
    row = int(sizes[:, worst].argmax())
    kind = "in absolute cells, " if (coefficients[:, worst] < 0.0).any() else ""
    return (
        f"the system is not productive: {what}. Column {checks.name(labels, worst)} buys {kind}{sums[worst]:.6g} per"
        f" unit of its output, most of it ({coefficients[row, worst]:.6g}) from row {checks.name(labels, row)}: check"
        " its output and its unit"
    )


def solve(coefficients: ArrayLike, final_demand: ArrayLike) -> Floats:
    """Output x = (I - A)^-1 f; :class:`Leontief` keeps the factors for more than one call.

    Args:
        coefficients: (n, n) input per unit of output.
        final_demand: (n,) or (n, m), money.

    Raises:
        ArgumentError, NotProductiveError: see :class:`Leontief`.
    """
    return Leontief(coefficients).solve(final_demand)


def leontief_inverse(coefficients: ArrayLike) -> Floats:
    """The Leontief inverse L = (I - A)^-1, (n, n): output of row i for one unit of final demand of column j.

    Raises:
        ArgumentError, NotProductiveError: see :class:`Leontief`.
    """
    return Leontief(coefficients).inverse()


def spectral_radius(coefficients: ArrayLike) -> float:
    """Largest absolute eigenvalue of A; below 1 every final demand can be met."""
    matrix = checks.square(coefficients, "coefficients")
    if len(matrix) >= LARGE:
        try:
            start = np.random.default_rng(0).random(len(matrix))  # no symmetry of the matrix can hide a vector from it
            largest = eigs(matrix, k=1, which="LM", v0=start, return_eigenvectors=False)
            return float(np.abs(largest[0]))
        except ArpackError:  # it did not settle: all eigenvalues, then
            pass
    return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))
