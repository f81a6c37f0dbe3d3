"""Linkages: how strongly an industry pulls its suppliers (backward) and feeds its buyers (forward).

Chenery and Watanabe, Econometrica 26 (1958): direct linkages; Rasmussen, Studies in Inter-Sectoral Relations (1957) and
Hirschman, The Strategy of Economic Development (1958): total linkages, their dispersion and key sectors; Miller and
Blair, Input-Output Analysis (2009), chapter 12.2.

Two conventions of forward linkage are in use. Here it is the row sum of the Ghosh inverse: output of all buyers that a
unit of primary input of the industry supports (Augustinovics 1970, Beyers 1976, Jones 1976). Rasmussen took the row sum
of the Leontief inverse: output of the industry when final demand for *every* product grows by one unit, small or large;
it is kept as :func:`sensitivity_of_dispersion` and ``Leontief.requirements``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.ghosh import ghosh_system
from sim.inputoutput.leontief import Leontief, allocation_coefficients, open_system, technical_coefficients
from sim.inputoutput.multipliers import output_multipliers
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]

BLOCK = 64
"""Columns of an inverse that are held at once where only their statistics are wanted."""

TIE = 1e-12
"""A normalised linkage counts as above average from this distance on, so that equal industries stay average."""

KEY, BACKWARD, FORWARD, WEAK = "key", "backward", "forward", "weak"


class Linkages(NamedTuple):
    """Linkages of one table.

    Attributes:
        direct_backward: (n,) column sums of A, inputs from the n industries per unit of output.
        backward: (n,) column sums of L, output of all industries per unit of final demand for the product.
        direct_forward: (n,) row sums of B, share of output sold to the n industries.
        forward: (n,) row sums of G, output of all industries per unit of primary input of the industry.
    """

    direct_backward: Floats
    backward: Floats
    direct_forward: Floats
    forward: Floats


def linkages(flows: ArrayLike, output: ArrayLike, labels: Labels = None) -> Linkages:
    """All four linkages from one factorisation: because G = x^-1 L x, its row sums are L x / x.

    Args:
        flows: (n, n) sales of industry i to industry j, money; domestic flows give the linkages within the economy.
        output: (n,) output, same money, >= 0.
        labels: n names for messages.

    Returns:
        The linkages; an industry without output has direct linkages 0 and total linkages 1.

    Raises:
        ArgumentError: a shape does not fit, a cell is no number, or an industry without output buys or sells.
        NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    cells = checks.square(flows, "flows", labels)
    made = checks.output(output, len(cells), labels)
    coefficients = technical_coefficients(cells, made, labels)
    direct_forward = allocation_coefficients(cells, made, labels).sum(axis=1)
    system = Leontief(coefficients, labels)
    present = np.where(made == 0.0, 1.0, made)  # an absent industry keeps to itself, so any amount gives 1
    return Linkages(
        direct_backward=coefficients.sum(axis=0),
        backward=output_multipliers(system),
        direct_forward=direct_forward,
        forward=system.solve(present) / present,
    )


def direct_backward_linkages(coefficients: ArrayLike) -> Floats:
    """(n,) column sums of A, inputs per unit of output (Chenery and Watanabe 1958).

    Args:
        coefficients: (m, n) input per unit of output.

    Raises:
        ArgumentError: this is no matrix or holds something that is no number.
    """
    return np.asarray(_matrix(coefficients, "coefficients").sum(axis=0))


def backward_linkages(coefficients: ArrayLike | Leontief) -> Floats:
    """(n,) column sums of L, the same numbers as the simple output multipliers (Rasmussen 1957).

    Raises:
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    return output_multipliers(coefficients)


def direct_forward_linkages(allocation: ArrayLike) -> Floats:
    """(n,) row sums of B, share of output sold to industries (Chenery and Watanabe 1958).

    Args:
        allocation: (n, m) share of output sold to each buyer.

    Raises:
        ArgumentError: this is no matrix or holds something that is no number.
    """
    return np.asarray(_matrix(allocation, "allocation").sum(axis=1))


def forward_linkages(allocation: ArrayLike | Leontief) -> Floats:
    """(n,) row sums of the Ghosh inverse (Augustinovics 1970, Jones 1976; Miller and Blair 2009, chapter 12.2).

    Args:
        allocation: (n, n) share of output sold to each industry, or the system made of it.

    Raises:
        ArgumentError, NotProductiveError: see :func:`~sim.inputoutput.ghosh.ghosh_system`.
    """
    return ghosh_system(allocation).requirements.copy()


def _matrix(values: ArrayLike, what: str) -> Floats:
    cells = checks.numbers(values, what)
    if cells.ndim != 2:
        raise ArgumentError(f"{what} must be a matrix, not of shape {cells.shape}")
    return cells


# --- normalised -------------------------------------------------------------------------------------------------------


def normalised(linkage: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Linkages relative to their mean: above 1 an industry pulls (or feeds) more than the average industry.

    Args:
        linkage: (n,) linkages of any kind.
        weights: (n,) >= 0, such as output, for the mean; None gives each industry the same weight, as Rasmussen (1957)
            does. The plain mean depends on how finely industries are cut, the weighted one hardly does; it also
            leaves absent industries out, which the plain mean counts with a linkage of 1.

    Returns:
        (n,) normalised linkages, their (weighted) mean is 1.

    Raises:
        ArgumentError: a shape does not fit, a weight is negative, all weights are 0, there is no industry, or the mean
            is not above 0.
    """
    values = vector(linkage, None, "linkage")
    if not len(values):
        raise ArgumentError("linkage is empty: there is no industry to take a mean of")
    heavy = np.ones(len(values)) if weights is None else _weights(weights, len(values))
    mean = float(totals(values * heavy) / heavy.sum())
    if not mean > 0.0:
        raise ArgumentError(f"the mean linkage is {mean:g}: only a mean above 0 can be the measure of others")
    return np.asarray(values / mean)


def _weights(values: ArrayLike, size: int) -> Floats:
    weights = vector(values, size, "weights")
    if (weights < 0.0).any():
        worst = int(weights.argmin())
        raise ArgumentError(f"weight of industry {worst} is {weights[worst]:g}: a weight must not be negative")
    if not weights.any():
        raise ArgumentError("all weights are 0: give at least one industry a weight")
    return weights


def power_of_dispersion(coefficients: ArrayLike | Leontief, weights: ArrayLike | None = None) -> Floats:
    """(n,) column sums of L over their mean (Rasmussen 1957): the pull of final demand for a product.

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        weights: (n,) see :func:`normalised`.

    Raises:
        ArgumentError, NotProductiveError: the weights do not fit, or see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    return normalised(backward_linkages(coefficients), weights)


def sensitivity_of_dispersion(coefficients: ArrayLike | Leontief, weights: ArrayLike | None = None) -> Floats:
    """(n,) row sums of L over their mean (Rasmussen 1957): how an industry feels demand for all products.

    The convention of Miller and Blair is ``normalised(forward_linkages(allocation))`` instead.

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        weights: (n,) see :func:`normalised`.

    Raises:
        ArgumentError, NotProductiveError: as for :func:`power_of_dispersion`.
    """
    return normalised(open_system(coefficients).requirements, weights)


# --- how evenly -------------------------------------------------------------------------------------------------------


def backward_variation(coefficients: ArrayLike | Leontief) -> Floats:
    """(n,) coefficient of variation of each column of L, small where the pull spreads evenly (Rasmussen 1957).

    Standard deviation with n - 1 over mean; with negative cells a mean may be 0, where the result is nan, or negative,
    where it is negative. The inverse passes in blocks of :data:`BLOCK` columns, so the memory is the
    factors and 64 n numbers, the time that of an inverse.

    Raises:
        ArgumentError: fewer than two industries.
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    system = open_system(coefficients)
    return _variation(lambda units: system.solve(units.T), 0, system.size)


def forward_variation(allocation: ArrayLike | Leontief) -> Floats:
    """(n,) coefficient of variation of each row of the Ghosh inverse; with A in place of B, of the Leontief inverse.

    Rasmussen (1957) and Hirschman (1958) use the rows of L. Memory, time and means of 0 as for
    :func:`backward_variation`.

    Raises:
        ArgumentError: fewer than two industries.
        ArgumentError, NotProductiveError: see :func:`~sim.inputoutput.ghosh.ghosh_system`.
    """
    system = ghosh_system(allocation)
    return _variation(system.solve_left, 1, system.size)


def _variation(part_of_inverse: Callable[[Floats], Floats], axis: int, size: int) -> Floats:
    """Coefficient of variation along an axis of the inverse; ``part_of_inverse`` gives its lines for unit vectors."""
    if size < 2:
        raise ArgumentError(f"a coefficient of variation needs at least two industries, not {size}")
    found = np.full(size, np.nan)
    for start in range(0, size, BLOCK):
        units = np.zeros((min(BLOCK, size - start), size))
        units[np.arange(len(units)), start + np.arange(len(units))] = 1.0
        part = part_of_inverse(units)
        mean, here = totals(part, axis=axis) / size, found[start : start + len(units)]
        np.divide(part.std(axis=axis, ddof=1), mean, out=here, where=mean != 0.0)
    return found


# --- key sectors ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class KeySectors:
    """Industries by the two normalised linkages.

    Attributes:
        labels: n names.
        backward, forward: (n,) normalised linkages.
        kinds: n of "key" (both above 1), "backward", "forward" (only that one above 1) and "weak" (none).
    """

    labels: tuple[object, ...]
    backward: Floats
    forward: Floats
    kinds: tuple[str, ...]

    def of(self, kind: str) -> tuple[object, ...]:
        """Names of the industries of one kind, in their order.

        Raises:
            ArgumentError: there is no such kind.
        """
        if kind not in (KEY, BACKWARD, FORWARD, WEAK):
            raise ArgumentError(f"no kind is called {kind!r}: ask for {KEY}, {BACKWARD}, {FORWARD} or {WEAK}")
        return tuple(label for label, own in zip(self.labels, self.kinds, strict=True) if own == kind)


def key_sectors(
    backward: ArrayLike,
    forward: ArrayLike,
    labels: Sequence[object] | None = None,
    weights: ArrayLike | None = None,
) -> KeySectors:
    """Key sectors are above average in both directions (Hirschman 1958; Miller and Blair 2009, chapter 12.2).

    Miller and Blair call "backward" dependent on interindustry supply, "forward" dependent on interindustry demand,
    "weak" generally independent and "key" generally dependent.

    Args:
        backward: (n,) backward linkages; they are normalised here, and normalised ones stay as they are.
        forward: (n,) forward linkages, likewise.
        labels: n names; None takes the positions.
        weights: (n,) see :func:`normalised`.

    Raises:
        ArgumentError: a shape does not fit, or as for :func:`normalised`.
    """
    pull, feed = normalised(backward, weights), normalised(forward, weights)
    names = tuple(range(len(pull))) if labels is None else tuple(labels)
    if not len(pull) == len(feed) == len(names):
        raise ArgumentError(
            f"there are {len(pull)} backward linkages, {len(feed)} forward linkages and {len(names)} labels: give one"
            " of each for every industry"
        )
    kinds = {(True, True): KEY, (True, False): BACKWARD, (False, True): FORWARD, (False, False): WEAK}
    above = zip((pull > 1.0 + TIE).tolist(), (feed > 1.0 + TIE).tolist(), strict=True)
    return KeySectors(names, pull, feed, tuple(kinds[pair] for pair in above))
