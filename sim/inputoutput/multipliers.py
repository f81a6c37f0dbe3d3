"""Multipliers: what one unit of final demand calls for, directly and indirectly, without and with households.

Miller and Blair, Input-Output Analysis (2009), chapters 2.5 and 6. Type I follows purchases between industries. Type II
adds households as one more industry: they sell labour to all and buy what they consume. With A the coefficients, r the
row of household income per unit of output, c the column of consumption per unit of household income and o what
households pay each other per unit of their income, the closed system is [[A, c], [r, o]]. Its inverse is bordered: with
L the open inverse and s = 1 - o - r L c its cells are L + L c r L / s, L c / s, r L / s and 1 / s, so the factors of
the open system serve both.

Names as in Miller and Blair. Output multipliers: *simple* are the column sums of L; *total* those of the closed
inverse, the row of households included; *truncated* leave that row out, so that they count the output of industries
only. Income multipliers: *simple* r L and *total* r L / s, per unit of final demand; divided by r they become the
ratios *type I* and *type II*. In many publications the simple output multipliers are called type I and the truncated
ones type II: compare what is counted, not the name.

Type II holds that households spend every unit of income in the same way, that all of c is paid from r, and that jobs
and wages follow output at once. It is an upper bound, type I a lower one; induced effects lie between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.leontief import (
    Leontief,
    NotProductiveError,
    open_system,
    technical_coefficients,
)
from sim.inputoutput.vectors import scalar

Floats = NDArray[np.float64]

LEAST_LEAK = 1e-13
"""Part of household income that must leave the circle: with less, no digit of a multiplier is left (numerical)."""


def output_multipliers(coefficients: ArrayLike | Leontief) -> Floats:
    """Simple output multipliers, the column sums of the Leontief inverse: (n,) output per unit of final demand.

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it. Domestic coefficients give domestic
            output; coefficients that include imports give output wherever it is made.

    Raises:
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    system = open_system(coefficients)
    return system.solve_left(np.ones(system.size))


def total_content(coefficients: ArrayLike | Leontief, intensity: ArrayLike) -> Floats:
    """What one unit of final demand needs of value added, jobs, energy or anything else, v L.

    The simple multipliers of Miller and Blair (2009), chapter 6.2; with emissions, the total intensity of Leontief,
    Review of Economics and Statistics 52 (1970).

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        intensity: (n,) or (k, n) amount per unit of output; k amounts cost little more than one.

    Returns:
        The amount per unit of final demand for each product, same shape.

    Raises:
        ArgumentError: the intensity does not fit or holds something that is no number.
        ArgumentError, NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    system = open_system(coefficients)
    return system.solve_left(checks.rows(intensity, system.size, "intensity"))


def type_one(coefficients: ArrayLike | Leontief, intensity: ArrayLike) -> Floats:
    """Type I multipliers in ratio form: total content over the direct intensity (Miller and Blair 2009, chapter 6.2).

    Args:
        coefficients: (n, n) input per unit of output, or the system made of it.
        intensity: (n,) or (k, n) amount per unit of output.

    Returns:
        Jobs (or income, energy) in all industries per job in the industry that serves final demand; same shape; nan
        where :func:`ratio` gives it.

    Raises:
        ArgumentError, NotProductiveError: as for :func:`total_content`.
    """
    return ratio(total_content(coefficients, intensity), intensity)


def ratio(content: ArrayLike, intensity: ArrayLike) -> Floats:
    """Content over direct intensity, cell by cell; nan where the intensity is 0.

    An industry without own jobs has no ratio, whatever its suppliers employ: infinity would lead every ranking and 1
    would say that it has no suppliers. Use the content itself to compare such industries. Infinity is left for a ratio
    beyond the largest double, which takes an intensity of hardly more than 0.

    Raises:
        ArgumentError: the shapes differ or a value is no number.
    """
    total, direct = checks.numbers(content, "content"), checks.numbers(intensity, "intensity")
    if total.shape != direct.shape:
        raise ArgumentError(f"content of shape {total.shape} and intensity of shape {direct.shape} must be alike")
    with np.errstate(over="ignore"):
        return np.asarray(np.divide(total, direct, out=np.full(total.shape, np.nan), where=direct != 0.0))


@dataclass(frozen=True, eq=False)
class Households:
    """Households as an industry: its row and its column of the closed system.

    Attributes:
        income: (n,) household income paid by an industry per unit of its output.
        consumption: (n,) product bought by households per unit of household income; domestic products only, if the
            coefficients are domestic.
        own: income paid by households to households (domestic staff) per unit of household income.
    """

    income: Floats
    consumption: Floats
    own: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no vector or no number, and keep arrays of floats."""
        for name in ("income", "consumption"):
            vector = checks.numbers(getattr(self, name), f"household {name}")
            if vector.ndim != 1:
                raise ArgumentError(f"household {name} must be a vector, not of shape {vector.shape}")
            object.__setattr__(self, name, vector)
        if len(self.income) != len(self.consumption):
            raise ArgumentError(
                f"household income has {len(self.income)} entries but consumption {len(self.consumption)}: give one an"
                " industry in both"
            )
        own = checks.numbers(self.own, "household own income")
        if own.ndim != 0:
            raise ArgumentError(f"household own income must be one number, not of shape {own.shape}")
        object.__setattr__(self, "own", float(own))


def households(
    income: ArrayLike,
    consumption: ArrayLike,
    output: ArrayLike,
    *,
    own: float = 0.0,
    total_income: float | None = None,
    labels: Labels = None,
) -> Households:
    """The coefficients of households from the flows of a table.

    What consumption is divided by decides the size of type II multipliers. Miller and Blair (2009, chapter 2.5) use all
    household income, other sources included, because that is the output of the household sector: the default here is
    the income in the table (``income.sum() + own``); give ``total_income`` to count pensions, property income and
    transfers, which makes the multipliers smaller. Dividing by consumption itself says that households save nothing and
    pay no tax. Emonts-Holley, Ross and Swales, Type II Errors in IO Multipliers (University of Strathclyde, 2015),
    compare the choices.

    Args:
        income: (n,) household income (compensation of employees, perhaps mixed income) paid by each industry, money.
        consumption: (n,) consumption by product, same money.
        output: (n,) output of the industries, same money, >= 0.
        own: income paid by households to households, same money.
        total_income: what consumption is divided by, same money, > 0.
        labels: n names for messages.

    Raises:
        ArgumentError: a shape does not fit, a value is no number, an industry pays income without output, or total
            income is not above 0.
    """
    made = checks.numbers(output, "output", labels)
    if made.ndim != 1:
        raise ArgumentError(f"output must be a vector, not of shape {made.shape}")
    size = len(made)
    paid = checks.lines(income, size, "household income", labels)
    bought = checks.lines(consumption, size, "household consumption", labels)
    inside = scalar(own, "household own income")
    earned = float(paid.sum() + inside) if total_income is None else scalar(total_income, "total household income")
    if not earned > 0.0:
        raise ArgumentError(f"total household income is {earned:g}, it must be above 0: name the rows that pay income")
    row = technical_coefficients(paid[None, :], made, labels)[0]
    return Households(row, bought / earned, inside / earned)


def closed(coefficients: ArrayLike, households: Households) -> Floats:
    """The (n + 1, n + 1) coefficients with households as the last industry (Miller and Blair 2009, chapter 2.5).

    Args:
        coefficients: (n, n) input per unit of output.
        households: row and column of n entries.

    Raises:
        ArgumentError: the matrix is not square, holds something that is no number, or does not fit the households.
    """
    matrix = checks.square(coefficients, "coefficients")
    size = len(matrix)
    _refuse_other_size(households, size)
    whole = np.empty((size + 1, size + 1))
    whole[:size, :size] = matrix
    whole[:size, size] = households.consumption
    whole[size, :size] = households.income
    whole[size, size] = households.own
    return whole


class Multipliers(NamedTuple):
    """Type I and type II multipliers per unit of final demand for each product.

    Attributes:
        output_simple: (n,) output of industries, open system.
        output_total: (n,) output of industries and income of households, closed system.
        output_truncated: (n,) output of industries only, closed system.
        income_simple: (n,) household income, open system.
        income_total: (n,) household income, closed system.
        income_type_one: (n,) income_simple over the direct income of the industry; nan where that is 0.
        income_type_two: (n,) income_total over the direct income of the industry; nan where that is 0.
        content_open: what the intensities give in the open system, same shape as they.
        content_closed: the same in the closed system; what households themselves use is not counted.
        circulation: household income for one unit of income from outside, 1 / s; the ratio of total to simple income
            multipliers is this number in every industry (Miller and Blair 2009, chapter 6.2).
    """

    output_simple: Floats
    output_total: Floats
    output_truncated: Floats
    income_simple: Floats
    income_total: Floats
    income_type_one: Floats
    income_type_two: Floats
    content_open: Floats
    content_closed: Floats
    circulation: float


def type_two(
    coefficients: ArrayLike, households: Households, intensity: ArrayLike | None = None, labels: Labels = None
) -> Multipliers:
    """Type I and type II multipliers from one factorisation of the open system (see the head of this module).

    For cells >= 0 the closed system is productive if and only if the open one is and s = 1 - o - r L c is above 0
    (the Schur complement of a nonsingular M-matrix; Berman and Plemmons 1979, chapter 6). If some cell is negative,
    s > 0 is needed but not enough, and the closed matrix is tested by itself.

    Args:
        coefficients: (n, n) input per unit of output.
        households: row and column of n entries, see :func:`households`.
        intensity: (n,) or (k, n) amounts per unit of output whose content is wanted (value added, jobs, energy); None
            gives contents of shape (0, n).
        labels: n names for messages.

    Raises:
        ArgumentError: a shape does not fit or something is no number.
        NotProductiveError: the open system is not productive, or one unit of household income comes back as one unit or
            more.
    """
    matrix = checks.square(coefficients, "coefficients", labels)
    size = len(matrix)
    _refuse_other_size(households, size)
    direct = np.empty((0, size)) if intensity is None else checks.rows(intensity, size, "intensity")
    wanted = np.concatenate([np.ones((1, size)), households.income[None, :], np.atleast_2d(direct)])
    left = Leontief(matrix, labels).solve_left(wanted)
    circulation = _circulation(matrix, households, float(left[1] @ households.consumption), labels)
    closing = np.outer(left @ households.consumption, circulation * left[1])
    closing += left
    output, income, content = left[0], left[1], left[2:].reshape(direct.shape)
    income_total = circulation * income
    return Multipliers(
        output_simple=output,
        output_total=closing[0] + income_total,
        output_truncated=closing[0],
        income_simple=income,
        income_total=income_total,
        income_type_one=ratio(income, households.income),
        income_type_two=ratio(income_total, households.income),
        content_open=content,
        content_closed=closing[2:].reshape(direct.shape),
        circulation=circulation,
    )


def _refuse_other_size(households: Households, size: int) -> None:
    if len(households.income) != size:
        raise ArgumentError(f"households have {len(households.income)} entries but there are {size} industries")


def _circulation(coefficients: Floats, households: Households, respent: float, labels: Labels) -> float:
    """1 / s, if the closed system is productive; ``respent`` is the income r L c that a unit of income brings back."""
    leak = 1.0 - households.own - respent
    if not leak > LEAST_LEAK:
        raise NotProductiveError(
            "the system closed by households is not productive: one unit of household income comes back as"
            f" {households.own + respent:.6g} ({households.own:.6g} from households, {respent:.6g} through industries);"
            " divide consumption by all household income, and check that both are in the same money"
        )
    cells = (coefficients, households.income, households.consumption, np.array([households.own]))
    if any(part.min(initial=0.0) < 0.0 for part in cells):
        names = None if labels is None else [*labels, "households"]
        Leontief(closed(coefficients, households), names)
    return 1.0 / leak
