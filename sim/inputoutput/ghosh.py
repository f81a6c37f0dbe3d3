"""The supply-driven model x' = x' B + v': where a unit of primary input ends up.

Ghosh, Economica 25 (1958); Miller and Blair, Input-Output Analysis (2009), chapter 12.1. B are the allocation
coefficients, the share of its output that an industry sells to each buyer. As a model of quantities it is implausible,
since output of buyers would grow without their other inputs (Oosterhaven, Journal of Regional Science 28, 1988); read
it as a model of prices: x' for a changed v' is the old output at new Leontief prices (Dietzenbacher, Journal of
Regional Science 37, 1997).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.leontief import Leontief, NotProductiveError

Floats = NDArray[np.float64]


def ghosh_system(allocation: ArrayLike | Leontief, labels: Labels = None) -> Leontief:
    """I - B factorised once; ``solve_left(v)`` is the supply-driven output, ``solve(1)`` the row sums of G.

    Args:
        allocation: (n, n) share of output sold to each industry, or the system made of it.
        labels: n names for messages.

    Raises:
        ArgumentError: the matrix is not square or holds something that is no number.
        NotProductiveError: the spectral radius of B is 1 or more; the message names the industry that sells most of its
            output to industries.
    """
    if isinstance(allocation, Leontief):
        return allocation
    matrix = checks.square(allocation, "allocation", labels)
    try:
        return Leontief(matrix, labels)
    except NotProductiveError:
        # the complaint of Leontief speaks of purchases: here rows are what does not add up
        sums = matrix.sum(axis=1)
        worst = int(sums.argmax())
        column = int(matrix[worst].argmax())
        raise NotProductiveError(
            f"the system is not productive: row {checks.name(labels, worst)} sells {sums[worst]:.6g} per unit of its"
            f" output to industries, most of it ({matrix[worst, column]:.6g}) to column {checks.name(labels, column)}:"
            " check its output and its unit"
        ) from None


def supply_driven_output(allocation: ArrayLike | Leontief, value_added: ArrayLike) -> Floats:
    """Output x' = v' (I - B)^-1 for given primary inputs (Ghosh 1958; as a price model Dietzenbacher 1997).

    Args:
        allocation: (n, n) share of output sold to each industry, or the system made of it.
        value_added: (n,) or (k, n) primary inputs of each industry, money; all that is not bought from the n
            industries belongs to it, imports too.

    Returns:
        Output, same shape and money. k rows add up to the output of their sum.

    Raises:
        ArgumentError, NotProductiveError: see :func:`ghosh_system`; or the primary inputs do not fit.
    """
    system = ghosh_system(allocation)
    return system.solve_left(checks.rows(value_added, system.size, "value added"))


def ghosh_inverse(allocation: ArrayLike | Leontief) -> Floats:
    """The Ghosh inverse G = (I - B)^-1, (n, n): output of column j for one unit of primary input of row i.

    Raises:
        ArgumentError, NotProductiveError: see :func:`ghosh_system`.
    """
    return ghosh_system(allocation).inverse()


def ghosh_from_leontief(inverse: ArrayLike, output: ArrayLike, labels: Labels = None) -> Floats:
    """The Ghosh inverse from the Leontief inverse of the same table, G = x^-1 L x (Miller and Blair 2009, ch. 12.1).

    Args:
        inverse: (n, n) Leontief inverse L.
        output: (n,) output, >= 0.
        labels: n names for messages.

    Returns:
        (n, n) G; row and column of an industry without output are those of the unit matrix.

    Raises:
        ArgumentError: a shape does not fit, a value is no number or negative output, or L has deliveries of an industry
            without output.
    """
    matrix = checks.square(inverse, "Leontief inverse", labels)
    made = checks.output(output, len(matrix), labels)
    absent = made == 0.0
    if absent.any():
        _refuse_links_of_absent(matrix, absent, labels)
        made = np.where(absent, 1.0, made)
    scaled = matrix * made
    scaled /= made[:, None]
    return scaled


def _refuse_links_of_absent(inverse: Floats, absent: NDArray[np.bool_], labels: Labels) -> None:
    links = inverse.copy()
    links.flat[:: len(links) + 1] = 0.0
    links[np.ix_(~absent, ~absent)] = 0.0
    if links.any():
        row, column = (int(i) for i in np.argwhere(links)[0])
        industry = row if absent[row] else column
        raise ArgumentError(
            f"industry {checks.name(labels, industry)} has no output but the Leontief inverse has"
            f" {links[row, column]:g} in row {row}, column {column}; give its output or set its flows to 0"
        )
