"""The price model p' = p' A + v': what a product must cost so that inputs and primary inputs are paid.

Leontief, Wages, Profit and Prices, Quarterly Journal of Economics 61 (1946); Miller and Blair, Input-Output Analysis
(2009), chapter 2.6. In physical units A is quantity per quantity, v money per quantity and p money per quantity;
columns of A may then sum to more than 1. In money of the base year every price is 1 and results are indices of it.
Costs are passed on in full and quantities do not react, so a price change is an upper bound of what a cost push does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import Labels
from sim.inputoutput.leontief import Leontief, open_system
from sim.inputoutput.vectors import vector

Floats = NDArray[np.float64]


def prices(coefficients: ArrayLike | Leontief, primary: ArrayLike) -> Floats:
    """Prices p' = v' (I - A)^-1 (Miller and Blair 2009, chapter 2.6).

    Args:
        coefficients: (n, n) input per unit of output, physical or money, or the system made of it.
        primary: (n,) primary cost (wages, imports, taxes, profits) per unit of output, or (k, n) kinds of it.

    Returns:
        (n,) prices, or (k, n) what each kind of primary cost contributes to them; the k rows sum to the price.

    Raises:
        ArgumentError: the primary cost does not fit or holds something that is no number.
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    system = open_system(coefficients)
    return system.solve_left(checks.rows(primary, system.size, "primary cost"))


def price_change(coefficients: ArrayLike | Leontief, change: ArrayLike) -> Floats:
    """Price changes from changes of primary cost, dp' = dv' (I - A)^-1: the model is linear.

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        change: (n,) change of primary cost per unit of output, or (k, n) separate changes. Wages a tenth higher are
            ``0.1 * wages / output``.

    Returns:
        Price changes, same shape; in a table in money relative to the base price 1.

    Raises:
        ArgumentError, NotProductiveError: as for :func:`prices`.
    """
    system = open_system(coefficients)
    return system.solve_left(checks.rows(change, system.size, "change of primary cost"))


class GivenPrices(NamedTuple):
    """Prices when some are given from outside.

    Attributes:
        prices: (n,) all prices, the given ones among them.
        margin: (n,) price minus inputs minus primary cost, per unit of output; 0 but for the given products, where it
            is what their makers gain (or lose) by the price that was given.
    """

    prices: Floats
    margin: Floats


def prices_with_given(
    coefficients: ArrayLike, primary: ArrayLike, given: Mapping[int, float], labels: Labels = None
) -> GivenPrices:
    """Prices when those of some products are set from outside, such as world oil or a regulated tariff.

    With K the given products and N the others, p_N' = (p_K' A_KN + v_N') (I - A_NN)^-1; the price side of the mixed
    model of Miller and Blair (2009), chapter 13.2. Only A_NN needs to be productive. The model is linear: give changes
    of primary cost and of prices, and the changes of all prices come back.

    Args:
        coefficients: (n, n) input per unit of output.
        primary: (n,) primary cost per unit of output; that of the given products only enters their margin.
        given: price by position; no entry gives :func:`prices`.
        labels: n names for messages.

    Raises:
        ArgumentError: a shape does not fit, a position lies outside, or something is no number.
        NotProductiveError: the other products cannot be made out of themselves.
    """
    matrix = checks.square(coefficients, "coefficients", labels)
    size = len(matrix)
    cost = vector(primary, size, "primary cost", labels)
    found = np.zeros(size)
    fixed = np.zeros(size, dtype=bool)
    if given:
        places = checks.positions(list(given), size, "given prices")
        fixed[places] = True
        found[places] = checks.numbers([given[int(place)] for place in places], "given price")
    # the given products stay as rows and columns of zeros, so that a refusal counts the others as the caller does
    others = Leontief(np.where(fixed | fixed[:, None], 0.0, matrix), labels)
    push = cost + found @ matrix
    found = np.where(fixed, found, others.solve_left(np.where(fixed, 0.0, push)))
    margin = np.where(fixed, found - found @ matrix - cost, 0.0)
    return GivenPrices(found, margin)


class PricesAndQuantities(NamedTuple):
    """Both sides of one system.

    Attributes:
        prices: (n,) money per unit.
        output: (n,) units.
        primary_cost: v' x, all primary cost.
        final_value: p' f, the value of final demand; the same amount, since v' x = v' L f = p' f.
    """

    prices: Floats
    output: Floats
    primary_cost: float
    final_value: float


def prices_and_quantities(
    coefficients: ArrayLike | Leontief, primary: ArrayLike, final_demand: ArrayLike
) -> PricesAndQuantities:
    """Prices and output from one factorisation, with the two sides of national income (Miller and Blair 2009, ch. 2.6).

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        primary: (n,) primary cost per unit of output.
        final_demand: (n,) units.

    Raises:
        ArgumentError, NotProductiveError: as for :func:`prices`.
    """
    system = open_system(coefficients)
    cost = vector(primary, system.size, "primary cost")
    demand = vector(final_demand, system.size, "final demand")
    found, output = system.solve_left(cost), system.solve(demand)
    return PricesAndQuantities(found, output, float(cost @ output), float(found @ demand))
