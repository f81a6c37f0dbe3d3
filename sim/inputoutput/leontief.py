"""The quantity model x = A x + f: coefficients, one factorisation, as many solutions as are wanted.

Leontief, Input-Output Economics (1986); Ghosh, Economica 25 (1958); Miller and Blair, Input-Output Analysis (2009),
chapters 2 and 12. Rows sell and columns buy. I - A is factorised once (LU with row exchanges, see
:mod:`sim.inputoutput.factors`) and no inverse is formed unless it is asked for.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.factors import Factors, SingularError

Floats = NDArray[np.float64]

LARGEST_REQUIREMENT = 1e13
"""Total requirements above this leave no digit of a double: the system counts as not productive (numerical)."""

SAFE_REQUIREMENT = 1e9
"""Below this, rounding cannot turn the sign of what an estimate leaves for final demand (numerical)."""


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
    return cells / _nonzero(made, cells, labels, axis=0)


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
    return cells / _nonzero(made, cells, labels, axis=1)[:, None]


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
        self.size = len(matrix)
        signed = bool(matrix.min(initial=0.0) < 0.0)
        bounded = signed and _bound_is_productive(matrix)  # first, so that only one system at a time takes memory
        try:
            self._factors = _factorised(np.negative(matrix))
            if signed and not bounded:
                _refuse_radius(matrix, labels)
            elif not signed and not _is_productive(matrix, self._factors):
                raise NotProductiveError(_complaint("spectral radius of A is not below 1", matrix, labels))
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
        demand = checks.lines(final_demand, self.size, "final demand")
        return self._factors.solve(demand)

    def solve_left(self, intensity: ArrayLike) -> Floats:
        """Total content v (I - A)^-1: what one unit of final demand for each product needs, directly and indirectly.

        Args:
            intensity: (n,) or (k, n) amount per unit of output, such as value added, jobs or energy.

        Returns:
            The amount per unit of final demand, same shape.
        """
        direct = checks.lines(np.asarray(intensity).T, self.size, "intensity")
        return self._factors.solve(direct, transposed=True).T

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

    That is so if and only if x = A x + 1 has a positive solution, so one solution decides. An estimate y > 0 with
    A y < y is proof enough (Collatz, Mathematische Zeitschrift 48, 1942); near the border only the solution will do.
    """
    if not factors.size:
        return True
    estimate = factors.estimate(np.ones(len(coefficients)))
    if estimate.min() > 0.0 and estimate.max() < SAFE_REQUIREMENT and (estimate - coefficients @ estimate).min() > 0.5:
        return True
    return _has_positive_solution(factors)


def _has_positive_solution(factors: Factors) -> bool:
    """Whether x = A x + 1 has a positive solution, with the factors of I - A."""
    solution = factors.solve(np.ones(factors.size))
    return bool(solution.min() > 0.0 and solution.max() < LARGEST_REQUIREMENT)


def _bound_is_productive(coefficients: Floats) -> bool:
    """Whether the absolute values of the coefficients have a spectral radius below 1, and so the coefficients too."""
    try:
        return _has_positive_solution(_factorised(np.copysign(coefficients, -1.0)))
    except SingularError:
        return False


def _refuse_radius(coefficients: Floats, labels: Labels) -> None:
    """Refuse coefficients of any sign by their eigenvalues."""
    radius = spectral_radius(coefficients)
    if not radius < 1.0:
        raise NotProductiveError(_complaint(f"spectral radius of A is {radius:.6g}", coefficients, labels))


def _complaint(what: str, coefficients: Floats, labels: Labels) -> str:
    """What is wrong, the industry to look at first and its largest input."""
    sums = coefficients.sum(axis=0)
    worst = int(sums.argmax())
    row = int(coefficients[:, worst].argmax())
    return (
        f"the system is not productive: {what}. Column {checks.name(labels, worst)} buys {sums[worst]:.6g} per unit of"
        f" its output, most of it ({coefficients[row, worst]:.6g}) from row {checks.name(labels, row)}: check its"
        " output and its unit"
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
    """The Leontief inverse L = (I - A)^-1, (n, n): output of row i for one unit of final demand of column j."""
    return Leontief(coefficients).inverse()


def ghosh_inverse(allocation: ArrayLike) -> Floats:
    """The Ghosh inverse G = (I - B)^-1, (n, n): output of column j for one unit of primary input of row i.

    Read G as forward linkage or as price model (Dietzenbacher 1997); as a model of supply shocks it is implausible.
    """
    return Leontief(allocation).inverse()


def spectral_radius(coefficients: ArrayLike) -> float:
    """Largest absolute eigenvalue of A; below 1 every final demand can be met."""
    matrix = checks.square(coefficients, "coefficients")
    return float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))
