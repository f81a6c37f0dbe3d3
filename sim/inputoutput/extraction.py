"""Hypothetical extraction: how much output is lost when industries, regions or one firm are taken out of the system.

Strassert, Jahrbücher für Nationalökonomie und Statistik 182 (1968); Cella, Oxford Bulletin of Economics and Statistics
46 (1984); Dietzenbacher, van der Linden and Steenge, Economic Systems Research 5 (1993), for regions; Dietzenbacher and
van der Linden, Journal of Regional Science 37 (1997); Miller and Lahr, in Regional Science Perspectives (2001); Miller
and Blair, Input-Output Analysis (2009), chapter 12. What is taken out is replaced by imports: the loss measures how
much a system hangs on a part, and forecasts nothing.

=============  ============================================  ==========================================================
kind           taken out                                     with ``keep_internal``
=============  ============================================  ==========================================================
``total``      the selection's rows and columns of A and     its flows with the rest, both ways; flows inside it and
               its final demand: it makes nothing            its final demand stay (Cella 1984)
``backward``   its columns of A: it buys no domestic input,  its purchases from the rest; purchases inside it stay
               not even from itself, and still produces
``forward``    its rows of B, value added held (Ghosh side)  its sales to the rest; sales inside it stay
=============  ============================================  ==========================================================

Rows are taken out on the Ghosh side only, ``forward``. To take rows out of A with final demand kept, which some also
call forward extraction, is not offered. :func:`linkage_loss` splits the total loss in Cella's way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError, Labels
from sim.inputoutput.ghosh import ghosh_system
from sim.inputoutput.leontief import Leontief, NotProductiveError, allocation_coefficients, technical_coefficients
from sim.inputoutput.vectors import scalar, vector

Floats = NDArray[np.float64]

Kind = Literal["total", "backward", "forward"]

ROUNDING = 1e-12
"""What remains of a cell below this share of it, after a firm is set apart, is the rounding of a difference: 0."""


@dataclass(frozen=True, eq=False)
class Extraction:
    """Loss of output from one extraction.

    Attributes:
        selection: positions of the industries taken out.
        loss: (n,) output with the selection less output without it, money.
    """

    selection: NDArray[np.int64]
    loss: Floats

    @property
    def total(self) -> float:
        """Loss of all industries."""
        return float(self.loss.sum())

    @property
    def outside(self) -> float:
        """Loss of the industries that were not taken out."""
        return float(np.delete(self.loss, self.selection).sum())


@dataclass(frozen=True, eq=False)
class SingleExtractions:
    """Losses of output from taking out each industry alone.

    Attributes:
        loss: (n, n) loss of industry i, row, when industry k, column, is taken out; money.
    """

    loss: Floats

    @property
    def total(self) -> Floats:
        """(n,) loss of all industries when industry k is taken out."""
        return np.asarray(self.loss.sum(axis=0))

    @property
    def outside(self) -> Floats:
        """(n,) loss of the other industries."""
        return np.asarray(self.total - np.diag(self.loss))


def extract(
    flows: ArrayLike,
    output: ArrayLike,
    selection: ArrayLike,
    kind: Kind = "total",
    share: float = 1.0,
    *,
    keep_internal: bool = False,
    labels: Labels = None,
) -> Extraction:
    """Take an industry, a region, an industry of a region or any other set out of the system.

    A partial extraction (Dietzenbacher and Lahr, Economic Systems Research 25, 2013) takes a share of the same cells.
    For ``total`` that is a share of the deliveries, rows of A and final demand; inputs per unit of output stay as they
    are, so that the loss is that of a firm with the industry's structure and this share of it. (To scale its columns
    as well would count the smaller output and the smaller coefficients.) With ``keep_internal``, rows and columns.

    Args:
        flows: (n, n) domestic flows between industries, money.
        output: (n,) output, same money, >= 0; final demand and value added are what the flows leave of it.
        selection: positions, or a mask of n; a region is the mask of its industries.
        kind: see the table of this module.
        share: what part is taken out, 0 to 1.
        keep_internal: leave the flows inside the selection in place, see the table.
        labels: n names for messages.

    Returns:
        The loss by industry; not negative where flows are not.

    Raises:
        ArgumentError: a shape, a selection, a kind or a share without meaning, or flows without output.
        NotProductiveError: what is left is not productive.
    """
    cells, made, coefficients = _table(flows, output, kind, labels)
    chosen = checks.positions(selection, len(made), "selection")
    part = _share(share)
    if kind == "total" and part == 1.0 and not keep_internal:
        return Extraction(chosen, _loss_without(cells, made, coefficients, chosen, labels))
    cut = np.zeros(cells.shape)
    if kind != "total" or keep_internal:
        cut[:, chosen] = part
    if kind == "total":
        cut[chosen] = part
    if keep_internal:
        cut[np.ix_(chosen, chosen)] = 0.0
    # x = A x + f and x' = A' x' + f' give (I - A')(x - x') = (A - A') x + (f - f'): the deliveries no longer made.
    removed = (cut * cells).sum(axis=1)
    if kind == "total" and not keep_internal:
        removed[chosen] = part * made[chosen]
    return Extraction(chosen, _solve(coefficients * (1.0 - cut), removed, kind, labels))


def extract_each(
    flows: ArrayLike,
    output: ArrayLike,
    kind: Kind = "total",
    share: float = 1.0,
    *,
    keep_internal: bool = False,
    labels: Labels = None,
) -> SingleExtractions:
    """Take out every industry in turn, at the cost of one inverse.

    Each extraction changes A by a matrix of rank one (rank two with ``total`` and ``keep_internal``), so the inverse of
    what is left follows from L (Sherman and Morrison, Annals of Mathematical Statistics 21, 1950). In full extraction
    the total loss is sum_i l_ik x_k / l_kk; the backward loss is less by x_k / l_kk, what the industry still delivers.

    That holds where all that may be left is productive, as it is if the system of the absolute values of A is. With
    negative cells so large that it is not, every industry is taken out by :func:`extract`, which tests what is left, at
    the cost of n factorisations and up to n sets of eigenvalues.

    Arguments and errors are those of :func:`extract`.

    Returns:
        Losses by industry, row, and by extracted industry, column.
    """
    cells, made, coefficients = _table(flows, output, kind, labels)
    part, inverse = _share(share), _solve(coefficients, np.eye(len(made)), kind, labels)
    if not _productive_whatever_is_left(coefficients):
        return SingleExtractions(_one_by_one(flows, made, kind, part, keep_internal, labels))
    own = np.diag(coefficients) if keep_internal else np.zeros(len(made))
    if kind == "total" and not keep_internal:
        return SingleExtractions(part * inverse * (made / (1.0 - part + part * np.diag(inverse))))
    # total requirements of the purchases taken out, per unit of output of the buyer
    bought = part * ((1.0 - own) * inverse - np.eye(len(made)))
    grown = 1.0 + np.diag(bought)
    if kind != "total":
        return SingleExtractions(bought * (made / grown))
    sold = part * (cells.sum(axis=1) - np.diag(cells))
    back = part * (1.0 - own) * np.diag(bought)
    scale = grown**2 - np.diag(inverse) * back
    purchases, sales = (grown * made - np.diag(inverse) * sold) / scale, (grown * sold - back * made) / scale
    return SingleExtractions(bought * purchases + inverse * sales)


def _productive_whatever_is_left(coefficients: Floats) -> bool:
    """Whether every system made by scaling cells of a productive one down is productive."""
    if (coefficients >= 0.0).all():
        return True
    try:
        Leontief(np.abs(coefficients))
    except NotProductiveError:
        return False
    return True


def _one_by_one(
    flows: ArrayLike, made: Floats, kind: Kind, share: float, keep_internal: bool, labels: Labels
) -> Floats:
    """(n, n) losses, one extraction after the other."""
    losses = np.zeros((len(made), len(made)))
    for k in range(len(made)):
        try:
            losses[:, k] = extract(flows, made, k, kind, share, keep_internal=keep_internal, labels=labels).loss
        except NotProductiveError as error:
            raise NotProductiveError(f"without industry {checks.name(labels, k)}: {error}") from None
    return losses


class LinkageLoss(NamedTuple):
    """The total loss of Cella in its two parts.

    Attributes:
        backward: (n,) loss of output that final demand for the selection had called for: its purchases from the rest.
        forward: (n,) loss of output that final demand for the rest had called for: its sales to the rest.
    """

    backward: Floats
    forward: Floats


def linkage_loss(flows: ArrayLike, output: ArrayLike, selection: ArrayLike, labels: Labels = None) -> LinkageLoss:
    """The loss when the flows between selection and rest are cut, by whose final demand had caused it (Cella 1984).

    Both parts add up to ``extract(..., "total", keep_internal=True)``. Cella calls the part of f_j backward and that of
    f_r forward linkage. Clements (Economics Letters 33, 1990) counts output of the rest for its own final demand that
    passes the selection, in Cella's forward part, as backward; that variant is not offered.

    Args:
        flows: (n, n) domestic flows between industries, money.
        output: (n,) output, same money, >= 0; final demand is what the flows leave of it.
        selection: positions, or a mask of n.
        labels: n names for messages.

    Raises:
        ArgumentError, NotProductiveError: as for :func:`extract`.
    """
    cells, made, coefficients = _table(flows, output, "total", labels)
    inside = np.zeros(len(made), dtype=bool)
    inside[checks.positions(selection, len(made), "selection")] = True
    between = np.where(inside[:, None] == inside, 0.0, coefficients)
    final = made - cells.sum(axis=1)
    causes = np.column_stack([np.where(inside, final, 0.0), np.where(inside, 0.0, final)])
    removed = between @ Leontief(coefficients, labels).solve(causes)
    return LinkageLoss(*Leontief(coefficients - between, labels).solve(removed).T)


def _table(flows: ArrayLike, output: ArrayLike, kind: str, labels: Labels) -> tuple[Floats, Floats, Floats]:
    """Flows, output and coefficients; transposed for ``forward``, which is ``backward`` on the Ghosh side."""
    if kind not in get_args(Kind):
        raise ArgumentError(f"kind of extraction: {kind!r}, choose one of {', '.join(get_args(Kind))}")
    cells = checks.square(flows, "flows", labels)
    made = checks.output(output, len(cells), labels)
    if kind == "forward":
        return cells.T, made, allocation_coefficients(cells, made, labels).T
    return cells, made, technical_coefficients(cells, made, labels)


def _solve(coefficients: Floats, right: Floats, kind: str, labels: Labels) -> Floats:
    """(I - A)^-1 times the right-hand sides; for ``forward`` A is B', and a refusal speaks of sales, not purchases."""
    if kind == "forward":
        return ghosh_system(coefficients.T, labels).solve_left(right.T).T
    return Leontief(coefficients, labels).solve(right)


def _share(share: float) -> float:
    part = scalar(share, "share of the selection to take out")
    if not 0.0 <= part <= 1.0:
        raise ArgumentError(f"share of the selection to take out is {part:g}: it must lie in 0 to 1")
    return part


def _loss_without(
    cells: Floats, made: Floats, coefficients: Floats, chosen: NDArray[np.int64], labels: Labels
) -> Floats:
    """Loss when the chosen make nothing: the rest is a system of its own, which loses its sales to them.

    The chosen stay as rows and columns of zeros, so that a refusal counts the rest as the caller does.
    """
    gone = np.zeros(len(made), dtype=bool)
    gone[chosen] = True
    rest = np.where(gone | gone[:, None], 0.0, coefficients)
    sales = np.where(gone, 0.0, cells[:, gone].sum(axis=1))
    return np.where(gone, made, Leontief(rest, labels).solve(sales))


# --- one firm ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FirmTable:
    """A table in which one firm has its own row and column, the last; the industry holds the other firms.

    Attributes:
        flows: (n + 1, n + 1).
        final: (n + 1,) or (n + 1, m) final demand.
        output: (n + 1,).
        industry: position of the industry from which the firm was taken.
    """

    flows: Floats
    final: Floats
    output: Floats
    industry: int

    @property
    def firm(self) -> int:
        """Position of the firm."""
        return len(self.output) - 1

    def merged(self) -> tuple[Floats, Floats, Floats]:
        """Flows, final demand and output of n industries, the firm added back to its own."""
        flows, final, output = (array[:-1].copy() for array in (self.flows, self.final, self.output))
        for array, whole in ((flows, self.flows), (final, self.final), (output, self.output)):
            array[self.industry] += whole[-1]
        flows[:, self.industry] += flows[:, -1]
        return flows[:, :-1], final, output


def set_apart(
    flows: ArrayLike,
    final: ArrayLike,
    output: ArrayLike,
    industry: int,
    firm_purchases: ArrayLike,
    firm_sales: ArrayLike,
    firm_final: ArrayLike,
    firm_output: float | None = None,
    firm_own_use: float = 0.0,
    *,
    stock_changes: ArrayLike | None = None,
    labels: Labels = None,
) -> FirmTable:
    """Give one firm its own row and column; with the other firms of its industry it adds up to the table as it was.

    Extraction of row n of the result is extraction of the firm; where the industry consists of this firm alone, it is
    the extraction of the industry. (A new sector in a table: Wolsky, Review of Economics and Statistics 66, 1984.)

    Args:
        flows: (n, n) flows between industries, money.
        final: (n,) or (n, m) final demand.
        output: (n,) output, >= 0.
        industry: position of the firm's industry.
        firm_purchases: (n,) what the firm buys of each industry; of its own industry, from other firms.
        firm_sales: (n,) what the firm sells to each industry; to its own industry, to other firms.
        firm_final: what the firm sells to final demand: one number, or (m,).
        firm_output: output of the firm; None: the sum of its sales.
        firm_own_use: what the firm delivers to itself, if the table counts it.
        stock_changes: positions or mask of columns of final demand that are net of gains and losses; there the firm
            may have more than the cell.
        labels: n names for messages.

    Returns:
        The table of n + 1 industries. What remains of a cell is 0 when it is below :data:`ROUNDING` of the cell.

    Raises:
        ArgumentError: the firm has more than a cell of its industry; its sales do not add up to its
            output; a shape does not fit. The message names the cell.
    """
    cells = checks.square(flows, "flows", labels)
    size = len(cells)
    made = checks.output(output, size, labels)
    demand = checks.lines(final, size, "final demand", labels)
    place = int(checks.positions(industry, size, "industry of the firm")[0])
    buys = vector(firm_purchases, size, "firm purchases", labels)
    sells = vector(firm_sales, size, "firm sales", labels)
    own, ends = scalar(firm_own_use, "firm own use"), checks.numbers(firm_final, "firm final demand")
    if ends.shape != demand.shape[1:]:
        raise ArgumentError(
            f"firm final demand has the shape {ends.shape}, not that of a row of final demand, {demand.shape[1:]}"
        )
    firm_made = _firm_output(firm_output, float(sells.sum() + own + ends.sum()))
    where = checks.name(labels, place)
    rest, others = demand.copy(), made.copy()
    rest[place] = _rest(
        demand[place], ends, _bounded(ends, stock_changes), f"final demand of row {where}, column", None
    )
    others[place] = _rest(np.asarray(made[place]), np.asarray(firm_made), np.asarray(True), f"output of {where}", None)
    taken = _taken(place, buys, sells, own)
    inner = _rest(cells, taken, np.full(cells.shape, True), "flows of row", labels)
    return FirmTable(
        np.block([[inner, buys[:, None]], [sells[None], np.full((1, 1), own)]]),
        np.concatenate([rest, ends[None]]),
        np.append(others, firm_made),
        place,
    )


def _taken(place: int, buys: Floats, sells: Floats, own: float) -> Floats:
    """(n, n) what the firm takes away from the flows of its industry."""
    taken = np.zeros((len(buys), len(buys)))
    taken[:, place] += buys
    taken[place] += sells
    taken[place, place] += own
    return taken


def _bounded(ends: Floats, stock_changes: ArrayLike | None) -> NDArray[np.bool_]:
    """Columns of final demand of which the firm cannot have more than there is."""
    bounded = np.full(ends.shape, True)
    if stock_changes is not None:
        bounded[checks.positions(stock_changes, ends.size, "stock changes")] = False
    return bounded


def _firm_output(stated: float | None, sold: float) -> float:
    """The stated output of a firm if it is what it sells; what it sells if none is stated."""
    if stated is None:
        return sold
    made = scalar(stated, "firm output")
    if not abs(made - sold) <= 1e-9 * max(abs(made), abs(sold)):
        raise ArgumentError(
            f"the firm's output is {made:.9g} but its sales to industries, itself and final demand add up to"
            f" {sold:.9g}: they must agree; book a change of its stocks as final demand"
        )
    return sold


def _rest(whole: Floats, firm: Floats, bounded: NDArray[np.bool_], what: str, labels: Labels) -> Floats:
    """What remains of cells without the firm; a firm with more than a bounded cell is refused."""
    rest = np.asarray(whole - firm)
    rest[np.abs(rest) <= ROUNDING * np.abs(whole)] = 0.0
    refused = bounded & ((rest * whole < 0.0) | ((whole == 0.0) & (rest != 0.0)))
    if refused.any():
        cell = tuple(int(i) for i in np.argwhere(refused)[0])
        place = ", column ".join(checks.name(labels, i) for i in cell)
        raise ArgumentError(
            f"{f'{what} {place}'.rstrip()} is {whole[cell]:.9g}, but the firm alone has {firm[cell]:.9g}:"
            " give the firm less, or correct the table before the firm is set apart"
        )
    return rest
