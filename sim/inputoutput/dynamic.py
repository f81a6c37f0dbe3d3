"""The dynamic model, in which output needs capital: balanced growth, the forward recursion, and the capacity rule.

x_t = A x_t + K (x_{t+1} - x_t) + c_t (Leontief, Studies in the Structure of the American Economy, 1953; Leontief, in
Contributions to Input-Output Analysis, 1970; Miller and Blair, Input-Output Analysis, 2009, chapter 13). K is the stock
of product i that one unit of capacity of industry j ties up; with output per year it is in years. Growth rates are per
period: x_{t+1} = (1 + g) x_t.

The recursion forward in time is right for one step only. It inverts K, which magnifies every deviation from the
balanced proportions until outputs turn negative (Dorfman, Samuelson and Solow, Linear Programming and Economic
Analysis, 1958, chapter 11), and K is singular wherever a product is no capital good. To simulate, use
:func:`capacity_step`: capacity is built ahead of planned output, never torn down, and limits output (Duchin and Szyld,
Metroeconomica 37, 1985).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.leontief import Leontief

Floats = NDArray[np.float64]

WORST_CONDITION = 1e12
"""Capital matrices that lose more digits than this when they are inverted count as singular (numerical)."""

NEGATIVE = 1e-9
"""Output below zero by less than this share of the largest output is rounding."""


@dataclass(frozen=True, eq=False)
class BalancedGrowth:
    """Growth at one rate in constant proportions, all surplus invested.

    Attributes:
        rate: growth per period, g; every product grows by it.
        shares: (n,) proportions of output, with sum 1.
    """

    rate: float
    shares: Floats


def balanced_growth(
    coefficients: ArrayLike, capital: ArrayLike, depreciation: ArrayLike = 0.0, labels: Labels = None
) -> BalancedGrowth:
    """The fastest growth that a closed economy can keep up: x = A x + K (g + d) x without other final demand.

    1 / g is the dominant eigenvalue of (I - A - K d)^-1 K, with its proportions; K may be singular. Consumption by
    households belongs into A.

    Args:
        coefficients: (n, n) input per unit of output.
        capital: (n, n) stock of product i per unit of capacity of industry j, >= 0.
        depreciation: share of the stock that wears out in a period; a number or (n,) by industry that uses it.
        labels: n names for messages.

    Raises:
        ArgumentError: a shape does not fit, capital is negative, or nothing limits growth, because no product is needed
            as capital for itself, directly or indirectly.
        NotProductiveError: inputs and replacement leave nothing to invest.
    """
    matrix, stock, worn = _model(coefficients, capital, depreciation, labels)
    required = Leontief(matrix + stock * worn, labels).solve(stock)
    values, vectors = np.linalg.eig(required)
    dominant = int(np.argmax(values.real))
    root, proportions = values[dominant], vectors[:, dominant].real
    if root.real <= 1e-12 * max(float(np.abs(required).max(initial=0.0)), np.finfo(float).tiny):
        raise ArgumentError(
            "nothing limits growth: no product needs itself as capital, directly or indirectly; fill the capital matrix"
        )
    proportions = proportions / proportions[np.argmax(np.abs(proportions))]
    if root.imag != 0.0 or proportions.min() < -NEGATIVE:
        raise ArgumentError("no balanced growth: negative coefficients leave no path on which all outputs are positive")
    return BalancedGrowth(float(1.0 / root.real), proportions / proportions.sum())


def path_output(
    coefficients: ArrayLike,
    capital: ArrayLike,
    final_demand: ArrayLike,
    rate: float,
    depreciation: ArrayLike = 0.0,
    labels: Labels = None,
) -> Floats:
    """Output on the path on which final demand and everything else grows at one rate: (I - A - K (g + d))^-1 c.

    Args:
        coefficients: (n, n) input per unit of output.
        capital: (n, n) stock of product i per unit of capacity of industry j, >= 0.
        final_demand: (n,) final demand without investment, money a period.
        rate: growth per period, below that of balanced growth.
        depreciation: share of the stock that wears out in a period; a number or (n,).
        labels: n names for messages.

    Returns:
        (n,) output of the same period.

    Raises:
        NotProductiveError: the rate is not below that of balanced growth.
    """
    matrix, stock, worn = _model(coefficients, capital, depreciation, labels)
    return Leontief(matrix + stock * (rate + worn), labels).solve(final_demand)


def forward_step(
    coefficients: ArrayLike,
    capital: ArrayLike,
    output: ArrayLike,
    final_demand: ArrayLike,
    depreciation: ArrayLike = 0.0,
    labels: Labels = None,
) -> Floats:
    """Output of the next period in the pure form, x + K^-1 ((I - A - K d) x - c). One step only: see the module.

    Args:
        coefficients: (n, n) input per unit of output.
        capital: (n, n) stock of product i per unit of capacity of industry j, >= 0, not singular.
        output: (n,) output of this period, money; all capacity is used.
        final_demand: (n,) final demand of this period without investment.
        depreciation: share of the stock that wears out in a period; a number or (n,).
        labels: n names for messages.

    Returns:
        (n,) output of the next period; negative off the balanced path.

    Raises:
        ArgumentError: a shape does not fit, or capital is singular.
    """
    matrix, stock, worn = _model(coefficients, capital, depreciation, labels)
    made = checks.output(output, len(matrix), labels)
    surplus = made - (matrix + stock * worn) @ made - checks.lines(final_demand, len(matrix), "final demand", labels)
    if not np.linalg.cond(stock) < WORST_CONDITION:
        raise ArgumentError(
            "capital is singular, as it is wherever a product is no capital good: the next output does not follow from"
            " this one; use capacity_step"
        )
    return np.asarray(made + np.linalg.solve(stock, surplus))


@dataclass(frozen=True, eq=False)
class CapacityStep:
    """One period under the capacity rule.

    Attributes:
        output: (n,) output, at most capacity.
        final_demand: (n,) final demand delivered.
        investment: (n,) capital goods delivered, by product.
        expansion: (n,) capacity built, by industry, replacement included.
        capacity: (n,) capacity of the next period.
        final_share: delivered share of final demand, 0 to 1.
        investment_share: delivered share of the investment that was wanted, 0 to 1.
    """

    output: Floats
    final_demand: Floats
    investment: Floats
    expansion: Floats
    capacity: Floats
    final_share: float
    investment_share: float


def capacity_step(
    coefficients: ArrayLike | Leontief,
    capital: ArrayLike,
    capacity: ArrayLike,
    final_demand: ArrayLike,
    planned: ArrayLike,
    depreciation: ArrayLike = 0.0,
    priority: Literal["none", "final demand", "investment"] = "none",
    labels: Labels = None,
) -> CapacityStep:
    """One period in which capacity limits output and is built for planned output (after Duchin and Szyld 1985).

    Each industry wants the capacity by which planned output exceeds what will be left of present capacity, and never
    negative investment. Where capacity does not suffice, deliveries are cut by one share, that of the industry most
    short of it: final demand and investment alike, or first the one without priority. With final demand first, a
    shortage of capacity to make capital goods feeds on itself; with none or investment first it is made good in time.
    (Duchin and Szyld let capacity yield instead, so that output is always what is demanded.)

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it, to save its factors for many periods.
        capital: (n, n) stock of product i per unit of capacity of industry j, >= 0.
        capacity: (n,) largest output of this period, money, >= 0.
        final_demand: (n,) final demand without investment.
        planned: (n,) output that each industry plans for the next period.
        depreciation: share of capacity that wears out in a period, 0 to 1; a number or (n,).
        priority: what is served first where capacity is short.
        labels: n names for messages.

    Raises:
        ArgumentError: a shape does not fit, capacity or capital is negative, or final demand has so large negative
            cells that an output would be.
        NotProductiveError: the system is not productive.
    """
    system = coefficients if isinstance(coefficients, Leontief) else Leontief(coefficients, labels)
    stock, worn = _capital(capital, depreciation, system.size, labels)
    most = checks.output(capacity, system.size, labels)
    demand = checks.lines(final_demand, system.size, "final demand", labels)
    kept = (1.0 - worn) * most
    wanted = np.maximum(checks.lines(planned, system.size, "planned output", labels) - kept, 0.0)
    goods = stock @ wanted
    for_final, for_investment = system.solve(np.column_stack([demand, goods])).T
    final_share, investment_share = _shares(most, for_final, for_investment, priority)
    output = final_share * for_final + investment_share * for_investment
    if (output < -NEGATIVE * np.abs(output).max(initial=0.0)).any():
        worst = int(output.argmin())
        raise ArgumentError(
            f"output of industry {checks.name(labels, worst)} would be {output[worst]:g}: final demand of"
            f" {demand[worst]:g} is below what others take off its hands; book imports apart"
        )
    return CapacityStep(
        output,
        final_share * demand,
        investment_share * goods,
        investment_share * wanted,
        kept + investment_share * wanted,
        final_share,
        investment_share,
    )


def _shares(room: Floats, for_final: Floats, for_investment: Floats, priority: str) -> tuple[float, float]:
    """Shares of final demand and of investment that capacity allows."""
    if priority == "none":
        share = _served(room, for_final + for_investment)
        return share, share
    if priority == "final demand":
        share = _served(room, for_final)
        return share, _served(room - share * for_final, for_investment)
    if priority == "investment":
        share = _served(room, for_investment)
        return _served(room - share * for_investment, for_final), share
    raise ArgumentError(f"priority is {priority!r}: choose none, final demand or investment")


def _served(room: Floats, needed: Floats) -> float:
    """The largest share, at most 1, of the needed outputs that the room allows."""
    short = (needed > room) & (needed > 0.0)
    if not short.any():
        return 1.0
    return max(0.0, float((room[short] / needed[short]).min()))


def _model(
    coefficients: ArrayLike, capital: ArrayLike, depreciation: ArrayLike, labels: Labels
) -> tuple[Floats, Floats, Floats]:
    matrix = checks.square(coefficients, "coefficients", labels)
    return matrix, *_capital(capital, depreciation, len(matrix), labels)


def _capital(capital: ArrayLike, depreciation: ArrayLike, size: int, labels: Labels) -> tuple[Floats, Floats]:
    """The capital matrix and depreciation by industry, checked."""
    stock = checks.square(capital, "capital", labels)
    worn = checks.numbers(depreciation, "depreciation", labels)
    if len(stock) != size or worn.shape not in ((), (size,)):
        shapes = f"not of shapes {stock.shape} and {worn.shape}"
        raise ArgumentError(f"capital must be ({size}, {size}) and depreciation a number or ({size},), {shapes}")
    if (stock < 0.0).any():
        row, column = (int(i) for i in np.argwhere(stock < 0.0)[0])
        place = f"row {checks.name(labels, row)}, column {checks.name(labels, column)}"
        raise ArgumentError(f"capital in {place} is {stock[row, column]:g}: a stock is not negative")
    if ((worn < 0.0) | (worn > 1.0)).any():
        raise ArgumentError(f"depreciation is a share of the stock in 0 to 1, not {worn.tolist()}")
    return stock, np.broadcast_to(worn, (size,))
