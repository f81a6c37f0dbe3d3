"""Distances along production: from final use (upstreamness), from primary inputs (downstreamness), between industries.

Antràs, Chor, Fally and Hillberry, American Economic Review 102(3) (2012); Antràs and Chor, in: World Trade Evolution
(2018); Dietzenbacher, Romero and Bosma, Estudios de Economía Aplicada 23 (2005); Miller and Temurshoev, International
Regional Science Review 40 (2017). All are counted in stages, from 1 on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.ghosh import ghosh_system
from sim.inputoutput.leontief import Leontief, allocation_coefficients
from sim.inputoutput.linkage import forward_linkages
from sim.inputoutput.multipliers import output_multipliers
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]

SMALL = 1e-12
"""Indirect requirements below this may be rounding: then the pattern of A decides whether there is a path."""


def upstreamness(
    flows: ArrayLike,
    output: ArrayLike,
    *,
    exports: ArrayLike | None = None,
    imports: ArrayLike | None = None,
    inventories: ArrayLike | None = None,
    labels: Labels = None,
) -> Floats:
    """Average distance of an industry's output from final use, U = (I - D)^-1 1 (Antràs, Chor, Fally, Hillberry 2012).

    D are the allocation coefficients, so U are the row sums of the Ghosh inverse. In an open economy with flows that
    mix domestic and imported products, D_ij = Z_ij / (x_i - exports_i + imports_i - inventories_i): exports and stocks
    are taken to go on to industries and final users in the same shares as what is used at home. With domestic flows and
    without the corrections, exports count as final use, which is the other convention.

    Args:
        flows: (n, n) sales of product i to industry j, money; with ``imports`` the imported product is part of them.
        output: (n,) domestic output, same money, >= 0.
        exports: (n,) exports of the product, same money; None for 0.
        imports: (n,) imports of the product, same money; None for 0.
        inventories: (n,) change of inventories, same money, of any sign; None for 0.
        labels: n names for messages.

    Returns:
        (n,) stages, >= 1 for flows >= 0; 1 if all output is sold to final users, and for an absent industry.

    Raises:
        ArgumentError: a shape does not fit, a cell is no number, or a product is sold to industries while output -
            exports + imports - inventories is not above 0.
        NotProductiveError: a product is sold to industries beyond what there is of it.
    """
    cells = checks.square(flows, "flows", labels)
    size = len(cells)
    corrections = (("exports", exports, -1.0), ("imports", imports, 1.0), ("inventories", inventories, -1.0))
    terms = [checks.output(output, size, labels)]
    terms += [sign * vector(given, size, what, labels) for what, given, sign in corrections if given is not None]
    available = totals(np.array(terms), axis=0)
    _refuse_sales_of_nothing(cells, available, labels)
    return forward_linkages(ghosh_system(allocation_coefficients(cells, available, labels), labels))


def _refuse_sales_of_nothing(flows: Floats, available: Floats, labels: Labels) -> None:
    wrong = (available < 0.0) | ((available == 0.0) & (flows != 0.0).any(axis=1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ArgumentError(
            f"industry {checks.name(labels, row)} sells {flows[row].sum():g} to industries but output - exports +"
            f" imports - inventories is {available[row]:g}: check the signs, and give imports if exports include"
            " re-exports"
        )


def downstreamness(coefficients: ArrayLike | Leontief) -> Floats:
    """Average distance of an industry from primary inputs, D' = 1' (I - A)^-1 (Antràs and Chor 2018; Fally 2012).

    The same numbers as the simple output multipliers. With domestic coefficients imported inputs count as primary; with
    coefficients that include imports they are taken to be made as at home.

    Args:
        coefficients: (n, n) input per unit of output, money, or the system made of it.

    Returns:
        (n,) stages; 1 for an industry that buys nothing.

    Raises:
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    return output_multipliers(coefficients)


def weighted_average(distances: ArrayLike, weights: ArrayLike) -> float:
    """Distance of an aggregate, such as the upstreamness of exports with exports as weights.

    Weighted by value added, upstreamness averages to output over value added; so does downstreamness weighted by final
    demand (Miller and Temurshoev 2017).

    Args:
        distances: (n,) stages.
        weights: (n,) amounts; their sum must not be 0, single ones may be negative (inventories).

    Raises:
        ArgumentError: a shape does not fit, a value is no number, or the weights sum to 0.
    """
    stages = vector(distances, None, "distances")
    amounts = vector(weights, len(stages), "weights")
    total = float(totals(amounts))
    if total == 0.0:
        raise ArgumentError("the weights sum to 0: there is nothing to average over")
    return float(stages @ amounts) / total


# --- between industries -----------------------------------------------------------------------------------------------


def average_propagation_lengths(coefficients: ArrayLike, labels: Labels = None) -> Floats:
    """Average number of rounds in which final demand for j reaches i (Dietzenbacher, Romero and Bosma 2005).

    Round k weighs with its share A^k of all rounds: with H = sum of k A^k = L (L - I) the length is H_ij / l_ij off the
    diagonal and H_ii / (l_ii - 1) on it. The Ghosh model gives the same lengths for a cost push from i to j. Both
    L - I = L A and H come from solves, so no digit is lost where they are small; memory is three n x n matrices.

    Args:
        coefficients: (n, n) input per unit of output, >= 0 for lengths to be averages.
        labels: n names for messages.

    Returns:
        (n, n) rounds, >= 1 for coefficients >= 0; nan where no path leads from i to j. Some write 0 there, which reads
        as nearest; ``np.nan_to_num`` gives it.

    Raises:
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    matrix = checks.square(coefficients, "coefficients", labels)
    system = Leontief(matrix, labels)
    rounds = system.solve(matrix)
    lengths = system.solve(rounds)
    linked = rounds != 0.0
    if (np.abs(rounds) < SMALL).any():
        linked &= _paths(matrix)
    np.divide(lengths, rounds, out=lengths, where=linked)
    lengths[~linked] = np.nan
    return lengths


def _paths(coefficients: Floats) -> NDArray[np.bool_]:
    """Whether i delivers to j, directly or through others: paths twice as long in each pass until none is new."""
    paths: NDArray[np.bool_] = coefficients != 0.0
    while True:
        steps = paths.astype(np.float32)
        longer = paths | (steps @ steps > 0.0)
        if (longer == paths).all():
            return paths
        paths = longer


class AverageLengths(NamedTuple):
    """Mean propagation lengths.

    Attributes:
        forward: (n,) mean over the buyers of row i; nan without a path.
        backward: (n,) mean over the suppliers of column j; nan without a path.
        overall: mean over all paths; nan without any.
    """

    forward: Floats
    backward: Floats
    overall: float


def average_lengths(lengths: ArrayLike, *, own: bool = True) -> AverageLengths:
    """Plain means of propagation lengths over the paths that exist (Dietzenbacher, Romero and Bosma 2005).

    Args:
        lengths: (n, n) of :func:`average_propagation_lengths`, nan where there is no path.
        own: count the loops on the diagonal.

    Raises:
        ArgumentError: the matrix is not square or holds something that is no number.
    """
    try:
        rounds = np.array(lengths, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError("lengths: these are not all numbers") from None
    if rounds.ndim != 2 or rounds.shape[0] != rounds.shape[1]:
        raise ArgumentError(f"lengths must be a square matrix, not of shape {rounds.shape}")
    if not own:
        np.fill_diagonal(rounds, np.nan)
    there = ~np.isnan(rounds)
    counted = np.where(there, rounds, 0.0)
    return AverageLengths(
        _mean(counted.sum(axis=1), there.sum(axis=1)),
        _mean(counted.sum(axis=0), there.sum(axis=0)),
        float(_mean(counted.sum(keepdims=True), there.sum(keepdims=True))[0, 0]),
    )


def _mean(total: Floats, count: NDArray[np.int64]) -> Floats:
    return np.asarray(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))
