"""Where a product comes from: its local content in three senses, and the import content of exports.

=============  =====================================================================================================
sense          share of a place
=============  =====================================================================================================
direct         in what the industry buys: one tier of suppliers, as in rules of origin and supplier surveys
output         in all output that one unit of final demand calls for; counts a good again at every stage of the chain
value added    in the value of one unit of final demand, by where it is earned: v_r (I - A)^-1; nothing counts twice
=============  =====================================================================================================

Direct shares overstate a place that assembles what others make, output shares a place of long chains; for the question
who earns the value take the third (Koopman, Wang and Wei, American Economic Review 104, 2014; Los, Timmer and de Vries,
Journal of Regional Science 55, 2015). Import content of exports: Hummels, Ishii and Yi, Journal of International
Economics 54 (2001). Value added and imports may be given as rows of several kinds, which are added up.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.interregional import Regions, regions_of
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.shares import share
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Content:
    """Shares of a unit of each product, by place; n products, R regions.

    Attributes:
        regions: the regions.
        shares: (R, n) share that comes from each region.
        imported: (n,) share from outside the table.
    """

    regions: Regions
    shares: Floats
    imported: Floats

    @property
    def remainder(self) -> Floats:
        """(n,) what neither a region nor imports account for: 1 - their sum; 0 to rounding where the accounts close."""
        return np.asarray(1.0 - self.shares.sum(axis=0) - self.imported)

    def of(self, *names: Hashable) -> Floats:
        """(n,) share that comes from a set of regions.

        Raises:
            ArgumentError: there is no such region, or none is named.
        """
        if not names:
            raise ArgumentError(f"name at least one region: {', '.join(map(str, self.regions.names))}")
        wanted = np.unique([self.regions.index[self.regions.positions(name)[0]] for name in names])
        return np.asarray(self.shares[wanted].sum(axis=0))

    def basket(self, final_demand: ArrayLike) -> Floats:
        """(R + 1,) shares of a basket of products, by region; the last one is imported.

        Args:
            final_demand: (n,) what the basket holds, money.

        Raises:
            ArgumentError: the basket has another length, or adds up to 0.
        """
        amounts = vector(final_demand, self.shares.shape[1], "basket")
        whole = float(totals(amounts))
        if whole == 0.0:
            raise ArgumentError(
                "the basket adds up to 0, so nothing has a share of it: give amounts that do not cancel"
            )
        return np.asarray(np.vstack([self.shares, self.imported]) @ amounts / whole)


def direct_content(
    coefficients: ArrayLike,
    regions: Sequence[Hashable] | NDArray[np.generic],
    imports: ArrayLike | None = None,
    *,
    per_output: bool = False,
) -> Content:
    """Share of each region in what an industry buys.

    Args:
        coefficients: (n, n) input per unit of output.
        regions: the region of each industry.
        imports: (n,) or (k, n) imported input per unit of output; None: no imports.
        per_output: shares of the value of output instead of all inputs; the remainder then is value added.

    Returns:
        The shares; all 0 for an industry that buys nothing.

    Raises:
        ArgumentError: a shape does not fit, or the inputs of an industry are of both signs and cancel.
    """
    matrix, where, foreign = _table(coefficients, regions, imports)
    bought = where.membership @ matrix
    inputs = np.ones(len(matrix)) if per_output else _whole(np.vstack([matrix, foreign]), "inputs of industry")
    return Content(where, share(bought, inputs), share(foreign, inputs))


def output_content(
    coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic], imports: ArrayLike | None = None
) -> Content:
    """Share of each region in all output that one unit of final demand calls for, directly and indirectly.

    Args:
        coefficients: (n, n) input per unit of output.
        regions: the region of each industry.
        imports: (n,) or (k, n) imported input per unit of output, counted once as output abroad, whose own suppliers
            are unknown; None: output in the table only.

    Raises:
        ArgumentError: a shape does not fit, or output called for by a product is of both signs and cancels.
        NotProductiveError: the system is not productive.
    """
    matrix, where, foreign = _table(coefficients, regions, imports)
    called = Leontief(matrix).solve_left(np.vstack([where.membership, foreign]))
    shares = share(called, _whole(called, "output called for by final demand of product"))
    return Content(where, shares[:-1], shares[-1])


def value_added_content(
    coefficients: ArrayLike,
    regions: Sequence[Hashable] | NDArray[np.generic],
    value_added: ArrayLike,
    imports: ArrayLike | None = None,
) -> Content:
    """Share of each region in the value of one unit of final demand: value added there, v_r (I - A)^-1.

    Where inputs, value added and imports add up to output in every industry, the shares of all regions and of imports
    add up to 1 for every product, because (1 - 1'A) (I - A)^-1 = 1'.

    Args:
        coefficients: (n, n) input per unit of output.
        regions: the region of each industry.
        value_added: (n,) or (k, n) value added per unit of output.
        imports: (n,) or (k, n) imported input per unit of output; None: no imports.

    Returns:
        The shares; :attr:`Content.remainder` tells what the accounts leave open.

    Raises:
        ArgumentError: a shape does not fit. NotProductiveError: the system is not productive.
    """
    matrix, where, foreign = _table(coefficients, regions, imports)
    earned = _row(value_added, len(matrix), "value added")
    content = Leontief(matrix).solve_left(np.vstack([where.membership * earned, foreign]))
    return Content(where, content[:-1], content[-1])


@dataclass(frozen=True, eq=False)
class VerticalSpecialisation:
    """Imports used for exports.

    Attributes:
        content: (n,) imports per unit of exports of each product, directly and through domestic suppliers.
        amount: (n,) or (n, m) imports in the exports of each product, money.
        share: import content of all exports, 0 to 1; (m,) for m destinations.
    """

    content: Floats
    amount: Floats
    share: Floats


def vertical_specialisation(domestic: ArrayLike, imports: ArrayLike, exports: ArrayLike) -> VerticalSpecialisation:
    """Import content of exports or of any other final demand: m (I - A)^-1 e (Hummels, Ishii and Yi 2001, VS).

    Args:
        domestic: (n, n) domestic input per unit of output.
        imports: (n,) or (k, n) imported input per unit of output; that of all products is added up.
        exports: (n,) or (n, m) exports by destination, money.

    Raises:
        ArgumentError: exports, or those to one destination, add up to 0, or a shape does not fit.
        NotProductiveError: the system is not productive.
    """
    matrix = checks.square(domestic, "domestic coefficients")
    sold = checks.lines(exports, len(matrix), "exports")
    if sold.ndim > 2:
        raise ArgumentError(
            f"exports must be a vector or a matrix, products by destinations, not of shape {sold.shape}"
        )
    whole = totals(sold, axis=0)
    if np.any(whole == 0.0):
        which = "exports" if sold.ndim == 1 else f"exports in column {int((whole == 0.0).argmax())}"
        raise ArgumentError(f"{which} add up to 0: they have no import content")
    content = Leontief(matrix).solve_left(_row(imports, len(matrix), "imports"))
    amount = np.asarray((content * sold.T).T)
    return VerticalSpecialisation(content, amount, np.asarray(amount.sum(axis=0) / whole))


def _table(
    coefficients: ArrayLike, regions: Sequence[Hashable] | NDArray[np.generic], imports: ArrayLike | None
) -> tuple[Floats, Regions, Floats]:
    matrix = checks.square(coefficients, "coefficients")
    foreign = np.zeros(len(matrix)) if imports is None else _row(imports, len(matrix), "imports")
    return matrix, regions_of(regions, len(matrix)), foreign


def _row(values: ArrayLike, size: int, what: str) -> Floats:
    """One row of n numbers, the sum of those given."""
    return np.asarray(np.atleast_2d(checks.rows(values, size, what)).sum(axis=0))


def _whole(parts: Floats, what: str) -> Floats:
    """(n,) column sums, 0 only where there is nothing."""
    found = totals(parts, axis=0)
    lost = (found == 0.0) & (parts != 0.0).any(axis=0)
    if lost.any():
        raise ArgumentError(f"{what} {int(lost.argmax())} are of both signs and add up to 0: they have no shares")
    return found
