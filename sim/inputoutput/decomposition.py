"""Structural decomposition: which part of a change is due to technology, which to final demand, or to any other factor.

Dietzenbacher and Los, Economic Systems Research 10 (1998); Rose and Casler, Economic Systems Research 8 (1996); Miller
and Blair, Input-Output Analysis (2009), chapter 13. A product x = F1 F2 ... Fk changes factor by factor, and the effect
of each depends on the order in which they change: none of the k! orders is the right one. Two of them, the polar forms,
go through the factors from one end to the other; their mean is close to the mean of all orders, which gives each factor
its Shapley value (Albrecht, François and Schoors, Energy Policy 30, 2002). Both are offered, with the range, which
tells how much the order matters.

Deflate first: tables at current prices measure prices as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import factorial
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.inputoutput import checks
from sim.inputoutput.checks import ArgumentError
from sim.inputoutput.leontief import Leontief
from sim.inputoutput.vectors import totals, vector

Floats = NDArray[np.float64]

MOST_FACTORS = 6
"""Largest chain for which all orders are averaged: k 2^(k-1) products, 192 for six factors."""


@dataclass(frozen=True, eq=False)
class Diagonal:
    """A factor diag(v), such as jobs per unit of output.

    Attributes:
        values: (n,).
    """

    values: ArrayLike


@dataclass(frozen=True, eq=False)
class Inverse:
    """A factor (I - A)^-1, factorised once and never inverted.

    Attributes:
        coefficients: (n, n) input per unit of output.

    Raises:
        ArgumentError, NotProductiveError: see :class:`sim.inputoutput.leontief.Leontief`.
    """

    coefficients: ArrayLike
    system: Leontief = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Factorise."""
        object.__setattr__(self, "coefficients", checks.square(self.coefficients, "coefficients"))
        object.__setattr__(self, "system", Leontief(self.coefficients))


Orders = Literal["polar", "all"]

Factor = ArrayLike | Diagonal | Inverse
"""A number, a vector (a row if it is the first factor, a column if the last), a matrix, a diagonal or an inverse."""

_Piece = Floats | Diagonal | Inverse


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The change of a product, shared among its k factors.

    Attributes:
        names: k names.
        change: the product after less the product before; a number, a vector or a matrix.
        effects: (k, ...) mean effect of each factor; they add up to the change.
        first: (k, ...) polar form in which factors to the left are still old and those to the right already new.
        second: (k, ...) the other polar form.
        lowest, highest: (k, ...) range over the orders that were averaged.
    """

    names: tuple[str, ...]
    change: Floats
    effects: Floats
    first: Floats
    second: Floats
    lowest: Floats
    highest: Floats

    def __getitem__(self, name: str) -> Floats:
        """Mean effect of one factor.

        Raises:
            ArgumentError: there is no factor of this name.
        """
        if name not in self.names:
            raise ArgumentError(f"no factor is called {name!r}: there are {', '.join(map(str, self.names))}")
        return np.asarray(self.effects[self.names.index(name)])


def decompose(
    before: Sequence[Factor],
    after: Sequence[Factor],
    names: Sequence[str] | None = None,
    orders: Orders = "polar",
) -> Decomposition:
    """Share the change of a product F1 F2 ... Fk among its factors.

    Jobs by industry, for example, are ``[Diagonal(jobs per output), Inverse(A), mix, shares, level]`` with
    :func:`final_demand_factors`; what one unit of final demand needs of them is ``[jobs per output, Inverse(A)]``.

    Args:
        before: the factors at the start, of shapes that can be multiplied.
        after: the factors at the end, of the same kinds and shapes.
        names: k names, none twice; None: F1 to Fk.
        orders: "polar": the mean of both polar forms; "all": the mean of all k! orders, for k <= 6. For k = 2 they
            agree.

    Returns:
        Effects that add up to the change, exact to rounding. That of an inverse is L1 (A1 - A0) L0, by solving.

    Raises:
        ArgumentError: factors that do not match or cannot be multiplied, too many of them for all orders, a name that
            is given twice, or other orders.
        NotProductiveError: see :class:`Inverse`, which refuses it when it is made.
    """
    called = _called(before, after, names)
    if orders not in get_args(Orders):
        raise ArgumentError(f"orders is {orders!r}: choose one of {', '.join(get_args(Orders))}")
    old = [_piece(factor, name) for factor, name in zip(before, called, strict=True)]
    new = [_piece(factor, name) for factor, name in zip(after, called, strict=True)]
    changes = [_change(*pair) for pair in zip(old, new, called, strict=True)]
    _refuse_unfit(old, called)
    count = len(old)
    if orders == "all" and count > MOST_FACTORS:
        raise ArgumentError(f"all orders of {count} factors are too many: at most {MOST_FACTORS}, or orders='polar'")

    def effect(position: int, renewed: Sequence[int]) -> Floats:
        chain = [new[i] if i in renewed else old[i] for i in range(count)]
        return _product([*chain[:position], *changes[position], *chain[position + 1 :]])

    first = np.array([effect(i, range(i + 1, count)) for i in range(count)])
    second = np.array([effect(i, range(i)) for i in range(count)])
    effects, lowest, highest = (first + second) / 2.0, np.minimum(first, second), np.maximum(first, second)
    if orders == "all":
        effects = np.zeros(first.shape)
        for i in range(count):
            for renewed, weight in _subsets([j for j in range(count) if j != i]):
                part = effect(i, renewed)
                effects[i] += weight * part
                lowest[i], highest[i] = np.minimum(lowest[i], part), np.maximum(highest[i], part)
    return Decomposition(called, _product(new) - _product(old), effects, first, second, lowest, highest)


def output_change(
    coefficients_before: ArrayLike, final_before: ArrayLike, coefficients_after: ArrayLike, final_after: ArrayLike
) -> Decomposition:
    """The change of output x = L f, by technology and by final demand (Dietzenbacher and Los 1998).

    Args:
        coefficients_before: (n, n) input per unit of output at the start.
        final_before: (n,) or (n, m) final demand at the start, money at constant prices.
        coefficients_after: (n, n) at the end.
        final_after: final demand at the end.

    Returns:
        Effects named "technology" and "final demand", of the shape of final demand.

    Raises:
        ArgumentError: a shape does not fit, or differs between start and end.
        NotProductiveError: see :class:`~sim.inputoutput.leontief.Leontief`.
    """
    before: list[Factor] = [Inverse(coefficients_before), final_before]
    after: list[Factor] = [Inverse(coefficients_after), final_after]
    return decompose(before, after, ("technology", "final demand"))


def final_demand_factors(final: ArrayLike) -> tuple[Floats, Floats, float]:
    """Final demand as mix x shares x level (Miller and Blair 2009, chapter 13).

    Args:
        final: (n, m) product i bought by use or region u, money.

    Returns:
        (n, m) product mix of each use, columns sum to 1 (0 where a use buys nothing); (m,) shares of the uses in all
        final demand; its level, money. Their product is final demand by product, (n,).

    Raises:
        ArgumentError: a use, or all of final demand, adds up to 0 although it holds something: no shares exist.
    """
    cells = checks.numbers(final, "final demand")
    if cells.ndim != 2:
        raise ArgumentError(f"final demand must be a matrix, products by uses, not of shape {cells.shape}")
    uses, level = totals(cells, axis=0), float(totals(cells))
    lost = (uses == 0.0) & (cells != 0.0).any(axis=0)
    if lost.any() or level == 0.0:
        which = f"column {int(lost.argmax())} of final demand" if lost.any() else "final demand"
        raise ArgumentError(f"{which} adds up to 0, so it has no shares: join it with another use")
    return cells / np.where(uses == 0.0, 1.0, uses), uses / level, level


def _called(before: Sequence[Factor], after: Sequence[Factor], names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the factors, one for each and none twice."""
    called = tuple(names) if names is not None else tuple(f"F{i + 1}" for i in range(len(before)))
    if not 0 < len(before) == len(after) == len(called):
        counts = f"{len(before)} factors before, {len(after)} after and {len(called)} names"
        raise ArgumentError(f"{counts}: there must be at least one, and as many of each")
    for name in called:
        if called.count(name) > 1:
            raise ArgumentError(f"{called.count(name)} factors are called {name!r}: give each a name of its own")
    return called


def _subsets(others: Sequence[int]) -> Iterator[tuple[Sequence[int], float]]:
    """Every set of other factors that may have changed before, with the share of the orders in which it has."""
    count = len(others) + 1
    for size in range(count):
        weight = factorial(size) * factorial(count - 1 - size) / factorial(count)
        for chosen in combinations(others, size):
            yield chosen, weight


def _piece(factor: Factor, name: str) -> _Piece:
    """The factor as an array, a diagonal or an inverse."""
    if isinstance(factor, Inverse):
        return factor
    if isinstance(factor, Diagonal):
        return Diagonal(vector(factor.values, None, f"{name}: a diagonal"))
    array = checks.numbers(factor, name)
    if array.ndim > 2:
        raise ArgumentError(f"{name}: a factor is a number, a vector or a matrix, not an array of shape {array.shape}")
    return array


def _content(piece: _Piece) -> Floats:
    if isinstance(piece, Inverse):
        return np.asarray(piece.coefficients, dtype=np.float64)
    return np.asarray(piece.values) if isinstance(piece, Diagonal) else piece


def _change(old: _Piece, new: _Piece, name: str) -> list[_Piece]:
    """New less old, as pieces of a chain."""
    if type(old) is not type(new) or _content(old).shape != _content(new).shape:
        kinds = [f"{type(piece).__name__} of shape {_content(piece).shape}" for piece in (old, new)]
        raise ArgumentError(f"{name} is {kinds[0]} before but {kinds[1]} after: a factor keeps its kind and shape")
    difference = np.asarray(_content(new) - _content(old))
    if isinstance(old, Inverse):
        return [new, difference, old]  # L1 - L0 = L1 (A1 - A0) L0
    return [Diagonal(difference) if isinstance(old, Diagonal) else difference]


def _refuse_unfit(pieces: Sequence[_Piece], names: Sequence[str]) -> None:
    """Refuse factors that cannot be multiplied."""
    shaped = [(name, _content(piece)) for name, piece in zip(names, pieces, strict=True) if _content(piece).ndim]
    flat = [isinstance(piece, np.ndarray) and piece.ndim == 1 for piece in pieces if _content(piece).ndim]
    for name, inner in list(zip([name for name, _ in shaped], flat, strict=True))[1:-1]:
        if inner:
            raise ArgumentError(f"{name} is a vector inside the chain: write Diagonal(v), or a matrix of one column")
    for (left, before), (right, after) in pairwise(shaped):
        if before.shape[-1] != after.shape[0]:
            raise ArgumentError(
                f"{left} has {before.shape[-1]} columns but {right} has {after.shape[0]} rows: they must agree"
            )


def _product(pieces: Sequence[_Piece]) -> Floats:
    """The product of a chain, from that end which keeps it small."""
    scale = np.prod([piece for piece in pieces if isinstance(piece, np.ndarray) and piece.ndim == 0])
    chain = [piece for piece in pieces if not (isinstance(piece, np.ndarray) and piece.ndim == 0)]
    if not chain:
        return np.asarray(scale)
    if isinstance(chain[0], np.ndarray) and not isinstance(chain[-1], np.ndarray):
        result = chain[0]
        for piece in chain[1:]:
            result = _times(result, piece)
        return np.asarray(scale * result)
    if not isinstance(chain[-1], np.ndarray):
        chain.append(np.eye(len(_content(chain[-1]))))
    result = _content(chain[-1])
    for piece in reversed(chain[:-1]):
        result = _applied(piece, result)
    return np.asarray(scale * result)


def _applied(piece: _Piece, right: Floats) -> Floats:
    """The piece times what stands to its right."""
    if isinstance(piece, Inverse):
        return piece.system.solve(right)
    if isinstance(piece, Diagonal):
        return np.asarray((right.T * _content(piece)).T)
    return np.asarray(piece @ right)


def _times(left: Floats, piece: _Piece) -> Floats:
    """What stands to the left of the piece times the piece."""
    if isinstance(piece, Inverse):
        return piece.system.solve_left(left)
    return np.asarray(left * _content(piece)) if isinstance(piece, Diagonal) else np.asarray(left @ piece)
