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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, sparse
from scipy.sparse import csgraph

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.vectors import vector

Floats = NDArray[np.float64]

WORST_CONDITION = 1e12
"""Capital matrices that lose more digits than this when they are inverted count as singular (numerical)."""

TIE = 1e-12
"""Parts of an economy whose roots differ by less than this share of them grow at the same rate (numerical)."""

MOST_ROUNDS = 60
"""Rounds of the iteration for a root, which doubles the digits in each; then all eigenvalues are found (numerical)."""

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
    households belongs into A. An economy may fall into parts that do not need each other. The one that grows slowest
    sets the rate, its suppliers are in proportion to it, and what it does not need has the share 0. Proportions need
    not be unique: where several such parts grow at the same rate, as twin regions do, any mixture of them is balanced,
    and here each of them (with its suppliers) weighs the same. The units of products do not matter.

    Args:
        coefficients: (n, n) input per unit of output.
        capital: (n, n) stock of product i per unit of capacity of industry j, >= 0.
        depreciation: share of the stock that wears out in a period; a number or (n,) by industry that uses it.
        labels: n names for messages.

    Returns:
        The rate and proportions; a share below 0 by less than :data:`NEGATIVE` of the largest is rounding and given as
        0. Without negative coefficients the cost is that of some ten solutions, otherwise that of all eigenvalues.

    Raises:
        ArgumentError: a shape does not fit, capital is negative, or nothing limits growth, because no product is needed
            as capital for itself, directly or indirectly; or negative coefficients leave no positive proportions.
        NotProductiveError: inputs and replacement leave nothing to invest.
    """
    matrix, stock, worn = _model(coefficients, capital, depreciation, labels)
    required = Leontief(matrix + stock * worn, labels).solve(stock)
    links = sparse.csr_matrix((matrix != 0.0) | (stock != 0.0))
    _, part = csgraph.connected_components(links, connection="strong")
    # a part that ties up none of its own products as capital limits nothing, whatever rounding leaves of its root
    binding = np.unique(part[(stock * (part[:, None] == part)).any(axis=0)])
    roots = {}
    for k in binding.tolist():
        inside = np.flatnonzero(part == k)
        block = required[np.ix_(inside, inside)]
        signed = bool((matrix[np.ix_(inside, inside)] < 0.0).any())
        roots[k] = _eigenpair(block) if signed else _perron(np.maximum(block, 0.0))
    root = max((found for found, _ in roots.values()), key=lambda value: value.real, default=0.0 + 0.0j)
    if not root.real > 0.0:
        raise ArgumentError(
            "nothing limits growth: no product needs itself as capital, directly or indirectly; fill the capital matrix"
        )
    slowest = {k: own for k, (found, own) in roots.items() if found.real >= (1.0 - TIE) * root.real}
    shares = _proportions(required, links, part, root.real, slowest)
    if root.imag != 0.0 or shares.min() < -NEGATIVE * shares.max():
        raise ArgumentError("no balanced growth: negative coefficients leave no path on which all outputs are positive")
    shares = np.maximum(shares, 0.0)
    return BalancedGrowth(float(1.0 / root.real), shares / shares.sum())


def _proportions(
    required: Floats, links: sparse.csr_matrix, part: NDArray[np.int32], root: float, slowest: Mapping[int, Floats]
) -> Floats:
    """Proportions of the parts that grow slowest and of all that supplies them.

    A part has finite suppliers only if all of them could grow faster (Frobenius; Berman and Plemmons, Nonnegative
    Matrices in the Mathematical Sciences, 1979, chapter 2); of parts at the same rate, one that supplies the others
    limits them. There is always one that no other supplies.
    """
    found = np.zeros(len(part))
    buyers_to_sellers = links.T.tocsr()
    for k, own in slowest.items():
        inside = np.flatnonzero(part == k)
        reached = csgraph.breadth_first_order(buyers_to_sellers, inside[0], return_predecessors=False)
        sellers = reached[part[reached] != k]
        if np.isin(part[sellers], list(slowest)).any():
            continue
        system = root * np.eye(len(sellers)) - required[np.ix_(sellers, sellers)]
        mixture = np.zeros(len(part))
        mixture[inside] = own
        mixture[sellers] = np.linalg.solve(system, required[np.ix_(sellers, inside)] @ own)
        found += mixture / np.abs(mixture).sum()
    return found


def _perron(block: Floats) -> tuple[complex, Floats]:
    """Root and positive vector of a matrix >= 0 that does not fall into parts (Noda, Numerische Mathematik 17, 1971).

    Inverse iteration from above: the largest ratio of M v to v is no less than the root, so the next vector is
    positive; it converges quadratically, also where other eigenvalues have the same absolute value.
    """
    balanced, (scale, _) = linalg.matrix_balance(block, permute=False, separate=True)
    size, last = len(block), np.inf
    guess = np.ones(size)
    for _ in range(MOST_ROUNDS):
        ratios = balanced @ guess / guess
        upper = float(ratios.max())
        if upper - ratios.min() <= 4.0 * size * np.finfo(np.float64).eps * upper:
            return complex((balanced @ guess).sum() / guess.sum()), guess * scale
        if not upper < last:
            break
        last = upper
        # just above the bound, so that the system is not singular
        guess = np.asarray(np.linalg.solve((1.0 + 1e-15) * upper * np.eye(size) - balanced, guess), dtype=np.float64)
        guess = guess / guess[np.argmax(np.abs(guess))]
        if not guess.min() > 0.0:
            break
    return _eigenpair(block)


def _eigenpair(block: Floats) -> tuple[complex, Floats]:
    """The eigenvalue with the largest real part and the real part of its vector, its largest entry 1."""
    balanced, (scale, _) = linalg.matrix_balance(block, permute=False, separate=True)
    values, vectors = np.linalg.eig(balanced)
    dominant = int(np.argmax(values.real))
    own = vectors[:, dominant].real * scale
    return complex(values[dominant]), own / own[np.argmax(np.abs(own))]


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
    surplus = made - (matrix + stock * worn) @ made - vector(final_demand, len(matrix), "final demand", labels)
    # units of products stretch rows, those of capacity columns: only what is left beside them makes capital singular
    by_row = np.abs(stock).max(axis=1, initial=0.0)
    scaled = stock / np.where(by_row == 0.0, 1.0, by_row)[:, None]
    by_column = scaled.max(axis=0, initial=0.0)
    scaled = scaled / np.where(by_column == 0.0, 1.0, by_column)
    if not np.linalg.cond(scaled) < WORST_CONDITION:
        raise ArgumentError(
            "capital is singular, as it is wherever a product is no capital good: the next output does not follow from"
            " this one; use capacity_step"
        )
    return np.asarray(made + np.linalg.solve(scaled, surplus / by_row) / by_column)


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
    demand = vector(final_demand, system.size, "final demand", labels)
    kept = (1.0 - worn) * most
    wanted = np.maximum(vector(planned, system.size, "planned output", labels) - kept, 0.0)
    goods = stock @ wanted
    for_final, for_investment = system.solve(np.column_stack([demand, goods])).T
    final_share, investment_share = _shares(most, for_final, for_investment, priority)
    output = final_share * for_final + investment_share * for_investment
    _refuse_negative(output, demand, labels)
    return CapacityStep(
        output,
        final_share * demand,
        investment_share * goods,
        investment_share * wanted,
        kept + investment_share * wanted,
        final_share,
        investment_share,
    )


def _refuse_negative(output: Floats, demand: Floats, labels: Labels) -> None:
    if (output < -NEGATIVE * np.abs(output).max(initial=0.0)).any():
        worst = int(output.argmin())
        raise ArgumentError(
            f"output of industry {checks.name(labels, worst)} would be {output[worst]:g}: final demand of"
            f" {demand[worst]:g} is below what others take off its hands; book imports apart"
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
